"""Breaking the glass: one person deploys without approvals, with a reason, and a second one looks at it afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from deployments import approvals, orders
from deployments.auditing import audit
from deployments.deciding import decisions
from deployments.errors import NotAllowed, OutOfDate, WorkflowError
from deployments.models import Deployment, Emergency, Status
from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from projects.access import role_in
from projects.audit.deeds import Deed
from projects.models import User
from projects.roles import Action, Role, can

OWED_AT_MOST = 5
"""How many emergencies a page's head names."""
SHORTEST_REASON = 10
"""Characters; whoever reads it later was not there."""


def may_declare(deployment: Deployment, user: User, role: Role | None) -> bool:
    """Whether this person could break the glass for this plan; the reason and the factor are asked for then."""
    return deployment.status == Status.WAITING and user.scope is None and can(role, Action.BREAK_GLASS)


def declare(
    *, deployment_id: int, actor: User, reason: str, plan_digest: str, factor_at: datetime | None, inline: bool = False
) -> Deployment:
    """Starts exactly this plan without anybody's approval.

    Raises:
        NotAllowed: the role is not enough, it is a token, or no fresh second factor was shown.
        OutOfDate: the plan is another one by now, or waits no more.
        WorkflowError: there is no reason that says anything.
    """
    with transaction.atomic():
        deployment = Deployment.objects.select_for_update().get(pk=deployment_id)
        if deployment.status != Status.WAITING or deployment.plan.digest != plan_digest:
            raise OutOfDate("The plan is no longer the one you looked at, or waits no more. Reload the page.")
        environment = deployment.environment
        if not may_declare(deployment, actor, role_in(environment.project_id, actor, environment)):
            raise NotAllowed("Only approvers and owners may deploy in an emergency, in person.")
        if len(reason.strip()) < SHORTEST_REASON:
            raise WorkflowError("Say what the emergency is, so that whoever reviews it later can tell.")
        if factor_at is None or not approvals.is_fresh(factor_at):
            raise NotAllowed("Show your second factor again to deploy in an emergency.")
        deployment.emergency = Emergency.objects.create(
            deployment=deployment,
            actor=actor,
            actor_text=actor.text,
            plan_digest=plan_digest,
            reason=reason,
            factor_at=factor_at,
        )
        audit(Deed.GLASS_BROKEN, deployment, actor, reason=reason, digest=plan_digest)
        tell(
            Occasion.BREAK_GLASS,
            environment=environment,
            deployment=deployment,
            actor_text=actor.text,
            why=reason,
        )
        decisions.settle(deployment)
        if environment.asks_for_code:
            return deployment  # it starts with the code
        return orders.start(deployment_id=deployment.pk, actor=actor, inline=inline)


def why_no_look(emergency: Emergency, user: User, role: Role | None) -> str:
    """Why this person cannot settle the debt, as a sentence; empty when they can."""
    if emergency.reviewed_at is not None:
        return f"{emergency.reviewed_by_text} has reviewed it."
    if user.scope is not None or not can(role, Action.APPROVE):
        return "An approver or owner has to review it, in person."
    if user.pk == emergency.actor_id:
        return "You declared this emergency; a second person has to review it."
    if emergency.deployment.ended_at is None:
        return "It can be reviewed once the run has ended."
    return ""


def look_at(*, deployment_id: int, actor: User, findings: str) -> Emergency:
    """A second person has looked at what was done, and says what they found; that settles the debt, once.

    Raises:
        NotAllowed: with the sentence why.
    """
    with transaction.atomic():
        emergency = Emergency.objects.select_for_update().get(pk=deployment_id)
        environment = emergency.deployment.environment
        if refusal := why_no_look(emergency, actor, role_in(environment.project_id, actor, environment)):
            raise NotAllowed(refusal)
        emergency.reviewed_by, emergency.reviewed_by_text = actor, actor.text
        emergency.reviewed_at, emergency.findings = timezone.now(), findings
        emergency.save(update_fields=["reviewed_by", "reviewed_by_text", "reviewed_at", "findings"])
        audit(Deed.EMERGENCY_REVIEWED, emergency.deployment, actor, findings=findings)
    return emergency


def owed(slug: str) -> list[Emergency]:
    """The emergencies of a project that are under way, or that nobody has reviewed yet; the oldest first."""
    rows = Emergency.objects.filter(deployment__environment__project__slug=slug, reviewed_at=None)
    rows = rows.exclude(deployment__status__in=(Status.STALE, Status.REJECTED, Status.DISCARDED))
    return list(rows.select_related("deployment__environment").order_by("pk")[:OWED_AT_MOST])


def banner(request: HttpRequest) -> dict[str, Any]:
    """For the head of every page of a project; asked for only where a template uses it."""
    match = request.resolver_match
    slug = match.kwargs.get("slug", "") if match else ""
    return {"owed_emergencies": lambda: owed(slug) if slug else []}
