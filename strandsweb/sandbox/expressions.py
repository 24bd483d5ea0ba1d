"""When schedule expressions fire; pure. Grammar: EventBridge Scheduler user guide, "Schedule types"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
_DAYS = "SUN MON TUE WED THU FRI SAT".split()
_HORIZON = timedelta(days=366 * 5)


@dataclass(frozen=True, slots=True)
class _Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None
    years: frozenset[int]
    last_day: bool

    def day_fits(self, day: datetime) -> bool:
        if day.month not in self.months or day.year not in self.years:
            return False
        if self.last_day:
            return (day + timedelta(days=1)).month != day.month
        if self.days is not None:
            return day.day in self.days
        return self.weekdays is None or (day.isoweekday() % 7 + 1) in self.weekdays


def next_firing(expression: str, after: datetime, *, timezone: str = "UTC") -> datetime | None:
    """The first moment after `after` (aware) at which `expression` fires, None if never again. Raises ValueError.

    A rate counts from `after`; cron and at are read in `timezone`.

    >>> next_firing("cron(0 9 ? * MON-FRI *)", datetime(2026, 11, 21, tzinfo=UTC))
    datetime.datetime(2026, 11, 23, 9, 0, tzinfo=datetime.timezone.utc)
    """
    zone = ZoneInfo(timezone)
    if rate := _RATE.fullmatch(expression):
        return after + timedelta(seconds=int(rate.group(1)) * _SECONDS[rate.group(2)])
    if at := _AT.fullmatch(expression):
        moment = datetime.fromisoformat(at.group(1)).replace(tzinfo=zone).astimezone(UTC)
        return moment if moment > after else None
    if cron := _CRON.fullmatch(expression):
        return _next_cron(_parsed(cron.groups()), after.astimezone(zone))
    raise ValueError(f"{expression} is no schedule expression.")


def _next_cron(cron: _Cron, after: datetime) -> datetime | None:
    moment = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    end = moment + _HORIZON
    while moment < end:
        if not cron.day_fits(moment):
            moment = moment.replace(hour=0, minute=0) + timedelta(days=1)
        elif moment.hour not in cron.hours:
            moment = moment.replace(minute=0) + timedelta(hours=1)
        elif moment.minute not in cron.minutes:
            moment += timedelta(minutes=1)
        else:
            return moment.astimezone(UTC)
    return None


def _parsed(fields: tuple[str, ...]) -> _Cron:
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise ValueError("Exactly one of day-of-month and day-of-week is ?.")
    return _Cron(
        _values(minutes, 0, 59),
        _values(hours, 0, 23),
        None if days in {"?", "L"} else _values(days, 1, 31),
        _values(months, 1, 12, _MONTHS),
        None if weekdays == "?" else _values(weekdays, 1, 7, _DAYS),
        _values(years, 1970, 2199),
        days == "L",
    )


def _values(text: str, low: int, high: int, names: list[str] | None = None) -> frozenset[int]:
    """The numbers that a field of lists, ranges and steps stands for."""

    def number(part: str) -> int:
        if names and part.upper() in names:
            return names.index(part.upper()) + 1
        value = int(part)
        if not low <= value <= high:
            raise ValueError(f"{part} is not from {low} to {high}.")
        return value

    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = number(first)
            end = number(last) if dash else high if step else start
        found |= set(range(start, end + 1, int(step or 1)))
    return frozenset(found)
