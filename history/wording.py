"""Differences and plans as words for people (pure)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LONGEST_VALUE = 120
MOST_NAMED = 3


def shown(value: Any) -> str:
    """A value in one bounded line: texts bare, everything else as compact JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_VALUE else f"{line[: LONGEST_VALUE - 1]}…"


def what_changed(plan: Mapping[str, Any]) -> str:
    """A plan (its JSON) as the sentence a list shows: `created 2: Tickets, Uploads; updated Api (CorsConfiguration)`.

    Names up to three resources per action and, when one resource alone changes, up to three of its properties.
    """
    parts = []
    for action, verb in (("create", "created"), ("update", "updated"), ("replace", "replaced"), ("delete", "deleted")):
        changes = [change for change in plan["changes"] if change["action"] == action]
        if not changes:
            continue
        names = _listed([change["logicalId"] for change in changes])
        if len(changes) == 1:
            properties = _listed([each["path"] for each in changes[0].get("properties", ())])
            detail = f" ({properties})" if properties and action in ("update", "replace") else ""
            parts.append(f"{verb} {names}{detail}")
        else:
            parts.append(f"{verb} {len(changes)}: {names}")
    return "; ".join(parts) or "nothing changed"


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
