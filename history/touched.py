"""What a run did to each resource it touched, in short: bounded, in words, and without values of secrets (pure).

`metadata.json` holds it, so that lists of what happened to a resource need no other document, and outlive them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NAMED = 3
"""How many properties are named before the rest is counted."""
LONGEST_VALUES = 60
LONGEST_ERROR = 500
_TRIED = ("succeeded", "failed")
_NAMES_PROPERTIES = ("update", "replace", "import")
"""Of what is new or gone, every property is."""


@dataclass(frozen=True, slots=True)
class Tried:
    """How one step of a run ended; `error` is its sentence where it failed."""

    logical_id: str
    operation: str
    status: str
    physical_id: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Touched:
    """One resource that the run touched.

    `action` is what the plan said (create, import, update, replace, delete); `outcome` succeeded or failed;
    `physical_id` is what it is called now, `was` what it was called before, empty where that is the same; `what` names
    the properties that changed.
    """

    stack: str
    logical_id: str
    type: str
    action: str
    outcome: str
    physical_id: str = ""
    was: str = ""
    what: str = ""
    error: str = ""

    def as_dict(self) -> dict[str, str]:
        """Plain JSON; what is empty is left out."""
        full = {
            "stack": self.stack,
            "logicalId": self.logical_id,
            "type": self.type,
            "action": self.action,
            "outcome": self.outcome,
            "physicalId": self.physical_id,
            "was": self.was,
            "what": self.what,
            "error": self.error,
        }
        return {name: value for name, value in full.items() if value}

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> Touched:
        """The inverse of `as_dict`."""
        return cls(
            stack=data.get("stack", ""),
            logical_id=data["logicalId"],
            type=data["type"],
            action=data["action"],
            outcome=data["outcome"],
            physical_id=data.get("physicalId", ""),
            was=data.get("was", ""),
            what=data.get("what", ""),
            error=data.get("error", ""),
        )


def touched_by(plan: Mapping[str, Any], steps: Iterable[Tried]) -> tuple[Touched, ...]:
    """Every resource of which a step succeeded or failed, in the order of the plan (a plan as JSON)."""
    tried: dict[str, list[Tried]] = {}
    for step in steps:
        if step.status in _TRIED:
            tried.setdefault(step.logical_id, []).append(step)
    return tuple(
        _touched(change, tried[change["logicalId"]])
        for change in plan.get("changes", ())
        if change["logicalId"] in tried
    )


def tried_in(events: Iterable[Mapping[str, Any]]) -> list[Tried]:
    """How steps ended, from the events of a run as JSON."""
    return [
        Tried(
            logical_id=event["logicalId"],
            operation=event["step"].partition(":")[0],
            status=event["code"].removeprefix("step."),
            physical_id=event["data"].get("physicalId") or "",
            error=(event["data"].get("error") or {}).get("message", ""),
        )
        for event in events
        if event["code"] in ("step.succeeded", "step.failed")
    ]


def _touched(change: Mapping[str, Any], steps: list[Tried]) -> Touched:
    failed = next((step for step in steps if step.status == "failed"), None)
    before = change.get("physicalId", "")
    made = [step.physical_id for step in steps if step.physical_id and step.operation != "delete"]
    now = made[-1] if made else before
    return Touched(
        stack=change["stack"],
        logical_id=change["logicalId"],
        type=change["type"],
        action=change["action"],
        outcome="failed" if failed else "succeeded",
        physical_id=now,
        was=before if before != now else "",
        what=_what(change.get("properties", ())) if change["action"] in _NAMES_PROPERTIES else "",
        error=failed.error[:LONGEST_ERROR] if failed else "",
    )


def _what(properties: Iterable[Mapping[str, Any]]) -> str:
    """`MemorySize 512 → 1024, Timeout 3 → 30 and 4 more`."""
    rows = list(properties)
    named = ", ".join(map(_said, rows[:NAMED]))
    return f"{named} and {len(rows) - NAMED} more" if len(rows) > NAMED else named


def _said(row: Mapping[str, Any]) -> str:
    path = str(row["path"])[:150]
    sides = row.get("before"), row.get("after")
    simple = all(isinstance(side, (str, int, float, bool)) for side in sides)
    if not simple or row.get("sensitive") or row.get("unknown") or len(f"{sides[0]}{sides[1]}") > LONGEST_VALUES:
        return path
    return f"{path} {sides[0]} → {sides[1]}"
