"""What CloudWatch learns of functions: invocations, errors, throttles and durations, gathered until they are fetched.

Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from strandsweb.sandbox.functions.spec import FunctionSpec

NAMESPACE = "AWS/Lambda"

Place = tuple[str, str]
"""Account and region."""


@dataclass(slots=True)
class _Tally:
    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    milliseconds: list[float] = field(default_factory=list)

    def entries(self, name: str) -> list[dict[str, Any]]:
        """As PutMetricData takes them."""
        about = {"Dimensions": [{"Name": "FunctionName", "Value": name}]}
        data: list[dict[str, Any]] = []
        for metric, happened, of in (
            ("Invocations", self.invocations, self.invocations),
            ("Errors", self.errors, self.invocations),
            ("Throttles", self.throttles, self.invocations + self.throttles),
        ):
            if of:
                statistics = {
                    "Sum": happened,
                    "SampleCount": of,
                    "Minimum": int(happened == of),
                    "Maximum": int(happened > 0),
                }
                data.append({**about, "MetricName": metric, "Unit": "Count", "StatisticValues": statistics})
        if self.milliseconds:
            values = sorted(set(self.milliseconds))
            counts = [self.milliseconds.count(value) for value in values]
            duration = {"MetricName": "Duration", "Unit": "Milliseconds", "Values": values, "Counts": counts}
            data.append({**about, **duration})
        return data


class Metrics:
    """A tally of each function since it was last fetched; safe for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, str, str], _Tally] = defaultdict(_Tally)

    def ended(self, spec: FunctionSpec, *, seconds: float, failed: bool) -> None:
        """An invocation has ended."""
        with self._lock:
            tally = self._tallies[spec.account, spec.region, spec.name]
            tally.invocations += 1
            tally.errors += failed
            tally.milliseconds.append(round(seconds * 1000, 2))

    def throttled(self, spec: FunctionSpec) -> None:
        """An invocation was not let in."""
        with self._lock:
            self._tallies[spec.account, spec.region, spec.name].throttles += 1

    def fetch(self) -> Mapping[Place, list[dict[str, Any]]]:
        """Everything since the last time, as PutMetricData takes it; nothing of it is kept."""
        with self._lock:
            tallies, self._tallies = self._tallies, defaultdict(_Tally)
        data: dict[Place, list[dict[str, Any]]] = defaultdict(list)
        for (account, region, name), tally in sorted(tallies.items()):
            data[account, region] += tally.entries(name)
        return data
