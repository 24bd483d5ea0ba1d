"""Values as words for people (pure)."""

from __future__ import annotations

import json
from typing import Any

LONGEST_VALUE = 120


def shown(value: Any) -> str:
    """A value in one bounded line: texts bare, everything else as compact JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_VALUE else f"{line[: LONGEST_VALUE - 1]}…"


def fitting(value: str, longest: int) -> str:
    """What a column can hold of a text: no NUL (PostgreSQL refuses it), no half characters, bounded."""
    return value.replace("\0", "").encode(errors="replace").decode()[:longest]
