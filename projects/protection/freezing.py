"""Whether a freeze is open at an instant, and until when; local times are those of the freeze's zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from projects.protection.cron import spells, timetable
from projects.protection.model import Cron, Day, Freeze, Once, Weekly

_DAYS = tuple(Day)
_LONGEST = timedelta(days=8)
"""How far back something may have started that is still open, and how far ahead its end is looked for."""
_FORESEEN = timedelta(days=3 * 366)
"""How far ahead the next times are looked for."""


@dataclass(frozen=True, slots=True)
class Window:
    """One time that a freeze is open, in UTC; `end` is not included.

    Where a freeze leaves no gap, the window is what can be seen of it: a week or so either way.
    """

    freeze: Freeze
    start: datetime
    end: datetime

    def holds(self, instant: datetime) -> bool:
        """Whether the instant lies in it."""
        return self.start <= instant < self.end

    @property
    def until(self) -> str:
        """Its end as people of that zone read it."""
        return f"{_local(self.end, self.freeze)} ({self.freeze.zone})"

    @property
    def words(self) -> str:
        """When it is, as people of that zone read it."""
        if not isinstance(self.freeze.when, Once) and self.end - self.start > timedelta(days=366):
            return f"from {_local(self.start, self.freeze)} on, without a gap"
        return f"from {_local(self.start, self.freeze)} to {self.until}"


def _local(instant: datetime, freeze: Freeze) -> str:
    local = instant.astimezone(ZoneInfo(freeze.zone))
    return f"{local:%a} {local.day} {local:%b %Y %H:%M}"


def open_window(freeze: Freeze, now: datetime) -> Window | None:
    """The window in which `now` (with a zone) lies, None outside of all; windows that touch are one."""
    today = now.astimezone(ZoneInfo(freeze.zone)).date()
    for start, end in _joined(sorted(_times(freeze, today - _LONGEST, today + _LONGEST))):
        if start <= now < end:
            return Window(freeze, start, end)
    return None


def open_windows(freezes: Sequence[Freeze], now: datetime) -> tuple[Window, ...]:
    """All that are open now."""
    found = (open_window(freeze, now) for freeze in freezes)
    return tuple(window for window in found if window is not None)


def between(freeze: Freeze, begin: datetime, end: datetime) -> tuple[Window, ...]:
    """Its windows that touch the time from `begin` to `end`, in order."""
    zone = ZoneInfo(freeze.zone)
    times = _times(freeze, begin.astimezone(zone).date() - _LONGEST, end.astimezone(zone).date())
    found = _joined(sorted(times))
    return tuple(Window(freeze, start, last) for start, last in found if start <= end and last > begin)


def upcoming(freeze: Freeze, now: datetime, most: int = 5) -> tuple[Window, ...]:
    """The next windows, with the one that is open now, as far as three years ahead."""
    today = now.astimezone(ZoneInfo(freeze.zone)).date()
    times = _joined(_times(freeze, today - _LONGEST, today + _FORESEEN))
    return tuple(islice((Window(freeze, start, end) for start, end in times if end > now), most))


def _joined(times: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Those that touch as one; they come by their start, but for an hour or so."""
    start = end = None
    for began, ended in times:
        if start is None or end is None:
            start, end = began, ended
        elif began <= end:
            start, end = min(start, began), max(end, ended)
        else:
            yield start, end
            start, end = began, ended
    if start is not None and end is not None:
        yield start, end


def _times(freeze: Freeze, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    """Starts and ends in UTC of what begins on those days; of what is once, whenever it is."""
    zone, when = ZoneInfo(freeze.zone), freeze.when
    if isinstance(when, Once):
        yield _earliest(when.start, zone), _latest(when.end, zone)
        return
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        midnight = datetime.combine(day, time())
        for start, end in _spells(when, day):
            yield (
                _earliest(midnight + timedelta(minutes=start), zone),
                _latest(midnight + timedelta(minutes=end), zone),
            )


def _spells(when: Weekly | Cron, day: date) -> tuple[tuple[int, int], ...]:
    """What begins on that day, in minutes from its midnight on."""
    if isinstance(when, Cron):
        return spells(when.expression, when.minutes) if timetable(when.expression).runs_on(day) else ()
    start = 60 * when.at.hour + when.at.minute
    return ((start, start + when.minutes),) if _DAYS[day.weekday()] in when.days else ()


# A local time may exist twice, or not at all, when clocks change: the freeze is rather too long than too short.


def _earliest(local: datetime, zone: ZoneInfo) -> datetime:
    return min(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _latest(local: datetime, zone: ZoneInfo) -> datetime:
    return max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
