"""Reviews of a plan: an approval is one person's signature on exactly these bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from deployments import orders
from deployments.auditing import audit
from deployments.deciding import decisions, renderings
from deployments.errors import NotAllowed, OutOfDate, WorkflowError
from deployments.models import Approval, Deployment, Status
from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from projects.access import role_in
from projects.audit.deeds import Deed
from projects.models import User
from projects.people.api_tokens import stands_behind
from projects.protection.deciding import FRESH, Decision
from projects.protection.model import Protection
from projects.roles import Action, Role, can

OPEN_TO_REVIEW = (Status.WAITING, Status.READY)
"""While it can be reviewed: until somebody starts it."""
REVIEWED = (*OPEN_TO_REVIEW, Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody says of a plan.

    `plan_digest` is of the plan they looked at, `saw` the digest of how the page showed it (empty: no page was looked
    at), `factor_at` when they last showed a second factor.
    """

    plan_digest: str
    comment: str = ""
    saw: str = ""
    factor_at: datetime | None = None


def why_not(deployment: Deployment, user: User, role: Role | None) -> str:
    """Why this person may not approve this plan, as a sentence; empty when they may."""
    if refusal := _why_no_review(deployment, user, role):
        return refusal
    protection = decisions.asked_of(deployment).protection
    if deployment.proposed_by_id == user.pk and not protection.proposer_may_approve:
        return "You proposed this plan; somebody else has to approve it."
    if not protection.proposer_may_approve and deployment.proposed_by and stands_behind(deployment.proposed_by, user):
        return "A service account proposed this plan, and you made its token; somebody else has to approve it."
    if deployment.configuration.author_id == user.pk and not protection.editor_may_approve:
        return "You edited the configuration of this plan last; somebody else has to approve it."
    return ""


def why_no_rejection(deployment: Deployment, user: User, role: Role | None) -> str:
    """Why this person may not reject this plan; everybody may who may approve plans, their own included."""
    return _why_no_review(deployment, user, role)


def needs_factor(deployment: Deployment, factor_at: datetime | None) -> bool:
    """Whether somebody who approves now has to show a second factor first."""
    return decisions.asked_of(deployment).protection.fresh_factor and not is_fresh(factor_at)


def is_fresh(factor_at: datetime | None) -> bool:
    """Whether a second factor was shown just now."""
    return factor_at is not None and timedelta() <= timezone.now() - factor_at <= FRESH


def approve(*, deployment_id: int, actor: User, review: Review, inline: bool = False) -> Deployment:
    """Signs the plan that the person saw; the last signature needed makes it ready, and may start it.

    Signing twice is signing once. `inline`: the caller runs it in this process, so no worker is told.

    Raises:
        WorkflowError: with the sentence why; nothing was written.
    """
    with transaction.atomic():
        deployment = _review(deployment_id, actor, review, approved=True)
        if deployment.status == Status.WAITING:
            advance(deployment, actor=actor, comment=review.comment, inline=inline)
    return deployment


def reject(*, deployment_id: int, actor: User, review: Review) -> Deployment:
    """Refuses the plan; one refusal ends it.

    Raises:
        WorkflowError: with the sentence why; nothing was written.
    """
    with transaction.atomic():
        deployment = _review(deployment_id, actor, review, approved=False)
        deployment.status = Status.REJECTED
        deployment.save(update_fields=["status"])
        tell(
            Occasion.PLAN_REJECTED,
            environment=deployment.environment,
            deployment=deployment,
            actor_text=actor.text,
            why=review.comment,
        )
    return deployment


def advance(deployment: Deployment, *, actor: User | None = None, comment: str = "", inline: bool = False) -> Decision:
    """Moves a plan that waits, or is ready, to where it stands now, tells of it, and starts it where that was asked.

    The caller holds the row's lock. `actor` is who made the difference, None for time or a change of rules.
    """
    before = deployment.status
    answer = decisions.settle(deployment)
    if before == Status.WAITING and deployment.status == Status.READY:
        tell(
            Occasion.PLAN_APPROVED,
            environment=deployment.environment,
            deployment=deployment,
            actor_text=actor.text if actor else "",
            why=comment,
        )
        if deployment.run_when_approved and not deployment.environment.asks_for_code:
            orders.start(deployment_id=deployment.pk, actor=deployment.proposed_by or actor, inline=inline)
            deployment.refresh_from_db()
    return answer


def _why_no_review(deployment: Deployment, user: User, role: Role | None) -> str:
    if deployment.status not in OPEN_TO_REVIEW:
        return f"This plan is not waiting for approval; it is: {deployment.get_status_display()}."
    if user.scope is not None:
        return "A token can never approve or reject a plan; a person has to, signed in."
    if not can(role, Action.APPROVE):
        return "Only approvers and owners may approve or reject here."
    if deployment.approvals.filter(actor=user).exists():
        return "You have already reviewed this plan."
    return ""


def _review(deployment_id: int, actor: User, review: Review, *, approved: bool) -> Deployment:
    """Writes the review under the deployment's row lock, or raises."""
    deployment = Deployment.objects.select_for_update().get(pk=deployment_id)
    plan = deployment.plan
    same = deployment.approvals.filter(actor=actor, approved=approved, plan_digest=review.plan_digest).exists()
    if same and deployment.status in REVIEWED:
        return deployment  # a double click
    if plan.digest != review.plan_digest:
        raise OutOfDate("The plan is no longer the one you looked at. Reload the page and review what it is now.")
    role = role_in(deployment.environment.project_id, actor, deployment.environment)
    if refusal := (why_not if approved else why_no_rejection)(deployment, actor, role):
        raise NotAllowed(refusal)
    asked = decisions.asked_of(deployment)
    if approved:
        _meets(asked.protection, deployment, review)
    now, subject = timezone.now(), plan.value().subject
    hours = asked.protection.approvals_expire_hours
    row = Approval.objects.create(
        deployment=deployment,
        actor=actor,
        actor_text=actor.text,
        approved=approved,
        comment=review.comment,
        plan_digest=review.plan_digest,
        base_digest=subject.base_digest,
        live_fingerprint=subject.live_fingerprint,
        protection=asked.number,
        saw=renderings.keep(deployment, review.saw) if review.saw else None,
        factor_at=review.factor_at,
        expires_at=now + timedelta(hours=hours) if hours is not None else None,
    )
    audit(
        Deed.PLAN_APPROVED if approved else Deed.PLAN_REJECTED,
        deployment,
        actor,
        digest=review.plan_digest,
        comment=review.comment,
        protection=asked.number,
        saw=row.saw_id,
    )
    return deployment


def _meets(protection: Protection, deployment: Deployment, review: Review) -> None:
    """Raises when an approval as it is given would not count."""
    if protection.comment_required and not review.comment.strip():
        raise WorkflowError("An approval needs a comment here: say what you looked at.")
    if needs_factor(deployment, review.factor_at):
        raise NotAllowed("Show your second factor again to approve this plan.")
