"""What a window of a project shows: runs, holds, freezes, incidents and emergencies, by one statement each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from deployments.holding.models import Hold
from deployments.models import Deployment, Emergency, Status
from deployments.timelines.lanes import Moment, Run, Span
from deployments.timelines.models import Incident
from deployments.timelines.windows import LATEST, Window
from history.models import Record
from projects.models import Environment, Project, ProtectionRevision
from projects.protection import freezing
from projects.protection.reading import read_json

MOST_RUNS = 300
"""Of one window; where there were more, the newest are drawn, and the page says so."""
MOST_FREEZES = 60
"""Of one environment in one window; more than that is no picture."""
MOST_SPANS = 200
LONGEST_RUN = timedelta(days=2)
"""How long before the window a run may have begun that is still looked for."""


def runs_in(project: Project, window: Window, environment: str = "") -> list[Run]:
    """The newest recorded runs of the window, one more than are drawn where there are more."""
    records = Record.objects.of_project(project).filter(
        started_at__range=(window.begin - LONGEST_RUN, window.end), ended_at__gte=window.begin
    )
    if environment:
        records = records.filter(environment_name=environment)
    return [run_of(record) for record in records[: MOST_RUNS + 1]]


def run_of(record: Record) -> Run:
    """A recorded run as it is drawn."""
    return Run(
        id=record.deployment_id,
        environment=record.environment_name,
        status=record.status,
        kind=record.kind,
        begin=record.started_at,
        end=record.ended_at,
        by=record.deployed_by,
        what=record.what_changed,
        release=(record.configuration_number, record.source_digest),
        promoted_from=record.promoted_from,
        back_to=record.rollback_to or record.undoes,
    )


def running(project: Project, now: datetime) -> list[Run]:
    """What runs at the moment, and so has no record yet."""
    rows = Deployment.objects.of(project).filter(status=Status.RUNNING, started_at__isnull=False)
    return [
        Run(
            id=row.public_id,
            environment=row.environment.name,
            status="running",
            kind=row.kind,
            begin=row.started_at,
            end=max(now, row.started_at),
            by=row.run_by_text or row.proposed_by_text,
            what=row.message,
            promoted_from=row.promoted_from,
            release=(row.configuration.number, row.source.digest if row.source else ""),
            back_to=row.rollback_to or row.undoes,
            recorded=False,
        )
        for row in rows
        if row.started_at is not None
    ]


def incidents_in(project: Project, window: Window) -> list[Incident]:
    """Incidents that touch the window, the newest first."""
    touching = Q(ends_at=None) | Q(ends_at__gte=window.begin)
    rows = Incident.objects.filter(touching, project=project, begins_at__lte=window.end)
    return list(rows.select_related("environment")[:MOST_SPANS])


def spans_of(
    project: Project, window: Window, environments: Sequence[Environment], incidents: Iterable[Incident]
) -> list[Span]:
    """Freezes, holds and incidents, so that what weighs more is drawn later."""
    return [*_freezes(window, environments), *_holds(project, window), *map(_incident, incidents)]


def emergencies_in(project: Project, window: Window) -> list[Moment]:
    """Deployments without approval."""
    rows = Emergency.objects.filter(
        deployment__environment__project=project, created_at__range=(window.begin, window.end)
    )
    return [
        Moment(
            "emergency",
            row.deployment.environment.name,
            row.created_at,
            f"{row.actor_text} deployed without approval, in an emergency: {row.reason}",
            row.deployment.public_id,
        )
        for row in rows.select_related("deployment__environment")[:MOST_SPANS]
    ]


def _holds(project: Project, window: Window) -> Iterator[Span]:
    touching = Q(lifted_at=None) | Q(lifted_at__gte=window.begin)
    rows = Hold.objects.filter(touching, project=project, placed_at__lte=window.end).select_related("environment")
    for row in rows[:MOST_SPANS]:
        title = f"{row.what} held in {row.where}: {row.reason} ({row.placed_by_text})"
        yield Span("hold", row.environment.name if row.environment else "", row.placed_at, row.lifted_at, title)


def _incident(row: Incident) -> Span:
    where = row.environment.name if row.environment else ""
    return Span("incident", where, row.begins_at, row.ends_at, f"Incident: {row.title}", str(row.pk))


def _freezes(window: Window, environments: Sequence[Environment]) -> Iterator[Span]:
    """The times of freezes, as each protection had them while it was in force."""
    found = Counter[str]()
    for name, text, since, until in _protections(window, environments):
        for freeze in read_json(text).freezes:
            for each in freezing.between(freeze, max(since, window.begin), min(until, window.end)):
                found[name] += 1
                if found[name] <= MOST_FREEZES:
                    title = f"Freeze {freeze.name} of {name}, {each.words}"
                    yield Span("freeze", name, max(each.start, since), min(each.end, until), title)


def _protections(window: Window, environments: Sequence[Environment]) -> Iterator[tuple[str, str, datetime, datetime]]:
    """Of each environment the texts that were in force in the window, from when, and until when."""
    rows = ProtectionRevision.objects.filter(environment__in=environments, in_force_at__lte=window.end)
    names = {environment.pk: environment.name for environment in environments}
    until: dict[int, datetime] = {}
    for row in rows.order_by("environment", "-number"):
        ends = until.get(row.environment_id, LATEST)
        if row.in_force_at and ends > window.begin:
            yield names[row.environment_id], row.text, row.in_force_at, ends
        until[row.environment_id] = row.in_force_at or ends
