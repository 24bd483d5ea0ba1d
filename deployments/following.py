"""What a page that follows a run needs: how far it is, and what happened since the number it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.template.loader import render_to_string
from django.utils import timezone

from deployments.engine import story
from deployments.engine.clock import iso
from deployments.engine.events import Code
from deployments.models import Deployment, RunEvent, Status, Step
from deployments.run_view import MAX_LINES, Progress, RunView
from history.lines import Line, line


@dataclass(frozen=True, slots=True)
class News:
    """What happened after event `after`, up to `last`, as the page's own partials with out-of-band marks.

    `mark` is the part that says where the page is now (number and phase); `html` holds it too.
    """

    after: int
    last: int
    phase: str
    mark: str
    html: str


def view(deployment: Deployment, *, after: int | None = None) -> RunView:
    """The run as the rows say it now; with `after`, of steps and lines what came behind that event number."""
    steps = deployment.steps.all()
    if after is not None:
        behind = deployment.events.filter(number__gt=after, code__startswith="step.")
        steps = steps.filter(step_id__in=behind.values("step"))
    return RunView(
        public_id=deployment.public_id,
        number=deployment.last_event,
        progress=_progress(deployment),
        steps=tuple(_told(step) for step in steps),
        lines=tuple(_lines(deployment, after or 0)),
    )


def phase(deployment: Deployment) -> str:
    """Changes whenever the page as a whole is another one: buttons, boxes, sections."""
    said = 0
    if deployment.status != Status.RUNNING:
        said = deployment.approvals.count() + deployment.overrides.count() + deployment.hold_passes.count()
    return f"{deployment.status}.{said}.{int(deployment.recorded)}"


def news(deployment_id: int, *, after: int) -> News:
    """Everything that happened behind event number `after`; safe to apply to a page that shows exactly that number."""
    deployment = Deployment.objects.select_related("environment__project").get(pk=deployment_id)
    context: dict[str, Any] = {
        "deployment": deployment,
        "project": deployment.environment.project,
        "phase": phase(deployment),
        "last": deployment.last_event,
        "oob": True,
    }
    mark = render_to_string("deployments/deployment.html#mark", context)
    html = mark
    if deployment.status == Status.RUNNING or deployment.last_event > after:
        context["run"] = view(deployment, after=after)
        html = render_to_string("deployments/deployment.html#news", context | {"after": after})
    return News(after=after, last=deployment.last_event, phase=context["phase"], mark=mark, html=html)


def as_dict(row: RunEvent) -> dict[str, Any]:
    """The row as `Event.as_dict` writes it."""
    return {
        "number": row.number,
        "time": row.time,
        "code": row.code,
        "step": row.step,
        "logicalId": row.logical_id,
        "data": row.data,
    }


def _progress(deployment: Deployment) -> Progress:
    started_at = deployment.started_at
    return Progress(
        status=deployment.status,
        counts=dict(deployment.steps.order_by().values_list("status").annotate(Count("pk"))),
        calls=deployment.events.filter(code=Code.CALL_ENDED.value).count(),
        started_at=started_at,
        elapsed=(timezone.now() - started_at).total_seconds() if started_at else 0.0,
        seconds=deployment.duration_seconds,
        critical_path_seconds=deployment.summary.get("critical_path_seconds", 0.0),
    )


def _told(row: Step) -> story.StepStory:
    """The row as the fold of its events has it."""
    return story.StepStory(
        id=row.step_id,
        logical_id=row.logical_id,
        status=story.Status(row.status),
        operation=row.operation,
        type=row.type,
        physical_id=row.physical_id or None,
        started=iso(row.started_at) if row.started_at else "",
        ended=iso(row.ended_at) if row.ended_at else "",
        seconds=row.seconds,
        error=row.error,
    )


def _lines(deployment: Deployment, after: int) -> list[Line]:
    """The log's last lines behind a number, oldest first; AWS calls are on the log's own page."""
    rows = deployment.events.filter(number__gt=after).exclude(code=Code.CALL_ENDED.value)
    return [line(as_dict(row)) for row in reversed(rows.order_by("-number")[:MAX_LINES])]
