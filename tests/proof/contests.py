"""What the processes of a race do; each waits for the common moment (of `time.monotonic`) before it does it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from deployments import approvals, execution, leases, orders, planning
from deployments.approvals import Review
from deployments.errors import NotAllowed, OutOfDate
from deployments.models import Deployment, Lease, Method
from projects import editing, protecting
from projects.models import Environment, Membership, User
from projects.protection.model import Freeze, Once, Protection, Requirement
from projects.roles import Role


def vendor() -> str:
    """Which database this is."""
    return str(connection.vendor)


def protect(slug: str) -> None:
    """The environment asks for one approval; Ada and Olga may give it."""
    environment = Environment.objects.get(project__slug=slug)
    protect_again(slug)
    for name in ("ada", "olga"):
        user = User.objects.create_user(username=name, password=name)
        Membership.objects.create(project=environment.project, user=user, role=Role.APPROVER)


def protect_again(slug: str) -> None:
    """The same without a freeze."""
    asked = Protection(approvals=(Requirement(),), editor_may_approve=True)
    environment = Environment.objects.get(project__slug=slug)
    protecting.put_in_force(environment=environment, protection=asked, author=None)


def propose(slug: str) -> int:
    """A deployment that nobody has planned yet; its id."""
    environment = Environment.objects.get(project__slug=slug)
    return planning.propose(environment=environment, actor=_user("bob"), method=Method.CLI, inline=True).pk


def told_of(deployment_id: int) -> dict[str, Any]:
    """Where it stands."""
    deployment = Deployment.objects.get(pk=deployment_id)
    return {
        "status": deployment.status,
        "reviews": sorted(deployment.approvals.values_list("approved", flat=True)),
        "events": deployment.events.count(),
        "steps": deployment.steps.count(),
        "cancelled by": deployment.cancelled_by_text,
        "resumed": deployment.events.filter(code="run.resumed").count(),
    }


def claim(slug: str, moment: float) -> int:
    """Takes the lease; its fencing number, 0 when another has it."""
    environment = Environment.objects.get(project__slug=slug)
    deployment = Deployment.objects.filter(environment=environment).first()
    _wait(moment)
    held = leases.take(
        environment_id=environment.pk,
        holder=execution.worker_name(),
        deployment_id=deployment.pk if deployment else None,  # type: ignore[arg-type]
    )
    return held.fencing if held else 0


def let_go(slug: str) -> str:
    """Whoever held the lease gives it back; who that was."""
    lease = Lease.objects.get(environment__project__slug=slug)
    leases.release(leases.Held(lease.environment_id, lease.holder, lease.fencing))
    return lease.holder


def plan(deployment_id: int, moment: float = 0.0) -> str:
    """A worker that was told to plan."""
    _wait(moment)
    return planning.make_plan(deployment_id=deployment_id).status


def approve(deployment_id: int, moment: float) -> str:
    """Ada approves."""
    digest = Deployment.objects.get(pk=deployment_id).plan.digest
    _wait(moment)
    return _heard(lambda: approvals.approve(deployment_id=deployment_id, actor=_user("ada"), review=Review(digest)))


def reject(deployment_id: int, moment: float) -> str:
    """Olga rejects."""
    digest = Deployment.objects.get(pk=deployment_id).plan.digest
    _wait(moment)
    return _heard(lambda: approvals.reject(deployment_id=deployment_id, actor=_user("olga"), review=Review(digest)))


def discard(deployment_id: int, moment: float) -> str:
    """Bob gives the plan up."""
    _wait(moment)
    return _heard(lambda: orders.discard(deployment_id=deployment_id, actor=_user("bob")))


def start(deployment_id: int, moment: float) -> str:
    """Bob starts it."""
    _wait(moment)
    return _heard(lambda: orders.start(deployment_id=deployment_id, actor=_user("bob"), inline=True))


def freeze(deployment_id: int, moment: float) -> str:
    """The owners freeze the environment."""
    environment = Deployment.objects.get(pk=deployment_id).environment
    today = datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0)
    times = Once(today - timedelta(hours=1), today + timedelta(hours=1))
    asked = Protection(approvals=(Requirement(),), editor_may_approve=True, freezes=(Freeze("now", "UTC", times),))
    _wait(moment)
    protecting.put_in_force(environment=environment, protection=asked, author=None)
    return "done"


def edit(deployment_id: int, moment: float) -> str:
    """Somebody saves another revision of the configuration."""
    deployment = Deployment.objects.get(pk=deployment_id)
    project, latest = deployment.environment.project, deployment.configuration
    text = f"{latest.text}# {deployment_id}\n"
    _wait(moment)
    number = project.configurations.latest("number").number
    editing.save_configuration(project=project, text=text, author=_user("bob"), message="", base_number=number)
    return "done"


def cancel(deployment_id: int, moment: float) -> str:
    """Bob cancels it."""
    _wait(moment)
    return _heard(lambda: orders.cancel(deployment_id=deployment_id, actor=_user("bob")))


def run(deployment_id: int, moment: float) -> str:
    """A worker that was told to run it."""
    _wait(moment)
    return execution.run(deployment_id=deployment_id).status


def _heard(act: Any) -> str:
    """What somebody is told: done, or why not."""
    try:
        act()
    except (NotAllowed, OutOfDate) as refusal:
        return type(refusal).__name__
    return "done"


def _user(name: str) -> User:
    return User.objects.get(username=name)


def _wait(moment: float) -> None:
    connection.ensure_connection()
    time.sleep(max(0.0, moment - time.monotonic()))
