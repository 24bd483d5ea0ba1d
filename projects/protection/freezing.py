"""Whether a freeze is open at an instant, and until when; local times are those of the freeze's zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from projects.protection.model import Day, Freeze, Once

_DAYS = tuple(Day)
_LONGEST_DAYS = 8
"""How far back something weekly may have started that is still open, and how far ahead its end is looked for."""


@dataclass(frozen=True, slots=True)
class Window:
    """One time that a freeze is open, in UTC; `end` is not included.

    Where a weekly freeze leaves no gap, the window is what can be seen of it: a week or so either way.
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
        local = self.end.astimezone(ZoneInfo(self.freeze.zone))
        return f"{local:%a} {local.day} {local:%b %Y %H:%M} ({self.freeze.zone})"


def open_window(freeze: Freeze, now: datetime) -> Window | None:
    """The window in which `now` (with a zone) lies, None outside of all; windows that touch are one."""
    start = end = None
    for began, ended in sorted(_times(freeze, now)):
        if end is None or began > end:
            if end is not None and end > now:
                break
            start, end = began, ended
        else:
            end = max(end, ended)
    if start is None or end is None or not start <= now < end:
        return None
    return Window(freeze, start, end)


def open_windows(freezes: Sequence[Freeze], now: datetime) -> tuple[Window, ...]:
    """All that are open now."""
    found = (open_window(freeze, now) for freeze in freezes)
    return tuple(window for window in found if window is not None)


def _times(freeze: Freeze, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Starts and ends in UTC, as far as they can matter now."""
    zone, when = ZoneInfo(freeze.zone), freeze.when
    if isinstance(when, Once):
        yield _earliest(when.start, zone), _latest(when.end, zone)
        return
    today = now.astimezone(zone).date()
    for offset in range(-_LONGEST_DAYS, _LONGEST_DAYS + 1):
        day = today + timedelta(days=offset)
        if _DAYS[day.weekday()] in when.days:
            start = datetime.combine(day, when.at)
            yield _earliest(start, zone), _latest(start + timedelta(minutes=when.minutes), zone)


# A local time may exist twice, or not at all, when clocks change: the freeze is rather too long than too short.


def _earliest(local: datetime, zone: ZoneInfo) -> datetime:
    return min(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _latest(local: datetime, zone: ZoneInfo) -> datetime:
    return max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
