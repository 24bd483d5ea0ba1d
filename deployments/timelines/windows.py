"""A window of time: how far it is open, how to move it, and the ticks of its axis (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

WIDTH = 1000.0
"""Units from left to right; what begins at the end of a window still has room behind it."""
ROOM = 36.0
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MOST_TICKS = 8
SHORTEST = timedelta(minutes=1)


class Zoom(StrEnum):
    """How much of time a window shows."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


LENGTHS = {
    Zoom.HOUR: timedelta(hours=1),
    Zoom.DAY: timedelta(days=1),
    Zoom.WEEK: timedelta(days=7),
    Zoom.MONTH: timedelta(days=30),
    Zoom.QUARTER: timedelta(days=91),
}
_STEPS = (
    *(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 5, 7, 14, 30, 61, 91, 182, 365, 730)),
)


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on the axis, and what is written there."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin` to `end`, both UTC; `at` is an instant that is marked; without a zoom it fits what is there."""

    begin: datetime
    end: datetime
    zoom: Zoom | None = None
    at: datetime | None = None

    def x(self, moment: datetime) -> float:
        """Where a moment is, from 0 to WIDTH - ROOM; what lies outside is at the edge."""
        share = (moment - self.begin) / (self.end - self.begin)
        return round(min(max(share, 0.0), 1.0) * (WIDTH - ROOM), 2)

    def holds(self, moment: datetime) -> bool:
        """Whether it lies in the window."""
        return self.begin <= moment <= self.end

    @property
    def middle(self) -> datetime:
        """Halfway, to the second."""
        return (self.begin + (self.end - self.begin) / 2).replace(microsecond=0)

    @property
    def earlier(self) -> datetime:
        """The begin of the window before, which this one touches."""
        return max(self.begin - (self.end - self.begin), EARLIEST)

    def closer(self, begin: datetime, end: datetime) -> Window | None:
        """The smallest window around a part of this one that shows more of it; None where there is none."""
        zoom = next((zoom for zoom, length in LENGTHS.items() if length > end - begin), Zoom.QUARTER)
        shorter = [each for each, length in LENGTHS.items() if length < self.end - self.begin]
        zoom = zoom if zoom in shorter else shorter[-1] if shorter else zoom
        return around(begin + (end - begin) / 2, zoom) if shorter else None

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """A few round times, in UTC."""
        length = self.end - self.begin
        step = next((step for step in _STEPS if length / step <= MOST_TICKS), _STEPS[-1])
        return tuple(Tick(self.x(moment), _label(moment, step)) for moment in _round(self.begin, self.end, step))


def around(at: datetime, zoom: Zoom, *, marked: bool = False) -> Window:
    """The window with `at` in its middle."""
    half = LENGTHS[zoom] / 2
    at = min(max(at, EARLIEST), LATEST)
    return Window(at - half, at + half, zoom, at if marked else None)


def beginning(begin: datetime, zoom: Zoom) -> Window:
    """The window that begins there."""
    begin = min(max(begin, EARLIEST), LATEST)
    return Window(begin, begin + LENGTHS[zoom], zoom)


def fitting(spans: Iterable[tuple[datetime, datetime]], now: datetime) -> Window:
    """The window that shows all of them, and now where that leaves less than half of it empty; else the last day."""
    known = list(spans)
    if not known:
        return Window(now - LENGTHS[Zoom.DAY], now)
    begin, end = min(start for start, _ in known), max(last for _, last in known)
    length = max(end - begin, SHORTEST)
    end = now if end < now <= end + length else end
    return Window(begin - length * 0.02, max(end, begin + length))


def instant(text: str) -> datetime | None:
    """`2026-11-20T10:30Z` as a moment; without a zone it is UTC; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if EARLIEST <= found <= LATEST else None


def written(moment: datetime) -> str:
    """The inverse of `instant`, to the second."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _round(begin: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    count = -((EARLIEST - begin) // step)
    while (moment := EARLIEST + count * step) <= end:
        if moment >= begin:
            yield moment
        count += 1


def _label(moment: datetime, step: timedelta) -> str:
    if step >= timedelta(days=365):
        return f"{moment:%Y}"
    if step >= timedelta(days=30):
        return f"{moment.day} {moment:%b %Y}"
    midnight = (moment.hour, moment.minute) == (0, 0)
    return f"{moment.day} {moment:%b}" if midnight else f"{moment:%H:%M}"
