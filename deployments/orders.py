"""What people order of a plan: start it, cancel it, give it up. Each function owns its transaction."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from deployments import second_factor
from deployments.auditing import audit
from deployments.deciding import decisions
from deployments.dispatch import enqueue
from deployments.errors import NotAllowed, OutOfDate, WorkflowError
from deployments.models import INTERRUPTIBLE, Deployment, Status
from projects.access import role_in
from projects.audit.deeds import Deed
from projects.audit.writing import SYSTEM
from projects.models import User
from projects.roles import Action, can


def start(*, deployment_id: int, actor: User | None, inline: bool = False) -> Deployment:
    """Queues a ready plan. Pressing twice is pressing once. `inline`: the caller runs it in this process.

    `actor` is None for what nobody in person starts; it waits in the queue where a code is asked for.

    Raises:
        OutOfDate: it is not ready (any more).
        WorkflowError: the environment asks for a code, and none was entered.
    """
    with transaction.atomic():
        deployment = Deployment.objects.select_for_update().get(pk=deployment_id)
        answer = decisions.settle(deployment) if deployment.status == Status.READY else None
        if deployment.status == Status.READY:
            if actor is not None and second_factor.is_missing(deployment):
                name = deployment.environment.name
                raise WorkflowError(f"{name} asks for a code of its MFA device. Enter it to deploy.")
            deployment.status, deployment.queued_at = Status.QUEUED, timezone.now()
            deployment.run_by, deployment.run_by_text = actor, actor.text if actor else SYSTEM
            deployment.save(update_fields=["status", "queued_at", "run_by", "run_by_text"])
            audit(Deed.RUN_STARTED, deployment, actor)
            if not inline:
                enqueue("run", deployment_id)
    if answer is not None and not answer.allowed:  # where it stands now is kept
        raise OutOfDate(f"This plan cannot be deployed now. {' '.join(answer.words)}")
    if answer is None and not (deployment.status in INTERRUPTIBLE and deployment.run_by == actor):
        raise OutOfDate(f"This plan cannot be deployed now; it is: {deployment.get_status_display()}.")
    return deployment


def cancel(*, deployment_id: int, actor: User) -> Deployment:
    """Takes a queued run out of the queue, or asks a running one to stop after the steps under way.

    Raises:
        NotAllowed: somebody else's run, and the role is not enough.
        OutOfDate: it is neither queued nor running.
    """
    with transaction.atomic():
        deployment = Deployment.objects.select_for_update().get(pk=deployment_id)
        role = role_in(deployment.environment.project_id, actor, deployment.environment)
        own = actor.pk in (deployment.run_by_id, deployment.proposed_by_id)
        if not can(role, Action.CANCEL_OWN if own else Action.CANCEL_ANY, actor.scope):
            who = "Only an owner of the project" if actor.scope is None else "No token"
            raise NotAllowed(f"{who} can cancel somebody else's run.")
        if deployment.status not in INTERRUPTIBLE:
            raise OutOfDate(f"There is nothing to cancel: {deployment.get_status_display()}.")
        deployment.cancelled_by_text = actor.text
        if deployment.status == Status.QUEUED:
            deployment.status = Status.DISCARDED
            deployment.error = f"{actor.text} took it out of the queue before it started."
            deployment.ended_at = timezone.now()
        deployment.save(update_fields=["cancelled_by_text", "status", "error", "ended_at"])
        audit(Deed.RUN_CANCELLED, deployment, actor)
    return deployment


def discard(*, deployment_id: int, actor: User) -> Deployment:
    """Gives up a plan that has not been started.

    Raises:
        OutOfDate: it has been started, or is closed already.
    """
    with transaction.atomic():
        moved = Deployment.objects.filter(
            pk=deployment_id, status__in=(Status.PLANNING, Status.WAITING, Status.READY)
        ).update(status=Status.DISCARDED, error=f"{actor.text} discarded the plan.", ended_at=timezone.now())
        deployment = Deployment.objects.get(pk=deployment_id)
        if not moved:
            raise OutOfDate(f"This plan cannot be discarded; it is: {deployment.get_status_display()}.")
        audit(Deed.PLAN_DISCARDED, deployment, actor)
    return deployment
