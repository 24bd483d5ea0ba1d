"""The real clock, and instants as text."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """`2025-11-19T10:30:00.123Z`, from a moment that knows its time zone."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_between(earlier: str, later: str) -> float:
    """Seconds from one ISO 8601 instant to another, to the millisecond; never negative."""
    return max(0.0, round((datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds(), 3))


class SystemClock:
    """`ports.Clock` of the machine."""

    def now(self) -> str:
        """The current instant."""
        return iso(datetime.now(UTC))

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
