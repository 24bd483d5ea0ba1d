"""The list of what happened: filtered, in pages by key (never by offset), and by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby

from django.db.models import Q
from django.utils import timezone

from history.models import Record, RecordQuerySet

PAGE_SIZE = 50
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """What to keep; an empty one keeps everything.

    `person` is the name as recorded; every word of `text` must occur in id, sentence, person or version.
    """

    status: str = ""
    kind: str = ""
    person: str = ""
    environment: str = ""
    text: str = ""

    def __bool__(self) -> bool:
        return any((self.status, self.kind, self.person, self.environment, self.text.strip()))

    def keep(self, records: RecordQuerySet) -> RecordQuerySet:
        """The records that fit."""
        exact = {
            "status": self.status,
            "kind": self.kind,
            "deployed_by": self.person,
            "environment_name": self.environment,
        }
        records = records.filter(**{column: value for column, value in exact.items() if value})
        for word in self.text[:LONGEST_TEXT].replace("\0", "").split():
            records = records.filter(
                Q(deployment_id__icontains=word)
                | Q(what_changed__icontains=word)
                | Q(deployed_by__icontains=word)
                | Q(version__iexact=word)
            )
        return records


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place behind one entry; the next page starts there, whatever is added at the top meanwhile."""

    started_at: datetime
    deployment_id: str

    def __str__(self) -> str:
        """For links: `2025-11-19T10:30:00+00:00~2025-11-19T10-30-00Z-abc123`."""
        return f"{self.started_at.isoformat()}~{self.deployment_id}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """The inverse of `str`; None for anything else, which is what the first page has."""
        moment, _, deployment_id = text.replace("\0", "").partition("~")
        try:
            started_at = datetime.fromisoformat(moment)
        except ValueError:
            return None
        return cls(started_at, deployment_id) if started_at.tzinfo and deployment_id else None


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, newest first, and where the next page starts (None: this is the last)."""

    entries: tuple[Record, ...]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Day:
    """The entries that started on one day."""

    date: date
    entries: tuple[Record, ...]


def page(records: RecordQuerySet, *, after: Cursor | None = None, size: int = PAGE_SIZE) -> Page:
    """One page of the records, in one query whose cost does not depend on how far down it is."""
    records = records.newest_first().select_related("environment", "project")
    if after is not None:
        records = records.filter(started_at__lte=after.started_at).exclude(
            started_at=after.started_at, deployment_id__gte=after.deployment_id
        )
    found = list(records[: size + 1])
    entries = tuple(found[:size])
    more = len(found) > size
    return Page(entries, Cursor(entries[-1].started_at, entries[-1].deployment_id) if more else None)


def by_day(entries: Iterable[Record], zone: tzinfo | None = None) -> tuple[Day, ...]:
    """Entries grouped by the day they started on, in a time zone (the current one unless given)."""
    place = zone or timezone.get_current_timezone()
    return tuple(
        Day(day, tuple(group))
        for day, group in groupby(entries, key=lambda entry: entry.started_at.astimezone(place).date())
    )


def people(records: RecordQuerySet) -> list[str]:
    """Everybody who deployed, by name, for a filter's choices."""
    return list(records.order_by("deployed_by").values_list("deployed_by", flat=True).distinct()[:500])
