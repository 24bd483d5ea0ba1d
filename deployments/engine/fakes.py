"""In-memory doors for tests: a clock that stands still, a ledger that remembers, controls that do as they are told."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deployments.engine.clock import iso
from deployments.engine.errors import LostLease
from deployments.engine.events import Event
from deployments.engine.state import State, StateResource


class Killed(BaseException):
    """Stands for SIGKILL: whatever was going on, nothing more is done by this worker."""


class FixedClock:
    """A clock that stands still until it is told: `ports.Clock`."""

    def __init__(self, start: str = "2025-11-19T10:30:00.000Z") -> None:
        self._start = datetime.fromisoformat(start)
        self._seconds = 0.0
        self._lock = threading.Lock()

    def now(self) -> str:
        """The instant it stands at."""
        return iso(self._start + timedelta(seconds=self._seconds))

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Time passes (fits as a `sleep`)."""
        with self._lock:
            self._seconds += seconds


class NeverCancel:
    """`ports.Control` of a run nobody stops."""

    def cancelled_by(self) -> str | None:
        """Nobody."""
        return None


class CancelAfter:
    """`ports.Control` that lets the run ask `questions` times before it says that `by` wants to stop."""

    def __init__(self, questions: int, by: str = "bob") -> None:
        self._left = questions
        self._by = by

    def cancelled_by(self) -> str | None:
        """Nobody, then `by` for ever."""
        self._left -= 1
        return self._by if self._left < 0 else None


@dataclass(slots=True)
class RecordingLedger:
    """`ports.Ledger` in memory.

    Attributes:
        state: what is durable; `events` likewise.
        commits: how many were asked for.
        die_at: the number of the commit (from 1) that raises `Killed`, before it is durable, or, with
            `die_after`, when it is.
        lose_at: the number of the commit that raises `LostLease`.
    """

    state: State
    events: list[Event] = field(default_factory=list)
    commits: int = 0
    die_at: int = 0
    die_after: bool = False
    lose_at: int = 0

    def commit(
        self, events: Sequence[Event], *, put: Sequence[StateResource] = (), removed: Sequence[str] = ()
    ) -> None:
        """Keeps them."""
        self.commits += 1
        if self.commits == self.lose_at:
            raise LostLease("another worker holds the environment")
        if self.commits == self.die_at and not self.die_after:
            raise Killed(f"before commit {self.commits}")
        self.events.extend(events)
        if put or removed:
            resources = {key: value for key, value in self.state.resources.items() if key not in removed}
            resources.update({resource.logical_id: resource for resource in put})
            self.state = self.state.with_resources(resources.values())
        if self.commits == self.die_at:
            raise Killed(f"after commit {self.commits}")
