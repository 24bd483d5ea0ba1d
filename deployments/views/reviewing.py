"""What a deployment's page says of its approval, and what this person may do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deployments import approvals
from deployments.deciding import decisions, emergencies, facts, freezes, renderings
from deployments.engine.errors import PlanMismatch
from deployments.forms import EmergencyForm, FindingsForm, OverrideForm, ReviewForm
from deployments.holding.concerning import standing_before
from deployments.holding.forms import PassForm
from deployments.holding.lifting import may_pass
from deployments.holding.models import Hold
from deployments.models import Deployment, Emergency, Status
from deployments.plan_reading import row
from projects.access import Access
from projects.models import User

WAITS = (Status.WAITING, Status.READY)


def reviewing(access: Access, found: Deployment, draft: str = "") -> dict[str, Any]:
    """The decision as it is now, the reviews, and the forms of those who may; `draft` is what was typed before."""
    context: dict[str, Any] = {
        "reviews": found.approvals.select_related("saw"),
        "overrides": found.overrides.all(),
        "emergency": Emergency.objects.filter(deployment=found).first(),
        "moved": _moved(found),
        "hold_passes": list(found.hold_passes.select_related("hold__environment")),
    }
    if (emergency := context["emergency"]) is not None:
        context["findings_form"] = FindingsForm(initial={"findings": draft})
        context["why_no_look"] = emergencies.why_no_look(emergency, access.user, access.role)
    if found.status not in WAITS:
        return context
    why_not = approvals.why_not(found, access.user, access.role)
    why_no_rejection = approvals.why_no_rejection(found, access.user, access.role)
    seen = {"plan_digest": found.plan.digest}
    if not (why_not and why_no_rejection):
        seen["saw"] = renderings.digest_of(renderings.rendering_of(found))
    if emergencies.may_declare(found, access.user, access.role):
        context["emergency_form"] = EmergencyForm(initial=seen)
    return context | {
        "held_by": list(_held_by(found, {row.hold_id for row in context["hold_passes"]}, access.user)),
        "decision": decisions.decision(found),
        "asked": decisions.asked_of(found),
        "why_not": why_not,
        "may_reject": not why_no_rejection,
        "review_form": ReviewForm(initial=seen | {"comment": draft}),
        "frozen": [
            (window, OverrideForm(initial={"freeze": window.freeze.name, "plan_digest": found.plan.digest}))
            for window in freezes.open_now(found)
        ]
        if freezes.may_override(access.role)
        else [],
    }


def _held_by(found: Deployment, passed: set[int], user: User) -> Iterator[tuple[Hold, PassForm | None]]:
    """Each hold that nobody let the plan pass, with a form for whoever may."""
    for hold in standing_before(found):
        if hold.pk not in passed:
            form = PassForm(initial={"hold": hold.pk, "plan_digest": found.plan.digest}, auto_id=f"id_{hold.pk}_%s")
            yield hold, form if may_pass(hold, found, user) else None


def _moved(found: Deployment) -> dict[str, Any] | None:
    """The plan held against the one in whose place it was made."""
    if found.predecessor_id is None:
        return None
    try:
        held = facts.coverage_of(found, found.plan.value())
    except PlanMismatch:
        return None
    if held is None:
        return None
    approved, coverage = held
    return {
        "from": approved,
        "coverage": coverage,
        "added": [row(change) for change in coverage.added],
        "altered": [(row(each.now), each.parts) for each in coverage.altered],
        "gone": [row(change) for change in coverage.gone],
        "lessened": [row(change) for change in coverage.lessened],
    }
