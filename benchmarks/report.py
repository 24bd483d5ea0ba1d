"""Measurements for people: ratios first, then seconds, then calls; and whether the aims are met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.journey import Measurement, Phase

AIM_CRITICAL_PATH = 1.15
AIM_LATENCY_MS = 100
LEAST_WRITES = 2  # the function's configuration, and its tag strands:version that names the revision it has now
LEAST_READS = 1  # what is live is looked at again right before it is written


@dataclass(frozen=True, slots=True)
class Row:
    """One phase of one project at one latency, measured at least once."""

    project: str
    agents: int
    latency_ms: int
    measurements: Sequence[Measurement]

    @property
    def phase(self) -> Phase:
        """Which phase."""
        return self.measurements[0].phase

    @property
    def seconds(self) -> list[float]:
        """All repetitions, the best first."""
        return sorted(one.seconds for one in self.measurements)

    @property
    def over_critical_path(self) -> float | None:
        """Wall over critical path, the median of the repetitions; None for a plan, which has no steps."""
        if self.phase is Phase.AGAIN:
            return None
        return median(one.run_seconds / one.critical_path_seconds for one in self.measurements)

    @property
    def over_floor(self) -> float:
        """Wall over floor, the median of the repetitions, each beside its own floor."""
        return median(one.seconds / one.floor.seconds for one in self.measurements)

    @property
    def diverged(self) -> Counter[str]:
        """Calls that did not end at the floor as they had ended in our run."""
        return sum((Counter(one.floor.diverged) for one in self.measurements), Counter())

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, ratios rounded."""
        path = self.over_critical_path
        return {
            "project": self.project,
            "agents": self.agents,
            "latency_ms": self.latency_ms,
            "phase": self.phase.value,
            "wall_over_critical_path": None if path is None else round(path, 3),
            "wall_over_floor": round(self.over_floor, 3),
        }


_HEAD = (
    "project|ms|phase|wall/path|wall/floor|wall s|best-worst|path s|floor s|plan s|whole s|steps|reads|writes|differ"
)


def table(rows: Sequence[Row]) -> str:
    """Aligned columns of plain text."""
    lines = [_HEAD.split("|"), *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    left = (0, 2)  # names; everything else is a number
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(row: Row) -> list[str]:
    path, last, seconds = row.over_critical_path, row.measurements[-1], row.seconds
    return [
        row.project,
        str(row.latency_ms),
        row.phase.value,
        "" if path is None else f"{path:.2f}",
        f"{row.over_floor:.2f}",
        f"{median(seconds):.2f}",
        f"{seconds[0]:.2f}-{seconds[-1]:.2f}" if len(seconds) > 1 else "",
        "" if path is None else f"{median(one.critical_path_seconds for one in row.measurements):.2f}",
        f"{median(one.floor.seconds for one in row.measurements):.2f}",
        f"{median(one.plan_seconds for one in row.measurements):.2f}",
        f"{median(one.whole_seconds for one in row.measurements):.2f}",
        str(last.steps),
        str(last.reads),
        str(last.writes),
        str(row.diverged.total()),
    ]


def aims(rows: Sequence[Row]) -> list[str]:
    """One sentence for each aim, and one for each way in which the floor differed."""
    slow = [row for row in rows if row.latency_ms == AIM_LATENCY_MS and row.over_critical_path is not None]
    said = []
    if slow:
        worst = max(slow, key=lambda row: row.over_critical_path or 0)
        met = sum((row.over_critical_path or 0) <= AIM_CRITICAL_PATH for row in slow)
        said.append(
            f"At {AIM_LATENCY_MS} ms, {met} of {len(slow)} are within {AIM_CRITICAL_PATH} of their critical path; "
            f"the worst is {worst.project}, {worst.phase}: {worst.over_critical_path:.2f}."
        )
    for phase, least in ((Phase.AGAIN, "0 writes"), (Phase.CHANGE, f"{LEAST_READS} read, {LEAST_WRITES} writes")):
        made = sorted({(one.reads, one.writes) for row in rows if row.phase is phase for one in row.measurements})
        if made:
            calls = ", ".join(f"{reads} reads and {writes} writes" for reads, writes in made)
            said.append(f"A {phase} takes {calls}; the least is {least}.")
    differing = sum((row.diverged for row in rows), Counter[str]())
    said += [f"{count} calls ended otherwise at the floor: {what}." for what, count in differing.most_common(10)]
    return said


def kept_aims(rows: Sequence[Row]) -> bool:
    """Whether no call too many was made; time is for people to judge, calls are not."""
    least = {Phase.AGAIN: 0, Phase.CHANGE: LEAST_WRITES}
    return all(one.writes <= least.get(row.phase, one.writes) for row in rows for one in row.measurements)
