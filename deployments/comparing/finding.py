"""Sides to choose from: environments as recorded and live, and records found by words; never a list of all of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from deployments.comparing.references import Kind, Reference
from history.models import Record
from projects.models import Environment, Project

SHOWN = 12
LOOKED_AT = 5_000
"""Words are looked for in so many records, the newest; an older one is found by its id."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One side that can be chosen; `record` where it is one."""

    reference: Reference
    record: Record | None = None
    environment: Environment | None = None


def find(project: Project, text: str) -> list[Choice]:
    """What fits every word: environments first, then the newest records."""
    words = text.lower().split()
    environments = [row for row in project.environments.all() if all(word in row.name for word in words)]
    found = [
        Choice(Reference(kind, row.name), environment=row)
        for row in environments
        for kind in (Kind.ENVIRONMENT, Kind.LIVE)
    ]
    records = Record.objects.of_project(project)
    if words:
        exact = Record.objects.filter(project=project, deployment_id=text.strip())
        newest = records.values("pk")[:LOOKED_AT]
        records = records.filter(pk__in=newest)
        for word in words:
            records = records.filter(_fits(word))
        rows = list(exact) or list(records[:SHOWN])
    else:
        rows = list(records[:SHOWN])
    return found + [Choice(Reference(Kind.RECORD, row.deployment_id), record=row) for row in rows]


def _fits(word: str) -> Q:
    """A short number is a record's own or a version; everything else may be anywhere in what a record says."""
    if word.isdecimal() and len(word) < 7:
        return Q(sequence=int(word)) | Q(version__iexact=word)
    return (
        Q(deployment_id__icontains=word)
        | Q(environment_name__icontains=word)
        | Q(what_changed__icontains=word)
        | Q(deployed_by__icontains=word)
        | Q(status__istartswith=word)
        | Q(version__iexact=word)
    )
