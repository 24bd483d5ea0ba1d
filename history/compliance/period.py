"""From which day to which, in whose zone, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

USUAL_DAYS = 30
LONGEST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Period:
    """Both days belong to it; `environments` are names, none for all of the project's."""

    since: date
    until: date
    zone: str = "UTC"
    environments: tuple[str, ...] = ()

    @property
    def start(self) -> datetime:
        """The first instant."""
        return datetime.combine(self.since, time.min, self._zone)

    @property
    def end(self) -> datetime:
        """The first instant behind it."""
        return datetime.combine(self.until + timedelta(days=1), time.min, self._zone)

    @property
    def days(self) -> int:
        """How many."""
        return (self.until - self.since).days + 1

    @property
    def words(self) -> str:
        """`2026-10-01 to 2026-10-31 (Europe/Vienna)`."""
        return f"{self.since} to {self.until} ({self.zone})"

    def here(self, moment: datetime) -> datetime:
        """The moment on the clocks of the zone."""
        return moment.astimezone(self._zone)

    @property
    def _zone(self) -> tzinfo:
        return UTC if self.zone == "UTC" else ZoneInfo(self.zone)


def asked(said: Mapping[str, str], environments: tuple[str, ...], now: datetime) -> Period:
    """The period that a form names; what it does not, or not rightly, is the last thirty days, in UTC."""
    zone = said.get("zone", "")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = "UTC"
    today = now.astimezone(ZoneInfo(zone)).date()
    until = min(_day(said.get("until", "")) or today, date(9000, 1, 1))
    since = max(_day(said.get("since", "")) or until - timedelta(days=USUAL_DAYS - 1), date(2000, 1, 1))
    since = min(max(since, until - timedelta(days=LONGEST_DAYS - 1)), until)
    return Period(since, max(until, since), zone, environments)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
