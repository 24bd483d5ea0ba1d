"""What people and a worker do in a race about holds; each waits for the common moment before it does it."""

from __future__ import annotations

import time
from typing import Any

from django.db import connection

from deployments import execution, orders
from deployments.errors import OutOfDate
from deployments.holding import lifting, placing
from deployments.holding.models import Hold
from deployments.models import Deployment
from projects.audit.models import AuditEntry
from projects.models import Environment, User

LATER_SECONDS = (0.0, 0.15, 0.4)
"""How long after the others a hold is placed: before, while and after the run begins."""


def place(slug: str, moment: float) -> str:
    """Holds everything."""
    environment, actor = _environment(slug), User.objects.get(username="bob")
    _wait(moment)
    try:
        placing.place(environment=environment, actor=actor, reason="Audit week")
    except OutOfDate:
        return "OutOfDate"
    return "done"


def place_later(of: tuple[str, int], moment: float) -> str:
    """The same, a while later."""
    slug, number = of
    return place(slug, moment + LATER_SECONDS[number])


def lift(slug: str, moment: float) -> str:
    """Resumes what is held."""
    environment, actor = _environment(slug), User.objects.get(username="bob")
    hold = Hold.objects.standing().get(environment=environment)
    _wait(moment)
    try:
        lifting.lift(hold_id=hold.pk, environment=environment, actor=actor, reason="It is over")
    except OutOfDate:
        return "OutOfDate"
    return "done"


def forget(slug: str) -> None:
    """What was held before is no part of the next race."""
    Hold.objects.filter(environment=_environment(slug)).delete()


def queue(deployment_id: int) -> None:
    """Starts the plan, without a worker."""
    orders.start(deployment_id=deployment_id, actor=User.objects.get(username="bob"), inline=True)


def run(deployment_id: int, moment: float) -> str:
    """A worker takes it up."""
    connection.ensure_connection()
    _wait(moment)
    return execution.run(deployment_id=deployment_id).status


def told_of(slug: str) -> dict[str, Any]:
    """What stands, and what the audit log has of it."""
    environment = _environment(slug)
    entries = AuditEntry.objects.filter(chain=environment.project_id, target_type="hold")
    return {
        "standing": Hold.objects.standing().filter(environment=environment).count(),
        "deeds": sorted(entries.values_list("deed", flat=True)),
    }


def told_of_run(deployment_id: int) -> dict[str, Any]:
    """Whether the run began, and whether that was before anything was held."""
    deployment = Deployment.objects.get(pk=deployment_id)
    hold = Hold.objects.get(environment=deployment.environment)
    began = deployment.started_at
    return {
        "status": deployment.status,
        "events": deployment.events.count(),
        "steps": deployment.steps.count(),
        "began first": began is not None and began <= hold.placed_at,
    }


def _environment(slug: str) -> Environment:
    return Environment.objects.get(project__slug=slug)


def _wait(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
