"""What an alarm's state is, from its metric's data (pure).

Rules: CloudWatch user guide, "Evaluating an alarm" and "Configuring how CloudWatch alarms treat missing data".
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}


@dataclass(frozen=True, slots=True)
class Datum:
    """What was put at a moment (epoch seconds): one value, or the statistics of several."""

    seconds: float
    sum: float
    count: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alarm goes off: `statistic` is `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount` or `p95`."""

    statistic: str
    comparison: str
    threshold: float
    period_seconds: int
    periods: int
    datapoints: int
    missing: str

    @property
    def looks_back_seconds(self) -> int:
        """How old a datum may be to count."""
        return self.period_seconds * self.periods


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state and its reason, in AWS's words."""

    state: str
    reason: str


def judge(rule: Rule, data: Sequence[Datum], *, now: float, state: str) -> Verdict:
    """The state that follows from `data`, in any order, at `now`; `state` is the one before."""
    values = [_value(rule, data, now, age) for age in range(rule.periods)]
    breaching = [_breaches(rule, value) for value in values]
    shown = ", ".join(f"{value:g}" for value in values if value is not None)
    told = f"{rule.statistic} {rule.comparison} {rule.threshold:g}"
    if breaching.count(True) >= rule.datapoints:
        return Verdict(ALARM, f"Threshold Crossed: {breaching.count(True)} datapoints [{shown}] were {told}.")
    if None in breaching and rule.missing == "ignore":
        return Verdict(state, "Missing data is ignored.")
    if all(each is None for each in breaching):
        return Verdict(INSUFFICIENT, "Insufficient Data: there are no datapoints.")
    return Verdict(OK, f"Threshold not Crossed: datapoints [{shown}] were not {told}.")


def _value(rule: Rule, data: Sequence[Datum], now: float, age: int) -> float | None:
    """The statistic of the period that ended `age` periods ago; None without data."""
    end = now - age * rule.period_seconds
    within = [datum for datum in data if end - rule.period_seconds < datum.seconds <= end]
    return statistic(rule.statistic, within) if within else None


def statistic(name: str, data: Sequence[Datum]) -> float:
    """A statistic of data that is not empty. A percentile is the smallest value that so many are not above."""
    count = sum(datum.count for datum in data)
    match name:
        case "Sum":
            return sum(datum.sum for datum in data)
        case "SampleCount":
            return count
        case "Minimum":
            return min(datum.minimum for datum in data)
        case "Maximum":
            return max(datum.maximum for datum in data)
        case "Average":
            return sum(datum.sum for datum in data) / count
    wanted = math.ceil(count * float(name.removeprefix("p")) / 100)
    for datum in sorted(data, key=lambda each: each.maximum):
        wanted -= int(datum.count)
        if wanted <= 0:
            return datum.maximum
    return max(datum.maximum for datum in data)


def _breaches(rule: Rule, value: float | None) -> bool | None:
    """Whether a datapoint is over the threshold; None when nobody can say."""
    if value is None:
        return {"breaching": True, "notBreaching": False}.get(rule.missing)
    return _COMPARISONS[rule.comparison](value, rule.threshold)
