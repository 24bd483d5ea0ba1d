"""What runs come to in numbers (pure): how often, how many fail, how long changes take, how long failures last.

The four figures are those of DORA; what exactly is counted stands beside each (`DEFINITIONS`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from history.compliance.runs import Run
from history.reviews import Said

DEFINITIONS = {
    "Deployment frequency": "Successful runs of kind deploy per day of the period.",
    "Lead time": "Median time from saving a revision of the configuration to the end of the first successful run of "
    "kind deploy that brought it to an environment.",
    "Change failure rate": "Of the runs of kind deploy, those that failed, and those that the next rollback of their "
    "environment took back.",
    "Time to restore": "Median time from the end of a failed run to the end of the next successful run of its "
    "environment.",
}


@dataclass(slots=True)
class Figures:
    """Counts so far; `add` takes runs from the oldest to the newest. Durations are seconds."""

    saved_at: Mapping[int, datetime]
    days: int
    runs: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    approved: int = 0
    own: int = 0
    exceptions: Counter[Said] = field(default_factory=Counter)
    deploys: int = 0
    deployed: int = 0
    bad: int = 0
    lead: list[float] = field(default_factory=list)
    restored: list[float] = field(default_factory=list)
    _seen: set[tuple[str, int]] = field(default_factory=set)
    _last_good: dict[str, bool] = field(default_factory=dict)
    _broken_since: dict[str, datetime] = field(default_factory=dict)

    def add(self, run: Run) -> None:
        """One more."""
        row, place = run.row, run.row.environment_name
        self.runs += 1
        self.statuses[row.status] += 1
        self.kinds[row.kind] += 1
        self.approved += bool(run.approved_by)
        self.own += run.own
        self.exceptions.update(run.passes)
        if row.kind == "rollback" and row.status == "succeeded" and self._last_good.pop(place, False):
            self.bad += 1
        if row.kind == "deploy":
            self.deploys += 1
            self.bad += row.status == "failed"
            self._last_good[place] = row.status == "succeeded"
            self._lead(run)
        if row.status == "failed":
            self._broken_since.setdefault(place, row.ended_at)
        elif row.status == "succeeded" and (since := self._broken_since.pop(place, None)) is not None:
            self.restored.append((row.ended_at - since).total_seconds())

    def _lead(self, run: Run) -> None:
        row = run.row
        if row.status != "succeeded":
            return
        self.deployed += 1
        key = (row.environment_name, row.configuration_number)
        saved = self.saved_at.get(row.configuration_number)
        if key not in self._seen and saved is not None and saved <= row.ended_at:
            self.lead.append((row.ended_at - saved).total_seconds())
        self._seen.add(key)

    @property
    def told(self) -> dict[str, str]:
        """The four figures in words."""
        return {
            "Deployment frequency": f"{self.deployed / self.days:.2f} a day",
            "Lead time": _long(self.lead),
            "Change failure rate": f"{100 * self.bad / self.deploys:.1f} %" if self.deploys else "no deployments",
            "Time to restore": _long(self.restored, "nothing failed and was restored"),
        }


def _long(seconds: list[float], none: str = "not known") -> str:
    """The median as `3 d 4 h`, `2 h 5 min`, `40 s`."""
    if not seconds:
        return none
    rest = int(median(seconds))
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
