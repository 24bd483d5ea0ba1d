"""How many calls may be in flight per account and service: halved when AWS throttles, slowly raised again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CEILING = 64
_QUIET_SECONDS = 1.0


class Limiter:
    """Additive increase, multiplicative decrease over the number of concurrent calls; shared by threads."""

    def __init__(self, clock: Callable[[], float], ceiling: int = CEILING) -> None:
        self._clock = clock
        self._ceiling = ceiling
        self._allowed = float(ceiling)
        self._in_flight = 0
        self._last_cut = float("-inf")
        self._changed = threading.Condition()

    @property
    def allowed(self) -> int:
        """Calls that may be in flight now, at least 1."""
        return int(self._allowed)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Waits until one more call may be in flight, and counts it while the block runs."""
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
            now = self._clock()
            if now - self._last_cut >= _QUIET_SECONDS:
                self._allowed = max(1.0, min(self._allowed, self._in_flight + 1.0) / 2)
                self._last_cut = now

    def succeeded(self) -> None:
        """A call went through: about one more is allowed after as many successes as are allowed now."""
        if self._allowed < self._ceiling:
            with self._changed:
                self._allowed = min(float(self._ceiling), self._allowed + 1 / self._allowed)
                self._changed.notify()


class Limiters:
    """One `Limiter` per account and service, for all runs of this process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._limiters: dict[tuple[str, str], Limiter] = {}
        self._lock = threading.Lock()

    def of(self, account: str, service: str) -> Limiter:
        """The limiter of this account and service, always the same one."""
        with self._lock:
            key = (account, service)
            if key not in self._limiters:
                self._limiters[key] = Limiter(self._clock)
            return self._limiters[key]
