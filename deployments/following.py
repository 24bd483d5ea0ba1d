"""What a page that follows a run needs: how far it is, and what happened since the number it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.template.loader import render_to_string
from django.utils import timezone

from deployments.engine.events import Code
from deployments.models import Deployment, RunEvent, Status, Step
from history.lines import Line, line

MAX_LINES = 400
"""Lines of the log a page shows; the rest is on the log's own page."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; `calls` counts finished AWS calls."""

    total: int
    counts: dict[str, int]
    calls: int
    started_at: datetime | None
    seconds: float | None

    @property
    def elapsed(self) -> float:
        """Seconds since it started, for a run that goes on."""
        return (timezone.now() - self.started_at).total_seconds() if self.started_at else 0.0

    @property
    def ended(self) -> int:
        """Steps that have ended, however."""
        return self.total - self.counts.get("pending", 0) - self.counts.get("running", 0)

    @property
    def shown(self) -> list[tuple[str, int]]:
        """Status and number, for every status that occurs, in the order of a step's life."""
        return [(status, self.counts[status]) for status in Step.Status.values if self.counts.get(status)]


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


def progress(deployment: Deployment) -> Progress:
    """The run's progress as the rows say it now."""
    counts = dict(deployment.steps.order_by().values_list("status").annotate(Count("pk")))
    return Progress(
        total=sum(counts.values()),
        counts=counts,
        calls=deployment.events.filter(code=Code.CALL_ENDED.value).count(),
        started_at=deployment.started_at,
        seconds=deployment.duration_seconds,
    )


def phase(deployment: Deployment) -> str:
    """Changes whenever the page as a whole is another one: buttons, boxes, sections."""
    said = 0
    if deployment.status != Status.RUNNING:
        said = deployment.approvals.count() + deployment.overrides.count()
    return f"{deployment.status}.{said}.{int(deployment.recorded)}"


def lines(deployment: Deployment, *, after: int = 0, calls: bool = False) -> list[Line]:
    """The log's last lines behind a number, oldest first."""
    rows = deployment.events.filter(number__gt=after)
    if not calls:
        rows = rows.exclude(code=Code.CALL_ENDED.value)
    return [line(as_dict(row)) for row in reversed(rows.order_by("-number")[:MAX_LINES])]


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
        touched = deployment.events.filter(number__gt=after, code__startswith="step.").values("step")
        context |= {
            "progress": progress(deployment),
            "steps": deployment.steps.filter(step_id__in=touched),
            "lines": lines(deployment, after=after),
        }
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
