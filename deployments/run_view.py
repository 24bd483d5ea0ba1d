"""A run as a page shows it: one value, made of rows while the run goes on, and of its record's events ever after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from deployments.engine.story import Status, StepStory
from history.lines import Line

MAX_LINES = 400
"""Lines of the log a page shows; the rest is on the log's own page."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    `status` is the deployment's; `counts` steps by status; `calls` finished AWS calls; `elapsed` seconds since the
    start; `seconds` how long it took, None while it runs; `critical_path_seconds` 0 while it runs.
    """

    status: str
    counts: Mapping[str, int]
    calls: int
    started_at: datetime | None
    elapsed: float
    seconds: float | None
    critical_path_seconds: float = 0.0

    @property
    def total(self) -> int:
        """All steps."""
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        """Steps that have ended, however."""
        return self.total - self.counts.get(Status.PENDING, 0) - self.counts.get(Status.RUNNING, 0)

    @property
    def shown(self) -> list[tuple[str, int]]:
        """Status and number, for every status that occurs, in the order of a step's life."""
        return [(status.value, self.counts[status]) for status in Status if self.counts.get(status)]


@dataclass(frozen=True, slots=True)
class RunView:
    """A run after event `number`: how far it is, steps in the plan's order, and the log's last lines.

    Of news, `steps` are those that something happened to, and `lines` those that came.
    """

    public_id: str
    number: int
    progress: Progress
    steps: tuple[StepStory, ...]
    lines: tuple[Line, ...]
