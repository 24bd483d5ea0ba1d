"""What became of each resource between two sides, with its properties, filtered (pure)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployments.comparing.noise import Veil, comparable, properties_of
from deployments.comparing.sides import Entry, Side
from deployments.engine.kinds import Kinds
from deployments.engine.policies import documents, same_meaning
from history.alignment import same
from history.compare import EditRow, edit_rows
from history.diffing import Edit

CREATED, UPDATED, REPLACED, DELETED = "created", "updated", "replaced", "deleted"
CHANGES = (CREATED, UPDATED, REPLACED, DELETED)
SIGNS = {CREATED: "+", UPDATED: "~", REPLACED: "±", DELETED: "−"}  # noqa: RUF001 - as wide as the plus before it
MANY = 4
"""So many resources that were updated in the same way are told as one."""
ACTIONS = {CREATED: "create", UPDATED: "update", REPLACED: "replace", DELETED: "delete"}


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """What became of one resource; `replaced` is another physical id or type in the same place."""

    stack: str
    logical_id: str
    type: str
    change: str
    properties: tuple[EditRow, ...] = ()

    @property
    def sign(self) -> str:
        """One character for it."""
        return SIGNS[self.change]

    @property
    def action(self) -> str:
        """What a plan would call it, which the style sheet has colours for."""
        return ACTIONS[self.change]

    def matches(self, change: str, words: Sequence[str]) -> bool:
        """Whether a filter keeps it; every word has to occur in its names or in a line of its properties."""
        if change and change != self.change:
            return False
        heap = " ".join((self.logical_id, self.type, self.stack, *map(str, self.properties))).lower()
        return all(word in heap for word in words)


@dataclass(frozen=True, slots=True)
class Alike:
    """Resources that were all updated in the same way, a tag for example; `properties` are said once."""

    rows: tuple[ResourceRow, ...]
    properties: tuple[EditRow, ...]


@dataclass(frozen=True, slots=True)
class Resources:
    """All rows, how many resources are equal, and how many differ in nothing but noise."""

    rows: tuple[ResourceRow, ...]
    equal: int
    noisy: int

    @property
    def counts(self) -> dict[str, int]:
        """How many of each change, all of them named."""
        counted = Counter(row.change for row in self.rows)
        return {change: counted[change] for change in CHANGES}

    def chosen(self, change: str, text: str) -> tuple[list[Alike], list[ResourceRow]]:
        """The rows that a filter keeps: those that many have in common, and the others."""
        words = text.lower().split()
        rows = [row for row in self.rows if row.matches(change, words)]
        by_edits: dict[tuple[EditRow, ...], list[ResourceRow]] = defaultdict(list)
        for row in rows:
            if row.change == UPDATED:
                by_edits[row.properties].append(row)
        alike = [Alike(tuple(same), edits) for edits, same in by_edits.items() if len(same) >= MANY]
        told = {row.logical_id for each in alike for row in each.rows}
        return alike, [row for row in rows if row.logical_id not in told]


def compare_resources(before: Side, after: Side, kinds: Kinds, *, noise: bool = False) -> Resources:
    """The resources of two sides; with `noise` as they are, to the letter."""
    across = before.place != after.place
    pair = Pair(before, after, kinds, noise=noise)
    rows, equal, noisy = [], 0, 0
    for logical_id in sorted(before.resources.keys() | after.resources.keys()):
        old, new = before.resources.get(logical_id), after.resources.get(logical_id)
        if old is not None and new is not None and _as_written(old, new, volatile=noise):
            equal += 1
            continue
        row = _row(logical_id, old, new, pair.edits(old, new), across)
        if row is None:
            noisy += 1
        else:
            rows.append(row)
    return Resources(tuple(rows), equal, noisy)


class Pair:
    """How values of two sides are compared: veiled, in the form of their kind, or to the letter."""

    def __init__(self, before: Side, after: Side, kinds: Kinds, *, noise: bool) -> None:
        across = before.place != after.place
        self._kinds = kinds
        self._noise = noise
        self._before = Veil(before.place, before.resources, kinds, across=across)
        self._after = Veil(after.place, after.resources, kinds, across=across)

    def values(self, old: Entry | None, new: Entry | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """The properties of a resource on both sides in the form in which they are compared; {} where it is not."""
        if self._noise or old is None or new is None:
            was, now = (properties_of(each, volatile=self._noise) if each else {} for each in (old, new))
            return was, now
        kind = self._kinds.get(new["type"]) if old["type"] == new["type"] else None
        was = self._before.over(comparable(kind, properties_of(old)))
        now = self._after.over(comparable(kind, properties_of(new)))
        for name in kind.policies if kind else ():
            if name in was and name in now and _mean_the_same(was[name], now[name]):
                was[name] = now[name]
        return was, now

    def edits(self, old: Entry | None, new: Entry | None) -> tuple[EditRow, ...]:
        """The lines that differ; items of sets that stand elsewhere are none."""
        rows = edit_rows(*self.values(old, new))
        if self._noise:
            return rows
        return tuple(row for row in rows if row.edit is not Edit.MOVED or "Statement[" not in row.path)


def _as_written(old: Entry, new: Entry, *, volatile: bool) -> bool:
    return all(old[name] == new[name] for name in ("type", "stack", "physicalId")) and same(
        properties_of(old, volatile=volatile), properties_of(new, volatile=volatile)
    )


def _mean_the_same(one: Any, other: Any) -> bool:
    was, now = documents(one), documents(other)
    return was.keys() == now.keys() and all(same_meaning(was[name], now[name]) for name in was)


def _row(
    logical_id: str, old: Entry | None, new: Entry | None, edits: tuple[EditRow, ...], across: bool
) -> ResourceRow | None:
    """The row of a resource that is in one or both; None when nothing differs that counts.

    In one place another physical id means another resource; between two places they always differ.
    """
    there: Mapping[str, Any] | None = new or old
    assert there is not None, "an id comes from one of the two"
    if old is None:
        change = CREATED
    elif new is None:
        change = DELETED
    else:
        if old["stack"] != new["stack"]:
            edits = (EditRow("(stack)", Edit.CHANGED, old["stack"], new["stack"]), *edits)
        if old["type"] != new["type"] or (not across and old["physicalId"] != new["physicalId"]):
            change = REPLACED
        elif edits:
            change = UPDATED
        else:
            return None
    return ResourceRow(there["stack"], logical_id, there["type"], change, edits)
