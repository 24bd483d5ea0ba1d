"""Which run a moment is after, or in the middle of; what an index answers at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from deployments.models import RAN, Deployment, Status
from history import index
from history.models import Record, RecordQuerySet
from projects.models import Environment


@dataclass(frozen=True, slots=True)
class Found:
    """The last run that had started: its record, or the deployment while there is no record of it yet.

    None of both: nothing had started. `previous` and `next` are the records around, `newest` is the last there is.
    """

    record: Record | None
    deployment: Deployment | None
    previous: Record | None
    next: Record | None
    newest: Record | None


def find(environment: Environment, moment: datetime) -> Found:
    """What the environment's state at that moment is read from."""
    record = Record.objects.of_environment(environment).filter(started_at__lte=moment).first()
    found = beside(environment, record)
    if found.next is not None:
        return found
    runs = Deployment.objects.filter(environment=environment, started_at__lte=moment)
    unrecorded = runs.filter(Q(status=Status.RUNNING) | Q(status__in=RAN, recorded=False))
    deployment = unrecorded.select_related("configuration", "source", "plan").first()
    return replace(found, record=None, deployment=deployment, previous=record) if deployment else found


def beside(environment: Environment, record: Record | None) -> Found:
    """The record, or nothing, with the records around."""
    sequence = record.sequence if record else 0
    around = {each.sequence: each for each in _of(environment).filter(sequence__in=(sequence - 1, sequence + 1))}
    return Found(
        record=record,
        deployment=None,
        previous=around.get(sequence - 1),
        next=around.get(sequence + 1),
        newest=index.last(environment.project.slug, environment.name),
    )


def kept_around(environment: Environment, record: Record) -> list[Record]:
    """The nearest records before and after whose documents have not expired; of either there may be none."""
    kept = _of(environment).filter(expired_at=None)
    before = kept.filter(sequence__lt=record.sequence).order_by("-sequence").first()
    after = kept.filter(sequence__gt=record.sequence).order_by("sequence").first()
    return [each for each in (before, after) if each is not None]


def record_at(environment: Environment, number: int) -> Record | None:
    """The record at that place in the environment's chain."""
    return _of(environment).filter(sequence=number).first()


def record_named(environment: Environment, deployment_id: str) -> Record | None:
    """The environment's record of that deployment."""
    return _of(environment).filter(deployment_id=deployment_id).first()


def _of(environment: Environment) -> RecordQuerySet:
    """Its records by the names that the chain is indexed by."""
    return Record.objects.filter(project_slug=environment.project.slug, environment_name=environment.name).order_by()
