"""The engine's ledger in the database: events, steps and state of a run become durable together."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import Any

from django.db import transaction
from django.utils import timezone

from deployments import leases, states
from deployments.broadcasts import Announce
from deployments.engine.events import STEP_ENDS, Code, Event
from deployments.engine.state import StateResource
from deployments.models import Deployment, EnvironmentState, RunEvent, StateEntry, Step

logger = logging.getLogger(__name__)

PUSH_SECONDS = 0.1
_STATUS = {
    Code.STEP_STARTED: Step.Status.RUNNING,
    Code.STEP_SUCCEEDED: Step.Status.SUCCEEDED,
    Code.STEP_FAILED: Step.Status.FAILED,
    Code.STEP_SKIPPED: Step.Status.SKIPPED,
    Code.STEP_CANCELLED: Step.Status.CANCELLED,
}


class DatabaseLedger:
    """Writes one run; every write checks the lease, so a worker that was replaced writes nothing.

    Pages hear of it after the commit, at most ten times a second; `push` sends what is still unsaid.
    """

    def __init__(self, *, deployment: Deployment, held: leases.Held, base_serial: int, announce: Announce) -> None:
        self._deployment_id = deployment.pk
        self._environment_id = deployment.environment_id
        self._held = held
        self._serial = base_serial + 1
        self._announce = announce
        self._first: int | None = None
        self._last = 0
        self._logical_ids: set[str] = set()
        self._pushed_at = 0.0
        self._steps: dict[str, Step] = {}

    def commit(
        self, events: Sequence[Event], *, put: Sequence[StateResource] = (), removed: Sequence[str] = ()
    ) -> None:
        """See `ports.Ledger.commit`."""
        with transaction.atomic():
            leases.renew(self._held)
            self._write_events(events)
            if put or removed:
                self._write_state(put, removed)
        if events:
            self._first = self._first if self._first is not None else events[0].number
            self._last = events[-1].number
            self._logical_ids |= {event.logical_id for event in events if event.logical_id}
        self.push(forced=any(event.code is Code.RUN_ENDED for event in events))

    def push(self, *, forced: bool = False) -> None:
        """Tells the pages what they have not heard yet, unless they heard something a moment ago."""
        if self._first is None or not (forced or monotonic() - self._pushed_at >= PUSH_SECONDS):
            return
        first, logical_ids = self._first, self._logical_ids
        self._first, self._logical_ids = None, set()
        self._pushed_at = monotonic()
        try:
            self._announce(deployment_id=self._deployment_id, first=first, last=self._last, logical_ids=logical_ids)
        except Exception:  # a page that is not told catches up by number; the run must go on
            logger.warning("pages could not be told of events %s to %s", first, self._last, exc_info=True)

    def _write_events(self, events: Sequence[Event]) -> None:
        RunEvent.objects.bulk_create(
            RunEvent(
                deployment_id=self._deployment_id,
                number=event.number,
                time=event.time,
                code=event.code.value,
                step=event.step,
                logical_id=event.logical_id,
                data=dict(event.data),
            )
            for event in events
        )
        self._write_steps([event for event in events if event.code in _STATUS])
        if events:
            Deployment.objects.filter(pk=self._deployment_id).update(last_event=events[-1].number)

    def _write_steps(self, events: Sequence[Event]) -> None:
        """All rows with one statement: each waits its turn among the threads that talk to AWS."""
        if events and not self._steps:
            self._steps = {row.step_id: row for row in Step.objects.filter(deployment_id=self._deployment_id)}
        touched = {event.step: self._steps[event.step] for event in events}
        for event in events:
            for name, value in _step_fields(event).items():
                setattr(touched[event.step], name, value)
        for row in touched.values():
            row.pk = None  # the row is there; deployment and step say which it is
        Step.objects.bulk_create(
            touched.values(),
            update_conflicts=True,
            unique_fields=["deployment", "step_id"],
            update_fields=["status", "physical_id", "started_at", "ended_at", "seconds", "error"],
        )

    def _write_state(self, put: Sequence[StateResource], removed: Sequence[str]) -> None:
        now = timezone.now()
        rows = [states.row(self._environment_id, resource) for resource in put]
        for entry in rows:
            entry.updated_at = now
        StateEntry.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["environment", "logical_id"],
            update_fields=["stack", "type", "physical_id", "body", "updated_at"],
        )
        if removed:
            StateEntry.objects.filter(environment_id=self._environment_id, logical_id__in=removed).delete()
        EnvironmentState.objects.filter(environment_id=self._environment_id).update(serial=self._serial, updated_at=now)


def events_of(deployment: Deployment) -> list[Event]:
    """The run's events so far, as engine values."""
    rows = RunEvent.objects.filter(deployment=deployment).order_by("number")
    return [
        Event(row.number, row.time, Code(row.code), row.step, row.logical_id, row.data) for row in rows.iterator(2000)
    ]


def _step_fields(event: Event) -> dict[str, Any]:
    """What an event of a step changes in the step's row."""
    at = datetime.fromisoformat(event.time)
    fields: dict[str, Any] = {"status": _STATUS[event.code]}
    if event.code is Code.STEP_STARTED:
        fields |= {"started_at": at, "physical_id": event.data.get("physicalId") or ""}
    if event.code in STEP_ENDS:
        fields |= {"ended_at": at, "seconds": event.data.get("seconds"), "error": event.data.get("error")}
    if event.data.get("physicalId"):
        fields["physical_id"] = event.data["physicalId"]
    return fields
