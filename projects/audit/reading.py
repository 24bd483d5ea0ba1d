"""The log as people look at it: filtered, in pages by key, and whole as a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from projects.audit.models import AuditEntry

PAGE_SIZE = 30
LOOKED_AT = 5_000
"""How many entries a page looks at for what no index finds; so its cost does not grow with the log."""
OUT_OF_ORDER = timedelta(minutes=1)
"""Entries are numbered in the order of time, but for transactions that ran side by side: much less than this."""
COLUMNS = (
    "number", "time", "actor", "actorId", "deed", "outcome", "environment", "targetType", "target", "via", "token",
    "address", "requestId", "detail", "digest",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    """What to keep; an empty one keeps everything. Days are in the current time zone, `until` included."""

    person: str = ""
    deed: str = ""
    outcome: str = ""
    environment: str = ""
    text: str = ""
    since: date | None = None
    until: date | None = None

    def __bool__(self) -> bool:
        return any((self.person, self.deed, self.outcome, self.environment, self.text.strip(), self.since, self.until))

    @property
    def walks(self) -> dict[str, str]:
        """What one index finds: the first of person, whole deed and environment that is given."""
        deed = self.deed if "." in self.deed else ""
        exact = {"actor_text": self.person, "deed": deed, "environment": self.environment}
        return dict([(column, value) for column, value in exact.items() if value][:1])

    @property
    def searches(self) -> bool:
        """There is more to it than one index finds, days apart."""
        given = (self.person, self.deed, self.outcome, self.environment, self.text.strip())
        return sum(map(bool, given)) > len(self.walks)

    def keep(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The entries that fit; `deed` may be a whole code or its first part (`plan` for all of plans)."""
        exact = {"actor_text": self.person, "outcome": self.outcome, "environment": self.environment}
        entries = entries.filter(**{column: value for column, value in exact.items() if value})
        if self.deed:
            entries = entries.filter(**{"deed" if "." in self.deed else "deed__startswith": self.deed})
        if self.since:
            entries = entries.filter(time__gte=_start(self.since))
        if self.until:
            entries = entries.filter(time__lt=_start(self.until + timedelta(days=1)))
        for word in self.text[:200].replace("\0", "").split():
            entries = entries.filter(
                Q(target__icontains=word)
                | Q(actor_text__icontains=word)
                | Q(address__startswith=word)
                | Q(request_id=word)
                | Q(token__icontains=word)
            )
        return entries


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_current_timezone())


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, newest first, and the id the next page starts below (None: this is the last).

    `looked_to` says how far back was looked where that was not to the end, although the page is not full.
    """

    entries: tuple[AuditEntry, ...]
    below: int | None
    looked_to: datetime | None = None


def page(
    entries: QuerySet[AuditEntry],
    filters: Filters = Filters(),
    *,
    below: int | None = None,
    size: int = PAGE_SIZE,
    looked_at: int = LOOKED_AT,
) -> Page:
    """One page of a chain's entries; what it costs depends neither on how far down it is nor on how much there is.

    What no index finds is looked for among `looked_at` entries; the next page goes on from there.
    """
    within = _on_days(entries, filters)
    if below is not None:
        within = within.filter(id__lt=below)
    end = None
    if filters.searches:
        walked = within.filter(**filters.walks).order_by("-id")
        end = walked.values_list("id", flat=True)[looked_at : looked_at + 1].first()
        if end is not None:
            within = within.filter(id__gt=end)
    found = list(filters.keep(within).order_by("-id")[: size + 1])
    shown = tuple(found[:size])
    if len(found) > size:
        return Page(shown, shown[-1].pk)
    if end is None:
        return Page(shown, None)
    return Page(shown, end + 1, entries.values_list("time", flat=True).get(id=end))


def _on_days(entries: QuerySet[AuditEntry], filters: Filters) -> QuerySet[AuditEntry]:
    """The entries numbered around the days asked for: as they are walked by number, others need not be passed."""
    within = entries
    if filters.since:
        before = entries.filter(time__lt=_start(filters.since) - OUT_OF_ORDER).order_by("-time")
        if (last := before.values_list("id", flat=True).first()) is not None:
            within = within.filter(id__gt=last)
    if filters.until:
        after = entries.filter(time__gte=_start(filters.until + timedelta(days=1)) + OUT_OF_ORDER).order_by("time")
        if (first := after.values_list("id", flat=True).first()) is not None:
            within = within.filter(id__lt=first)
    return within


def as_dict(entry: AuditEntry) -> dict[str, Any]:
    """One entry for an export, under the names of `COLUMNS`; time is ISO 8601 UTC."""
    values = (
        entry.number, entry.time.isoformat(), entry.actor_text, entry.actor_id, entry.deed, entry.outcome,
        entry.environment, entry.target_type, entry.target, entry.via, entry.token, entry.address, entry.request_id,
        entry.detail, entry.digest,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


class _Echo:
    """A file for the csv writer that hands back what is written."""

    def write(self, value: str) -> str:
        return value


def as_csv(entries: QuerySet[AuditEntry]) -> Iterator[str]:
    """The entries as lines of CSV, oldest first, read as they are sent."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for entry in entries.order_by("id").iterator(chunk_size=1000):
        row = as_dict(entry)
        row["detail"] = json.dumps(row["detail"], sort_keys=True) if row["detail"] else ""
        yield writer.writerow([inert(value) for value in row.values()])


def as_json_lines(entries: QuerySet[AuditEntry]) -> Iterator[str]:
    """The entries as one JSON object per line, oldest first, read as they are sent."""
    for entry in entries.order_by("id").iterator(chunk_size=1000):
        yield json.dumps(as_dict(entry), ensure_ascii=False) + "\n"


def inert(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value
