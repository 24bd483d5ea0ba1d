"""What ever happened to a resource, in pages by key."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from history.finding.entering import moment_of
from history.finding.models import TouchedResource
from history.models import Record
from history.timeline import PAGE_SIZE, Cursor
from projects.models import Environment


@dataclass(frozen=True, slots=True)
class Found:
    """Some of what happened, newest first, and where the next page starts (None: this is the last)."""

    entries: tuple[TouchedResource, ...]
    next: Cursor | None


def history(environment: Environment, logical_id: str, *, after: Cursor | None = None, size: int = PAGE_SIZE) -> Found:
    """One page of what runs did to the resource of that name, whatever physical id it had."""
    rows = _of(environment.project.slug, logical_id).filter(environment_name=environment.name)
    rows = rows.filter(record__environment=environment).order_by("-at", "-record_id")
    if after is not None:
        at, record = moment_of(after.started_at), _key(after.deployment_id)
        rows = rows.filter(at__lte=at).exclude(at=at, record_id__gte=record)
    found = list(rows.select_related("record")[: size + 1])
    last = found[size - 1].record if len(found) > size else None
    return Found(tuple(found[:size]), Cursor(last.started_at, last.deployment_id) if last else None)


def elsewhere(environment: Environment, logical_id: str) -> QuerySet[Environment]:
    """The other environments in which something happened to a resource of that name."""
    there = _of(environment.project.slug, logical_id).filter(environment_name=OuterRef("name"))
    return environment.project.environments.filter(Exists(there)).exclude(pk=environment.pk)


def _of(project: str, logical_id: str) -> QuerySet[TouchedResource]:
    return TouchedResource.objects.filter(project_slug=project, logical_id=logical_id.replace("\0", ""))


def _key(deployment_id: str) -> int:
    return Record.objects.filter(deployment_id=deployment_id).values_list("pk", flat=True).first() or 0
