"""What a run is about to make durable: events with their numbers, and what they did to the state, in one commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.engine.events import Code, Event
from deployments.engine.ports import Clock, Ledger
from deployments.engine.state import StateResource

COMMIT_SECONDS = 0.1  # calls and log lines alone are made durable at most this often


class Journal:
    """Gathers one tick's events and changes of the state for a ledger; used by one thread.

    One commit never both puts and removes a resource: its deletion is durable before its creation starts, and what is
    put and then removed is removed.

    Attributes:
        resources: the state as it will be after the next commit, by logical id.
        number: the last event's.
        wrote: the state was, or with the next commit will be, written.
    """

    def __init__(self, resources: Mapping[str, StateResource], ledger: Ledger, clock: Clock) -> None:
        self.resources = dict(resources)
        self.number = 0
        self.wrote = False
        self._ledger = ledger
        self._clock = clock
        self._events: list[Event] = []
        self._put: dict[str, StateResource] = {}
        self._removed: set[str] = set()
        self._urgent = False
        self._committed_at = clock.monotonic()

    def note(
        self, code: Code, data: Mapping[str, Any], *, time: str = "", step: str = "", logical_id: str = ""
    ) -> None:
        """One more event, of now unless a time is given. All but calls and log lines want a commit at once."""
        self.number += 1
        self._events.append(Event(self.number, time or self._clock.now(), code, step, logical_id, data))
        self._urgent = self._urgent or code not in (Code.CALL_ENDED, Code.LOG)

    def put(self, resource: StateResource) -> None:
        """The state has this resource now."""
        self.resources[resource.logical_id] = self._put[resource.logical_id] = resource
        self.wrote = True

    def remove(self, logical_id: str) -> None:
        """The state does not have it any more."""
        self.resources.pop(logical_id, None)
        self._put.pop(logical_id, None)
        self._removed.add(logical_id)
        self.wrote = True

    def seconds_left(self) -> float | None:
        """How long the next commit may wait; None when there is nothing to commit."""
        if not self._events:
            return None
        return 0.0 if self._urgent else max(0.0, self._committed_at + COMMIT_SECONDS - self._clock.monotonic())

    def commit(self) -> None:
        """Makes it all durable. Raises what the ledger raises."""
        self._ledger.commit(self._events, put=tuple(self._put.values()), removed=tuple(sorted(self._removed)))
        self._events, self._put, self._removed, self._urgent = [], {}, set(), False
        self._committed_at = self._clock.monotonic()
