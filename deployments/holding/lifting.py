"""Resuming what is held, and letting one plan pass."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from deployments import approvals
from deployments.auditing import audit as audit_deployment
from deployments.errors import NotAllowed, OutOfDate, WorkflowError
from deployments.holding.concerning import opens_to_deployers, said, standing_before
from deployments.holding.models import Hold, HoldPass
from deployments.holding.placing import may_hold
from deployments.models import Deployment, Status
from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from projects.access import role_in
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.models import Environment, User
from projects.roles import Action, can

NO_REASON = "Say why, so that whoever reads it later can tell what changed."


def lift(*, hold_id: int, environment: Environment, actor: User, reason: str) -> Hold:
    """Resumes what a hold of the environment held; of several who do so at once one does it.

    Raises:
        NotAllowed: the role is not enough in every environment it is about, or it is a token.
        OutOfDate: somebody else was quicker, or there is no such hold here.
        WorkflowError: there is no reason.
    """
    if not reason.strip():
        raise WorkflowError(NO_REASON)
    with transaction.atomic():
        hold = Hold.objects.at(environment).select_related("environment", "because_of").filter(pk=hold_id).first()
        if hold is None:
            raise OutOfDate("There is no such hold here.")
        if not may_hold(actor, environment, everywhere=hold.environment is None):
            raise NotAllowed("Only approvers and owners of all the environments it is about may resume, in person.")
        lifted = Hold.objects.standing().filter(pk=hold.pk)
        if not lifted.update(
            lifted_by=actor, lifted_by_text=actor.text, lifted_at=timezone.now(), lift_reason=reason[:2000]
        ):
            hold.refresh_from_db()
            raise OutOfDate(f"{hold.lifted_by_text} has resumed it already.")
        hold.refresh_from_db()
        audit(
            Deed.HOLD_LIFTED,
            actor=actor,
            environment=environment,
            target_type="hold",
            target=hold.pk,
            detail={"what": hold.what, "where": hold.where, "reason": reason},
        )
        why = f"{hold.what} is not held in {hold.where} any more: {reason}"
        tell(Occasion.HOLD_LIFTED, environment=environment, actor_text=actor.text, why=why)
    return hold


def may_pass(hold: Hold, deployment: Deployment, user: User) -> bool:
    """Whether this person may let the plan pass, in person; a plan of theirs or of somebody else."""
    role = role_in(deployment.environment.project_id, user, deployment.environment)
    return user.scope is None and can(role, Action.RUN if opens_to_deployers(hold) else Action.HOLD)


def let_pass(
    *, deployment_id: int, hold_id: int, actor: User, reason: str, plan_digest: str, inline: bool = False
) -> Deployment:
    """Lets exactly this plan run in spite of the hold, which stands for everything else. Twice is once.

    Raises:
        NotAllowed: the role is not enough, or it is a token.
        OutOfDate: the plan is another one or waits no more, or that hold does not concern it.
        WorkflowError: there is no reason.
    """
    if not reason.strip():
        raise WorkflowError(NO_REASON)
    with transaction.atomic():
        deployment = Deployment.objects.select_for_update().get(pk=deployment_id)
        hold = next((each for each in standing_before(deployment) if each.pk == hold_id), None)
        if hold is None:
            raise OutOfDate("That does not hold this plan back any more. Reload the page.")
        if not may_pass(hold, deployment, actor):
            raise NotAllowed("Only those who may resume what is held may let this plan pass, in person.")
        if deployment.status not in (Status.WAITING, Status.READY) or deployment.plan.digest != plan_digest:
            raise OutOfDate("The plan is no longer the one you looked at, or waits no more. Reload the page.")
        _, new = HoldPass.objects.get_or_create(
            hold=hold,
            deployment=deployment,
            defaults={
                "actor": actor,
                "actor_text": actor.text,
                "plan_digest": plan_digest,
                "reason": reason[:2000],
            },
        )
        if new:
            audit_deployment(Deed.HOLD_PASSED, deployment, actor, hold=said(hold), reason=reason, digest=plan_digest)
            approvals.advance(deployment, actor=actor, comment=reason, inline=inline)
    return deployment
