"""The AWS calls of a run as a table, and what they come to by service and operation (pure)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any
from urllib.parse import urlencode

from deployments.aws.catalogue import meaning
from deployments.engine.errors import Category

MOST = 50_000
"""Calls of a run that are looked at: the newest."""
ROWS = 200
SORTS = ("time", "duration")
COLUMNS = (
    "number", "time", "service", "operation", "resource", "step", "seconds", "status", "attempts", "error", "requestId",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AwsCall:
    """One call that ended: `time` is when (ISO 8601 UTC), `error` AWS's code or ""."""

    number: int
    time: str
    service: str
    operation: str
    resource: str
    step: str
    seconds: float
    status: int
    attempts: int
    error: str
    request_id: str

    @property
    def throttled(self) -> bool:
        """AWS had it wait until it gave up."""
        return bool(self.error) and meaning(self.error, "", self.status).category is Category.THROTTLED

    @property
    def clock(self) -> str:
        """Hours to milliseconds, UTC."""
        return self.time[11:23]


@dataclass(frozen=True, slots=True)
class Total:
    """All calls of one operation: `seconds` together, `p50` and `p95` of one; `retries` beyond the first attempts."""

    service: str
    operation: str
    count: int
    seconds: float
    p50: float
    p95: float
    errors: int
    throttled: int
    retries: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls, in which order; an empty part wants all. `sort` is time or duration, the longest first."""

    service: str = ""
    operation: str = ""
    resource: str = ""
    errors: bool = False
    sort: str = "time"

    def of(self, calls: Sequence[AwsCall]) -> list[AwsCall]:
        """Those calls, in that order."""
        found = [
            call
            for call in calls
            if (not self.service or call.service == self.service)
            and (not self.operation or call.operation == self.operation)
            and (not self.resource or call.resource == self.resource)
            and (not self.errors or call.error)
        ]
        return sorted(found, key=lambda call: (-call.seconds, call.number)) if self.sort == "duration" else found

    def query(self, **other: str) -> str:
        """As an address says it, with some parts exchanged."""
        parts = {
            "service": self.service,
            "operation": self.operation,
            "resource": self.resource,
            "errors": "on" if self.errors else "",
            "sort": self.sort if self.sort != SORTS[0] else "",
        }
        return urlencode({name: value for name, value in (parts | other).items() if value})


def calls_of(events: Iterable[Mapping[str, Any]]) -> tuple[AwsCall, ...]:
    """The calls that these events (`call.ended`) tell of."""
    return tuple(
        AwsCall(
            number=event["number"],
            time=event["time"],
            service=str(data.get("service", "")),
            operation=str(data.get("operation", "")),
            resource=event["logicalId"],
            step=event["step"],
            seconds=float(data.get("seconds") or 0.0),
            status=int(data.get("status") or 0),
            attempts=int(data.get("attempts") or 1),
            error=str(data.get("error") or ""),
            request_id=str(data.get("requestId") or ""),
        )
        for event in events
        for data in [event["data"]]
    )


def totals(calls: Iterable[AwsCall]) -> list[Total]:
    """By service and operation; what took longest together comes first."""
    groups: dict[tuple[str, str], list[AwsCall]] = {}
    for call in calls:
        groups.setdefault((call.service, call.operation), []).append(call)
    found = [_total(service, operation, group) for (service, operation), group in groups.items()]
    return sorted(found, key=lambda total: (-total.seconds, total.service, total.operation))


def as_csv(calls: Iterable[AwsCall]) -> Iterator[str]:
    """The calls as lines of CSV; no cell is one that a spreadsheet takes for a formula."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for call in calls:
        cells = (
            call.number, call.time, call.service, call.operation, call.resource, call.step, call.seconds, call.status,
            call.attempts, call.error, call.request_id,
        )  # fmt: skip
        yield writer.writerow([f"'{cell}" if str(cell)[:1] in tuple("=+-@\t\r") else cell for cell in cells])


class _Echo:
    """A file for the csv writer that hands back what is written."""

    def write(self, value: str) -> str:
        return value


def _total(service: str, operation: str, calls: Sequence[AwsCall]) -> Total:
    seconds = sorted(call.seconds for call in calls)
    return Total(
        service=service,
        operation=operation,
        count=len(calls),
        seconds=sum(seconds),
        p50=_percentile(seconds, 0.50),
        p95=_percentile(seconds, 0.95),
        errors=sum(bool(call.error) for call in calls),
        throttled=sum(call.throttled for call in calls),
        retries=sum(max(0, call.attempts - 1) for call in calls),
    )


def _percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the values that so large a share of them does not exceed."""
    return ordered[max(0, ceil(len(ordered) * share) - 1)]
