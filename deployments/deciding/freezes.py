"""Freezes of an environment: which are open, how an owner lets one plan pass, and what becomes of what runs."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from deployments import approvals
from deployments.auditing import audit
from deployments.deciding import decisions, facts
from deployments.errors import NotAllowed, OutOfDate
from deployments.models import Deployment, FreezeOverride, Status
from projects.access import role_in
from projects.audit.deeds import Deed
from projects.models import User
from projects.protection.deciding import stopping
from projects.protection.freezing import Window, open_windows
from projects.roles import Role


def open_now(deployment: Deployment) -> tuple[Window, ...]:
    """The freezes that keep this plan from starting now, and that nobody has overridden for it."""
    asked = decisions.asked_of(deployment).protection
    windows = open_windows(asked.freezes, timezone.now())
    passed = {
        (row.freeze, row.plan_digest)
        for row in deployment.overrides.all()
        for window in windows
        if window.freeze.name == row.freeze and window.holds(row.created_at)
    }
    return tuple(window for window in windows if (window.freeze.name, deployment.plan.digest) not in passed)


def may_override(role: Role | None) -> bool:
    """Only owners may."""
    return role is Role.OWNER


def override(
    *, deployment_id: int, actor: User, freeze: str, reason: str, plan_digest: str, inline: bool = False
) -> Deployment:
    """Lets exactly this plan pass the freeze of that name while its window lasts. Doing so twice is doing so once.

    Raises:
        NotAllowed: not an owner, or a token.
        OutOfDate: the plan is another one or waits no more, or no such freeze is open now.
    """
    with transaction.atomic():
        deployment = Deployment.objects.select_for_update().get(pk=deployment_id)
        role = role_in(deployment.environment.project_id, actor, deployment.environment)
        if not may_override(role) or actor.scope is not None:
            raise NotAllowed("Only an owner may override a freeze, in person.")
        if deployment.status not in approvals.OPEN_TO_REVIEW or deployment.plan.digest != plan_digest:
            raise OutOfDate("The plan is no longer the one you looked at. Reload the page.")
        if freeze not in {window.freeze.name for window in open_now(deployment)}:
            raise OutOfDate("This freeze does not hold this plan back any more.")
        FreezeOverride.objects.create(
            deployment=deployment,
            actor=actor,
            actor_text=actor.text,
            plan_digest=plan_digest,
            freeze=freeze,
            reason=reason,
        )
        audit(Deed.FREEZE_OVERRIDDEN, deployment, actor, freeze=freeze, reason=reason, digest=plan_digest)
        approvals.advance(deployment, actor=actor, comment=reason, inline=inline)
    return deployment


def end_running() -> int:
    """Asks the runs to stop that a freeze ends which began since they started; returns how many."""
    ended = 0
    for deployment in Deployment.objects.filter(status=Status.RUNNING, cancelled_by_text="").select_related(
        "environment__project", "plan", "configuration", "source"
    ):
        asked = decisions.asked_of(deployment).protection
        if not asked.freezes:
            continue
        windows = stopping(asked.freezes, facts.facts_of(deployment, asked), timezone.now())
        if windows:
            why = f"the freeze {windows[0].freeze.name}"
            with transaction.atomic():
                running = Deployment.objects.filter(pk=deployment.pk, status=Status.RUNNING, cancelled_by_text="")
                if running.update(cancelled_by_text=why[:150]):
                    audit(Deed.RUN_CANCELLED, deployment, None, why=why)
                    ended += 1
    return ended
