"""The events of a run by number, whoever has them: a record here, or rows while the run goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from history.reading import RecordReader

Event = dict[str, Any]


class EventLog(Protocol):
    """Events as dicts (history.records.Documents), numbered from 1 without gaps."""

    @property
    def last(self) -> int:
        """The number of the newest."""

    @property
    def resources(self) -> tuple[str, ...]:
        """Logical ids that events are about, by name."""

    def read(self, after: int, limit: int) -> list[Event]:
        """Up to `limit` events behind a number, in order."""

    def calls(self, limit: int) -> Iterator[Event]:
        """The newest ended AWS calls, up to `limit`, in order."""


@dataclass(frozen=True, slots=True)
class RecordLog:
    """A record's execution log: `EventLog`."""

    reader: RecordReader

    @property
    def last(self) -> int:
        """See `EventLog`."""
        return len(self.reader.event_lines())

    @property
    def resources(self) -> tuple[str, ...]:
        """See `EventLog`."""
        return self.reader.resources_with_logs

    def read(self, after: int, limit: int) -> list[Event]:
        """See `EventLog`."""
        return self.reader.events(after, limit)

    def calls(self, limit: int) -> Iterator[Event]:
        """See `EventLog`."""
        numbers = [number for number, line in enumerate(self.reader.event_lines()) if b'"call.ended"' in line]
        found = (event for number in numbers[-limit:] for event in self.reader.events(number, 1))
        return (event for event in found if event["code"] == "call.ended")
