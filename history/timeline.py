"""The list of what happened: filtered, in pages by key (never by offset), and by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import groupby

from django.utils import timezone

from history.finding.words import FILTERS, INVOLVED, named
from history.models import Record, RecordQuerySet

PAGE_SIZE = 50
BEGINNING, END = datetime(1971, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filters:
    """What to keep; an empty one keeps everything.

    `person` is the name of who deployed as recorded, `who` of somebody who proposed, approved or deployed; every word
    of `text` must occur in the record's words (history.finding.words), the last one as a beginning. Days are those of
    the current time zone, the first and the last included.
    """

    status: str = ""
    kind: str = ""
    person: str = ""
    environment: str = ""
    text: str = ""
    who: str = ""
    since: date | None = None
    until: date | None = None

    def __bool__(self) -> bool:
        return self != Filters()

    def words(self) -> list[str]:
        """Values to keep, as words of the index."""
        values = {name: getattr(self, name) for name in (*FILTERS, INVOLVED)}
        return [named(name, value) for name, value in values.items() if value]

    def in_days(self, records: RecordQuerySet) -> RecordQuerySet:
        """The records of these days."""
        return records.filter(started_at__range=(self.begin, self.end)) if self.since or self.until else records

    @property
    def begin(self) -> datetime:
        """When the first day begins; without one the beginning of time."""
        return _midnight(self.since) if self.since else BEGINNING

    @property
    def end(self) -> datetime:
        """The last instant of the last day."""
        return _midnight(self.until + timedelta(days=1)) - timedelta(milliseconds=1) if self.until else END


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
    """Some entries, newest first, and where the next page starts (None: this is the last).

    `looked_back_to` is there where a search stopped without having filled the page; `vague` is a word that was not
    looked for as a beginning, because too many words begin with it.
    """

    entries: tuple[Record, ...]
    next: Cursor | None
    looked_back_to: datetime | None = None
    vague: str = ""


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


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_current_timezone())
