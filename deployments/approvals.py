"""Reviews of a plan: an approval is one person's signature on exactly these bytes."""

from __future__ import annotations

from django.db import transaction

from deployments import orders, protection
from deployments.auditing import audit
from deployments.errors import NotAllowed, OutOfDate
from deployments.models import Approval, Deployment, Status
from deployments.protection import Rule, Standing
from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from projects import protecting
from projects.access import role_in
from projects.audit.deeds import Deed
from projects.models import Environment, Membership, User
from projects.people.api_tokens import stands_behind
from projects.roles import Action, Role, can


def standing(deployment: Deployment) -> Standing:
    """Where the plan stands now, with the roles people have now."""
    environment = deployment.environment
    roles = {
        membership.user_id: Role(membership.role)
        for membership in Membership.objects.filter(project_id=environment.project_id)
    }
    return protection.stand(
        # What takes a failed run back was agreed to with the environment's settings and with that run.
        rule=Rule(0 if deployment.undoes else _required(environment)),
        plan_digest=deployment.plan.digest,
        proposer=deployment.proposed_by_id,
        reviews=[
            protection.Review(
                person=approval.actor_id,
                name=approval.actor_text,
                approved=approval.approved,
                plan_digest=approval.plan_digest,
                may_approve=can(roles.get(approval.actor_id or 0), Action.APPROVE),
            )
            for approval in deployment.approvals.all()
        ],
    )


def _required(environment: Environment) -> int:
    return sum(requirement.count for requirement in protecting.in_force(environment).protection.approvals)


def why_not(deployment: Deployment, user: User, role: Role | None) -> str:
    """Why this person may not review this plan, as a sentence; empty when they may."""
    if deployment.status != Status.WAITING:
        return f"This plan is not waiting for approval; it is: {deployment.get_status_display()}."
    if user.scope is not None:
        return "A token can never approve or reject a plan; a person has to, signed in."
    if not can(role, Action.APPROVE):
        return "Only approvers and owners of the project may approve or reject."
    if deployment.proposed_by_id == user.pk:
        return "You proposed this plan; somebody else has to approve it."
    if deployment.proposed_by and stands_behind(deployment.proposed_by, user):
        return "A service account proposed this plan, and you made its token; somebody else has to approve it."
    if deployment.approvals.filter(actor=user).exists():
        return "You have already reviewed this plan."
    return ""


def approve(*, deployment_id: int, actor: User, comment: str, plan_digest: str, inline: bool = False) -> Deployment:
    """Signs the plan whose digest the person saw; the last signature needed makes it ready, and may start it.

    Signing twice is signing once. `inline`: the caller runs it in this process, so no worker is told.

    Raises:
        NotAllowed, OutOfDate: with the sentence why; nothing was written.
    """
    with transaction.atomic():
        deployment = _review(deployment_id, actor, comment, plan_digest, approved=True)
        if deployment.status == Status.WAITING and standing(deployment).allowed:
            deployment.status = Status.READY
            deployment.save(update_fields=["status"])
            _tell(Occasion.PLAN_APPROVED, deployment, actor, comment)
            if deployment.run_when_approved and not deployment.environment.asks_for_code:
                orders.start(deployment_id=deployment.pk, actor=deployment.proposed_by or actor, inline=inline)
                deployment.refresh_from_db()
    return deployment


def reject(*, deployment_id: int, actor: User, comment: str, plan_digest: str) -> Deployment:
    """Refuses the plan; one refusal ends it.

    Raises:
        NotAllowed, OutOfDate: with the sentence why; nothing was written.
    """
    with transaction.atomic():
        deployment = _review(deployment_id, actor, comment, plan_digest, approved=False)
        deployment.status = Status.REJECTED
        deployment.save(update_fields=["status"])
        _tell(Occasion.PLAN_REJECTED, deployment, actor, comment)
    return deployment


def _tell(occasion: Occasion, deployment: Deployment, actor: User, comment: str) -> None:
    tell(occasion, environment=deployment.environment, deployment=deployment, actor_text=actor.text, why=comment)


def _review(deployment_id: int, actor: User, comment: str, plan_digest: str, *, approved: bool) -> Deployment:
    """Writes the review under the deployment's row lock, or raises."""
    deployment = Deployment.objects.select_for_update().get(pk=deployment_id)
    same = deployment.approvals.filter(actor=actor, approved=approved, plan_digest=plan_digest).exists()
    if same and deployment.status in (Status.WAITING, Status.READY, Status.QUEUED, Status.RUNNING):
        return deployment  # a double click
    if deployment.plan.digest != plan_digest:
        raise OutOfDate("The plan is no longer the one you looked at. Reload the page and review what it is now.")
    refusal = why_not(deployment, actor, role_in(deployment.environment.project_id, actor))
    if refusal:
        raise NotAllowed(refusal)
    Approval.objects.create(
        deployment=deployment,
        actor=actor,
        actor_text=actor.text,
        approved=approved,
        comment=comment,
        plan_digest=plan_digest,
    )
    deed = Deed.PLAN_APPROVED if approved else Deed.PLAN_REJECTED
    audit(deed, deployment, actor, digest=plan_digest, comment=comment)
    return deployment
