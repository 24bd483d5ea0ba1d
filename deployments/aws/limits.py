"""How many calls may be in flight per account and service: halved when AWS throttles, slowly raised again.

AWS counts the calls of an account, not of a process. Processes therefore meet on a board: they share the ceiling, and
what one of them is told by AWS all of them obey. A call never waits for the board; without one, or while it cannot be
reached, a process keeps to its own limit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

CEILING = 64
MEETING_SECONDS = 1.0
_QUIET_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What is on the board of an account and service: processes that call now, and how often AWS throttled any."""

    processes: int
    throttles: int


class Board(Protocol):
    """Where processes that call the same account and service meet; what it raises is its own affair: it must not."""

    def meet(self, account: str, service: str) -> Seen | None:
        """Tells that this process calls; what all have told, or None when nobody can know."""

    def throttled(self, account: str, service: str) -> Seen | None:
        """Tells that AWS throttled this process; the same answer."""


class Alone:
    """The board of a process that nobody meets."""

    def meet(self, account: str, service: str) -> Seen | None:
        """Nobody knows."""
        return None

    def throttled(self, account: str, service: str) -> Seen | None:
        """Nobody hears it."""
        return None


class Limiter:
    """Additive increase, multiplicative decrease over the number of concurrent calls; shared by threads."""

    def __init__(
        self,
        clock: Callable[[], float],
        ceiling: int = CEILING,
        board: Board | None = None,
        account: str = "",
        service: str = "",
    ) -> None:
        self._clock = clock
        self._ceiling = ceiling
        self._board = board or Alone()
        self._of = (account, service)
        self._allowed = float(ceiling)
        self._processes = 1
        self._throttles: int | None = None
        self._in_flight = 0
        self._last_cut = float("-inf")
        self._last_met = float("-inf")
        self._changed = threading.Condition()

    @property
    def allowed(self) -> int:
        """Calls that this process may have in flight now, at least 1."""
        return max(1, int(min(self._allowed, self._ceiling / self._processes)))

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Waits until one more call may be in flight, and counts it while the block runs."""
        self._meet()
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight < self.allowed)
            self._in_flight += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify()

    def throttled(self) -> None:
        """AWS refused a call for its rate. The calls of one burst count once, so that one burst is one cut."""
        with self._changed:
            cut = self._cut()
        if cut:
            self._read(self._board.throttled(*self._of), told=True)

    def succeeded(self) -> None:
        """A call went through: about one more is allowed after as many successes as are allowed now."""
        if self._allowed < self._ceiling:
            with self._changed:
                self._allowed = min(float(self._ceiling), self._allowed + 1 / self._allowed)
                self._changed.notify()

    def _meet(self) -> None:
        """Looks at the board once a second, by whichever thread comes first."""
        with self._changed:
            now = self._clock()
            if now - self._last_met < MEETING_SECONDS:
                return
            self._last_met = now
        self._read(self._board.meet(*self._of))

    def _read(self, seen: Seen | None, *, told: bool = False) -> None:
        """`told`: we have just said ourselves what is new on the board."""
        if seen is None:
            return
        with self._changed:
            if not told and self._throttles is not None and seen.throttles > self._throttles:
                self._cut()
            self._throttles = seen.throttles
            self._processes = max(1, seen.processes)
            self._changed.notify_all()

    def _cut(self) -> bool:
        """Halves what is allowed, unless that was done a moment ago; whether it was done now."""
        now = self._clock()
        if now - self._last_cut < _QUIET_SECONDS:
            return False
        self._allowed = max(1.0, min(self._allowed, self._in_flight + 1.0) / 2)
        self._last_cut = now
        return True


class Limiters:
    """One `Limiter` per account and service, for all runs of this process."""

    def __init__(self, clock: Callable[[], float], board: Board | None = None) -> None:
        self._clock = clock
        self._board = board
        self._limiters: dict[tuple[str, str], Limiter] = {}
        self._lock = threading.Lock()

    def of(self, account: str, service: str) -> Limiter:
        """The limiter of this account and service, always the same one."""
        with self._lock:
            key = (account, service)
            if key not in self._limiters:
                self._limiters[key] = Limiter(self._clock, board=self._board, account=account, service=service)
            return self._limiters[key]
