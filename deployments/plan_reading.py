"""A plan as people read it: rows, summary, what destroys data, what it costs; filtered on the server (pure)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from deployments.engine.plan import ABSENT, REASON_TEXT, Action, Change, Origin, Plan, PropertyChange, Reason

MAX_VALUE_CHARACTERS = 4000
SIGNS: Mapping[Action, str] = {
    Action.CREATE: "+",
    Action.IMPORT: "↓",
    Action.UPDATE: "~",
    Action.REPLACE: "±",
    Action.DELETE: "−",  # noqa: RUF001 - as wide as the plus above it
    Action.NO_CHANGE: "=",
}


@dataclass(frozen=True, slots=True)
class PropertyLine:
    """One property: both sides as text, None where the property is not there."""

    path: str
    before: str | None
    after: str | None
    outside: bool
    replaces: bool
    sensitive: bool
    unknown: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One resource of the plan."""

    change: Change
    sign: str
    reason: str
    properties: tuple[PropertyLine, ...]

    @property
    def destructive(self) -> bool:
        """Something that exists goes away."""
        return self.change.action in (Action.DELETE, Action.REPLACE)


@dataclass(frozen=True)
class PlanReading:
    """The plan's rows after the filter, and what is true of all of it. Costs are US dollars a month."""

    plan: Plan
    actions: frozenset[Action]
    text: str

    @cached_property
    def rows(self) -> list[Row]:
        """What changes, filtered."""
        return [row(change) for change in self._chosen if change.action is not Action.NO_CHANGE]

    @cached_property
    def unchanged(self) -> list[Row]:
        """What stays, filtered."""
        return [row(change) for change in self._chosen if change.action is Action.NO_CHANGE]

    @cached_property
    def data_losses(self) -> list[Change]:
        """Changes that lose what a resource holds; never filtered away."""
        return [change for change in self.plan.changes if change.data_loss]

    @cached_property
    def retained(self) -> list[Change]:
        """What would go, and stays because it is protected; never filtered away."""
        return [change for change in self.plan.changes if change.reason is Reason.RETAINED]

    @cached_property
    def drifted(self) -> int:
        """How many resources somebody changed outside."""
        return sum(change.drifted for change in self.plan.changes)

    @cached_property
    def counts(self) -> list[tuple[str, int]]:
        """Action and number, for every action that occurs."""
        return [(action, number) for action, number in self.plan.counts().items() if number]

    @property
    def summary(self) -> str:
        """`3 to create, 1 to update, 0 to delete`; imports and replacements are named where there are any."""
        return summary(self.plan.counts())

    @property
    def is_filtered(self) -> bool:
        """Something may be hidden."""
        return bool(self.actions or self.text)

    @cached_property
    def cost(self) -> tuple[float, float, float] | None:
        """Before, after and difference; None when nothing in the plan has a fixed cost."""
        if all(change.cost_before is None and change.cost_after is None for change in self.plan.changes):
            return None
        before, after = self.plan.monthly_usd()
        return before, after, after - before

    @cached_property
    def _chosen(self) -> list[Change]:
        return [change for change in self.plan.changes if self._matches(change)]

    def _matches(self, change: Change) -> bool:
        if self.actions and change.action not in self.actions:
            return False
        words = self.text.lower().split()
        paths = [each.path for each in change.properties]
        heap = " ".join([change.logical_id, change.type, change.stack, change.physical_id or "", *paths]).lower()
        return all(word in heap for word in words)


def summary(counts: Mapping[str, int]) -> str:
    """The one line every list and page says of a plan."""
    parts = [f"{counts.get('create', 0)} to create"]
    if counts.get("import"):
        parts.append(f"{counts['import']} to import")
    parts.append(f"{counts.get('update', 0)} to update")
    if counts.get("replace"):
        parts.append(f"{counts['replace']} to replace")
    return ", ".join([*parts, f"{counts.get('delete', 0)} to delete"])


def row(change: Change) -> Row:
    """One change as a row."""
    return Row(
        change=change,
        sign=SIGNS[change.action],
        reason=REASON_TEXT[change.reason] + (f"; {_order(change)}" if change.action is Action.REPLACE else ""),
        properties=tuple(_line(each) for each in change.properties),
    )


def _order(change: Change) -> str:
    """Which of the two steps of a replacement comes first."""
    if change.replaced_as:
        return "the new one is created first, and the old one deleted when nothing uses it any more"
    return "the old one is deleted first, as both cannot exist at once"


def _line(each: PropertyChange) -> PropertyLine:
    return PropertyLine(
        path=each.path,
        before=None if each.before is ABSENT else shown(each.before),
        after=None if each.after is ABSENT else shown(each.after),
        outside=each.origin is not Origin.CONFIGURATION,
        replaces=each.replaces,
        sensitive=each.sensitive,
        unknown=each.unknown,
    )


def shown(value: Any) -> str:
    """A property value as text: references by name, structures as indented JSON, bounded."""
    text = value if isinstance(value, str) else json.dumps(_readable(value), indent=2, ensure_ascii=False)
    if isinstance(_readable(value), str):
        text = str(_readable(value))
    return text if len(text) <= MAX_VALUE_CHARACTERS else text[:MAX_VALUE_CHARACTERS] + " …"


def _readable(value: Any) -> Any:
    """Intrinsics as `${Name.Attribute}`, the way `Fn::Sub` writes them, and what is worked out of them in words."""
    if isinstance(value, list):
        return [_readable(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(key, inner)] = value.items()
        if key == "Ref" and isinstance(inner, str):
            return f"${{{inner}}}"
        if key == "Fn::GetAtt":
            return f"${{{inner if isinstance(inner, str) else '.'.join(map(str, inner))}}}"
        if key == "Fn::Sub":
            return inner if isinstance(inner, str) else inner[0]
        if key == "Fn::Cidr":
            block, count, bits = map(_readable, inner)
            return f"{count} blocks of {block} with {bits} bits for hosts"
        if key == "Fn::Select":
            return _selected(int(inner[0]), _readable(inner[1]))
    return {key: _readable(each) for key, each in value.items()}


def _selected(index: int, entries: Any) -> Any:
    """One of a list, which may be known only after the run: `the 2nd of ...`."""
    if isinstance(entries, list) and index < len(entries):
        return entries[index]
    return f"number {index + 1} of {entries}"
