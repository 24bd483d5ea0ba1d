"""Cron's five fields: on which days something begins, and at which minutes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MOST_PARTS = 60


@dataclass(frozen=True, slots=True)
class Timetable:
    """What an expression means. `starts` are minutes of a day, ascending; `weekdays` count from Sunday, which is 0.

    Where both kinds of days are restricted, `either` is enough, as cron has always had it.
    """

    starts: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    def runs_on(self, day: date) -> bool:
        """Whether something begins on that day."""
        by_date, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (by_date or by_week if self.either else by_date and by_week)


@lru_cache(maxsize=256)
def timetable(expression: str) -> Timetable:
    """The meaning of `minute hour day month weekday`, such as `0 16 * * fri`: lists, ranges, `*` and steps of them.

    Raises:
        ValueError: with a sentence that says what to write instead.
    """
    fields = expression.split()
    if len(fields) != 5:
        raise ValueError("five fields are expected: minute, hour, day, month and weekday, such as 0 16 * * fri")
    minutes = _field(fields[0], "minute", 0, 59)
    hours = _field(fields[1], "hour", 0, 23)
    days = _field(fields[2], "day", 1, 31)
    months = _field(fields[3], "month", 1, 12, _MONTHS)
    weekdays = frozenset(number % 7 for number in _field(fields[4], "weekday", 0, 7, _WEEKDAYS))
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    if not either and min(days) > max(_LONGEST_MONTHS[month - 1] for month in months):
        raise ValueError(f"no month that it names has a day {min(days)}")
    starts = tuple(60 * hour + minute for hour in sorted(hours) for minute in sorted(minutes))
    return Timetable(starts, days, months, weekdays, either)


@lru_cache(maxsize=256)
def spells(expression: str, minutes: int) -> tuple[tuple[int, int], ...]:
    """From which to which minute of a day it lasts, if every start lasts so many minutes; those that meet are one."""
    found: list[tuple[int, int]] = []
    for start in timetable(expression).starts:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], start + minutes)
        else:
            found.append((start, start + minutes))
    return tuple(found)


def _field(text: str, name: str, low: int, high: int, words: Sequence[str] = ()) -> frozenset[int]:
    parts = text.split(",")
    if len(parts) > _MOST_PARTS:
        raise ValueError(f"the {name} has too many parts")
    return frozenset(number for part in parts for number in _part(part, name, low, high, words))


def _part(text: str, name: str, low: int, high: int, words: Sequence[str]) -> Iterator[int]:
    span, slash, step = text.partition("/")
    first, dash, last = span.partition("-")
    if span == "*":
        start, end = low, high
    else:
        start = _number(first, name, low, high, words)
        end = _number(last, name, low, high, words) if dash else start
    if slash and not (span == "*" or dash):
        raise ValueError(f"in the {name}, a step is of * or of a range: {span}-{high}/{step}")
    if end < start:
        raise ValueError(f"in the {name}, {span} ends before it begins")
    yield from range(start, end + 1, _number(step, f"step of the {name}", 1, high) if slash else 1)


def _number(text: str, name: str, low: int, high: int, words: Sequence[str] = ()) -> int:
    if text.lower() in words:
        return words.index(text.lower()) + low
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and low <= int(text) <= high):
        named = f" or a name from {words[0]} to {words[-1]}" if words else ""
        raise ValueError(f"the {name} is a number from {low} to {high}{named}, not {text or 'nothing'}")
    return int(text)
