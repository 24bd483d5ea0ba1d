"""Cron's expressions, and when freezes are open: beside a slow reading of the clock on the wall, minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.protection.cron import spells, timetable
from projects.protection.freezing import open_window, upcoming
from projects.protection.model import Cron, Freeze, Once, Weekly
from projects.protection.reading import read
from tests.projects.protections import crons, freezes

CHANGES = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))  # of the clocks in Berlin


def freeze_of(**when: Any) -> Freeze:
    """A freeze as it is written."""
    (freeze,) = read({"freezes": [{"name": "x", "zone": "UTC", **when}]}).freezes
    return freeze


def ranges(low: int, high: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """A field of cron and what it means, put together independently of the reader."""
    number = st.integers(low, high)
    single = number.map(lambda n: (str(n), {n}))
    span = st.tuples(number, number, st.integers(1, high)).map(
        lambda given: (
            f"{min(given[:2])}-{max(given[:2])}/{given[2]}",
            {n for n in range(min(given[:2]), max(given[:2]) + 1) if (n - min(given[:2])) % given[2] == 0},
        )
    )
    every = st.integers(1, high).map(
        lambda step: (f"*/{step}", {n for n in range(low, high + 1) if (n - low) % step == 0})
    )
    some = st.lists(single | span, min_size=1, max_size=3).map(
        lambda parts: (",".join(text for text, _ in parts), frozenset().union(*(means for _, means in parts)))
    )
    return st.just(("*", frozenset(range(low, high + 1)))) | every.map(lambda one: (one[0], frozenset(one[1]))) | some


@given(
    ranges(0, 59),
    ranges(0, 23),
    ranges(1, 28),
    ranges(1, 12),
    ranges(0, 6),
    st.dates(date(2026, 1, 1), date(2028, 12, 31)),
)
def test_an_expression_means_what_its_fields_say(
    minute: Any, hour: Any, day: Any, month: Any, weekday: Any, asked: date
) -> None:
    table = timetable(" ".join(text for text, _ in (minute, hour, day, month, weekday)))
    assert set(table.starts) == {60 * h + m for h in hour[1] for m in minute[1]}
    assert list(table.starts) == sorted(table.starts)
    by_date, by_week = asked.day in day[1], (asked.weekday() + 1) % 7 in weekday[1]
    restricted = not day[0].startswith("*") and not weekday[0].startswith("*")
    expected = asked.month in month[1] and (by_date or by_week if restricted else by_date and by_week)
    assert table.runs_on(asked) == expected


def test_names_and_both_sundays_are_known() -> None:
    assert timetable("0 0 * DEC Fri-sat") == timetable("0 0 * 12 5,6")
    assert timetable("0 0 * * 7") == timetable("0 0 * * sun") == timetable("0 0 * * 0")
    assert timetable("0 0 * * 5-7").weekdays == {5, 6, 0}
    assert timetable("0 0 29 feb *").runs_on(date(2028, 2, 29))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("0 16 * *", "five fields are expected"),
        ("@daily", "five fields are expected"),
        ("60 0 * * *", "the minute is a number from 0 to 59, not 60"),
        ("0 24 * * *", "the hour is a number from 0 to 23, not 24"),
        ("0 0 0 * *", "the day is a number from 1 to 31, not 0"),
        ("0 0 * july *", "the month is a number from 1 to 12 or a name from jan to dec, not july"),
        ("0 0 * * fri-mon", "in the weekday, fri-mon ends before it begins"),
        ("0 0 30,31 feb *", "no month that it names has a day 30"),
        ("3/5 0 * * *", "a step is of * or of a range: 3-59/5"),
        ("*/0 0 * * *", "the step of the minute is a number from 1 to 59, not 0"),
        ("1,, 0 * * *", "not nothing"),
        ("\u0663 0 * * *", "the minute is a number"),
        ("1" * 5000 + " 0 * * *", "the minute is a number"),
        (",".join(["1"] * 61) + " 0 * * *", "too many parts"),
        ("-5 0 * * *", "not nothing"),
        ("*-5 0 * * *", "not *"),
    ],
)
def test_what_is_no_expression_is_told(expression: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        timetable(expression)
    assert said in str(caught.value)


@given(st.text(alphabet="0123456789*/-,afrisunjdec ", max_size=30))
def test_any_text_is_an_expression_or_a_sentence(expression: str) -> None:
    try:
        table = timetable(expression)
    except ValueError as error:
        assert str(error)  # noqa: PT017
    else:
        days = (date(2026, 1, 1) + timedelta(days=offset) for offset in range(366 * 28))
        assert table.starts and any(table.runs_on(day) for day in days), "it never begins"


@given(crons)
def test_a_day_is_frozen_exactly_behind_each_start(when: Cron) -> None:
    covered = {minute for start, end in spells(when.expression, when.minutes) for minute in range(start, end)}
    starts = timetable(when.expression).starts
    assert covered == {start + offset for start in starts for offset in range(when.minutes)}


def open_by_the_wall(freeze: Freeze, now: datetime) -> bool:
    """Whether the clock on the wall shows a time within the freeze: looked up start by start."""
    local = now.astimezone(ZoneInfo(freeze.zone)).replace(tzinfo=None)
    when = freeze.when
    if isinstance(when, Once):
        return when.start <= local < when.end
    for back in range(9):
        day = (local - timedelta(days=back)).replace(hour=0, minute=0)
        if isinstance(when, Weekly):
            named = f"{day:%a}".lower() in [each.value for each in when.days]
            starts = [60 * when.at.hour + when.at.minute] if named else []
        else:
            table = timetable(when.expression)
            starts = list(table.starts) if table.runs_on(day.date()) else []
        if any(day + timedelta(minutes=s) <= local < day + timedelta(minutes=s + when.minutes) for s in starts):
            return True
    return False


@given(freezes, st.sampled_from(CHANGES), st.integers(-3 * 24 * 60, 3 * 24 * 60))
def test_a_freeze_is_never_shorter_than_the_clock_on_the_wall_says(
    freeze: Freeze, change: datetime, minutes: int
) -> None:
    now = change + timedelta(minutes=minutes)
    if open_by_the_wall(freeze, now):
        window = open_window(freeze, now)
        assert window is not None and window.holds(now)


@given(freezes, st.sampled_from(CHANGES), st.integers(-3 * 24 * 60, 3 * 24 * 60))
def test_a_freeze_is_longer_than_that_only_where_clocks_change(freeze: Freeze, change: datetime, minutes: int) -> None:
    now = change + timedelta(minutes=minutes)
    if open_window(freeze, now) is not None:
        hours = (timedelta(), timedelta(hours=1), timedelta(hours=-1))
        near = any(open_by_the_wall(freeze, now + hour) for hour in hours)
        assert near, "an hour is the most that a change of clocks can make of it"


@given(freezes, st.integers(-200, 200))
def test_what_comes_next_is_in_order_apart_and_open_when_it_says(freeze: Freeze, days: int) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(days=days)
    found = upcoming(freeze, now)
    assert all(window.end > now for window in found)
    assert all(one.end < other.start for one, other in pairwise(found))
    for window in found:
        assert open_window(freeze, window.start) is not None
        assert window.words.startswith("from ")
    is_open = open_window(freeze, now)
    assert bool(is_open) == bool(found and found[0].holds(now))
    assert len(found) <= 5


def test_the_next_times_are_told_in_the_zone_of_the_freeze() -> None:
    freeze = freeze_of(zone="Europe/Berlin", cron={"expression": "0 16 * * fri", "minutes": 120})
    found = upcoming(freeze, datetime(2026, 10, 20, tzinfo=UTC), 2)
    assert [window.words for window in found] == [
        "from Fri 23 Oct 2026 16:00 to Fri 23 Oct 2026 18:00 (Europe/Berlin)",
        "from Fri 30 Oct 2026 16:00 to Fri 30 Oct 2026 18:00 (Europe/Berlin)",
    ]
    assert [window.start.hour for window in found] == [14, 15], "clocks changed in between"


def test_a_freeze_without_a_gap_says_so() -> None:
    every_day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    (window,) = upcoming(freeze_of(weekly={"days": every_day, "at": "00:00", "minutes": 1440}), CHANGES[0])
    assert window.words == "from Sat 21 Mar 2026 00:00 on, without a gap"


def test_what_is_over_does_not_come_again() -> None:
    freeze = freeze_of(once={"start": "2026-01-01T00:00", "end": "2026-01-02T00:00"})
    assert upcoming(freeze, datetime(2026, 1, 2, tzinfo=UTC)) == ()
    assert [each.words for each in upcoming(freeze, datetime(2026, 1, 1, tzinfo=UTC))] == [
        "from Thu 1 Jan 2026 00:00 to Fri 2 Jan 2026 00:00 (UTC)"
    ]
