"""Runs that are told event by event as a worker tells them, and then recorded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import history.store
from deployments import admission, leases
from deployments.engine import story
from deployments.engine.events import Event
from deployments.engine.plan import Plan
from deployments.engine.steps import needs, steps_of
from deployments.ledger import DatabaseLedger
from deployments.models import Deployment, EnvironmentState, PlanDocument, Status
from deployments.recording import record_run
from deployments.replaying.tape import Tape, tape_of
from history.models import Record
from history.reading import open_record
from projects.models import Configuration, Environment, User
from tests.web.conftest import empty_state, visit

__all__ = ["visit"]
RUNS = Path(__file__).parent / "runs"
ENDS = {"succeeded": Status.SUCCEEDED, "failed": Status.FAILED, "cancelled": Status.CANCELLED}


@pytest.fixture(autouse=True)
def empty_history() -> None:
    """Every test begins without records."""
    history.store._memory.cache_clear()


@dataclass
class Run:
    """One run under way: `tell` makes its next events durable as a worker does, `end` closes and records it."""

    deployment: Deployment
    plan: Plan
    ledger: DatabaseLedger
    told: list[Event] = field(default_factory=list)

    def tell(self, events: Sequence[Event]) -> None:
        """What the worker commits at once."""
        self.ledger.commit(events)
        self.told += events
        self.deployment.refresh_from_db()

    def end(self, status: str = "") -> Record:
        """What the worker does when the last event is told."""
        told = story.fold(self.told)
        seconds, _ = told.critical_path(needs(steps_of(self.plan)))
        start = self.deployment.started_at or datetime.now(UTC)
        Deployment.objects.filter(pk=self.deployment.pk).update(
            status=ENDS[status or told.status.value],
            ended_at=start + timedelta(seconds=told.seconds() + 0.25),
            summary={"critical_path_seconds": seconds},
        )
        record_run(Deployment.objects.get(pk=self.deployment.pk))
        self.deployment.refresh_from_db()
        return Record.objects.get(deployment_id=self.deployment.public_id)


def began(environment: Environment, by: User, plan: Plan, started_at: str, public_id: str) -> Run:
    """A run of the plan that a worker has just begun."""
    configuration, _ = Configuration.objects.get_or_create(
        project=environment.project, number=1, defaults={"text": "", "digest": "0" * 64, "author_text": by.text}
    )
    EnvironmentState.objects.get_or_create(environment=environment)
    deployment = Deployment.objects.create(
        public_id=public_id,
        environment=environment,
        kind=plan.subject.kind,
        status=Status.RUNNING,
        configuration=configuration,
        proposed_by=by,
        proposed_by_text=by.text,
        created_at=datetime.fromisoformat(started_at),
        started_at=datetime.fromisoformat(started_at),
    )
    text = plan.to_json()
    PlanDocument.objects.create(
        deployment=deployment,
        text=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        state_before=empty_state(environment),
    )
    admission.add_steps(deployment, plan)
    held = leases.take(environment_id=environment.pk, holder="w", deployment_id=deployment.pk)
    assert held is not None
    ledger = DatabaseLedger(deployment=deployment, held=held, base_serial=0, announce=lambda **told: None)
    return Run(deployment, plan, ledger)


@dataclass(frozen=True)
class Kept:
    """A run that was recorded by some version."""

    plan: Plan
    events: tuple[Event, ...]


def kept(name: str) -> Kept:
    """One of the folder `runs`."""
    folder = RUNS / name
    lines = (folder / "execution-log.jsonl").read_text().splitlines()
    return Kept(
        plan=Plan.from_dict(json.loads((folder / "plan.json").read_text())),
        events=tuple(Event.from_dict(json.loads(line)) for line in lines),
    )


KEPT = sorted(path.name for path in RUNS.iterdir() if path.is_dir())


def played(record: Record) -> Tape:
    """The record's tape."""
    return tape_of(open_record(record))
