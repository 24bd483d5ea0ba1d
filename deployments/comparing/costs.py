"""What each side costs a month, resource by resource, as far as that does not depend on use (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deployments.comparing.sides import Entry, Side
from deployments.engine.kinds import Kinds


@dataclass(frozen=True, slots=True)
class CostRow:
    """One resource that has a fixed cost; US dollars a month, None on a side that has not got it."""

    logical_id: str
    type: str
    before: float | None
    after: float | None

    @property
    def difference(self) -> float:
        """US dollars a month more, or less."""
        return (self.after or 0.0) - (self.before or 0.0)


@dataclass(frozen=True, slots=True)
class Costs:
    """The resources whose fixed cost differs, those that differ most first, and the totals of all; in US dollars."""

    rows: tuple[CostRow, ...]
    before: float
    after: float

    @property
    def difference(self) -> float:
        """US dollars a month more, or less."""
        return self.after - self.before


def compare_costs(before: Side, after: Side, kinds: Kinds) -> Costs:
    """At today's prices on both sides, so that a difference is one of resources."""
    was, now = _costs(before.resources, kinds), _costs(after.resources, kinds)
    types = {name: str(entry["type"]) for side in (before, after) for name, entry in side.resources.items()}
    rows = [CostRow(name, types[name], was.get(name), now.get(name)) for name in sorted(was.keys() | now.keys())]
    differing = sorted((row for row in rows if row.before != row.after), key=lambda row: -abs(row.difference))
    return Costs(tuple(differing), sum(was.values()), sum(now.values()))


def _costs(resources: Mapping[str, Entry], kinds: Kinds) -> dict[str, float]:
    found = {}
    for name, entry in resources.items():
        kind = kinds.get(entry["type"])
        if kind and kind.fixed_monthly_usd:
            found[name] = kind.fixed_monthly_usd(entry["properties"])
    return found
