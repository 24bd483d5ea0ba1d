"""What state follows from which data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strandsweb.sandbox.evaluation import ALARM, INSUFFICIENT, OK, Datum, Rule, judge, statistic

NOW = 10_000.0
ERRORS = Rule("Sum", "GreaterThanOrEqualToThreshold", 1, 60, 1, 1, "notBreaching")


def one(value: float, age_seconds: float = 5) -> Datum:
    return Datum(NOW - age_seconds, value, 1, value, value)


def state(rule: Rule, *data: Datum, before: str = INSUFFICIENT) -> str:
    return judge(rule, data, now=NOW, state=before).state


def test_a_threshold_is_crossed_by_the_period_that_ends_now() -> None:
    assert state(ERRORS, one(1)) == ALARM
    assert state(ERRORS, one(0)) == OK
    assert state(ERRORS, one(1, age_seconds=61)) == OK
    assert "Threshold Crossed: 1 datapoints [1]" in judge(ERRORS, [one(1)], now=NOW, state=OK).reason


@pytest.mark.parametrize(
    ("missing", "follows"),
    [("missing", INSUFFICIENT), ("notBreaching", OK), ("breaching", ALARM), ("ignore", "as it was")],
)
def test_missing_data_counts_as_the_alarm_says(missing: str, follows: str) -> None:
    assert state(replace(ERRORS, missing=missing), before="as it was") == follows


def test_so_many_of_the_last_periods_have_to_be_over_it() -> None:
    rule = replace(ERRORS, periods=3, datapoints=2, missing="missing")
    assert state(rule, one(1, 10), one(0, 70), one(1, 130)) == ALARM
    assert state(rule, one(1, 10), one(0, 70), one(0, 130)) == OK
    assert state(rule, one(1, 10)) == OK
    assert state(replace(rule, missing="breaching"), one(0, 10)) == ALARM


@pytest.mark.parametrize(
    ("comparison", "value", "crossed"),
    [
        ("GreaterThanThreshold", 1, False),
        ("GreaterThanThreshold", 2, True),
        ("LessThanThreshold", 1, False),
        ("LessThanThreshold", 0, True),
        ("LessThanOrEqualToThreshold", 1, True),
    ],
)
def test_comparisons(comparison: str, value: float, crossed: bool) -> None:
    assert state(replace(ERRORS, comparison=comparison), one(value)) == (ALARM if crossed else OK)


def test_statistics_of_single_values_and_of_many_at_once() -> None:
    data = [*(one(value) for value in range(1, 20)), Datum(NOW, 200, 1, 200, 200), Datum(NOW, 30, 3, 5, 15)]
    found = {name: statistic(name, data) for name in ("Sum", "SampleCount", "Minimum", "Maximum", "Average")}
    assert found == {"Sum": 420, "SampleCount": 23, "Minimum": 1, "Maximum": 200, "Average": 420 / 23}
    hundred = [one(value) for value in range(1, 101)]
    assert (statistic("p95", hundred), statistic("p50", hundred), statistic("p100", hundred)) == (95, 50, 100)
