"""Approving and rejecting a plan, and the two ways around a rule: letting a plan pass a freeze, and an emergency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from deployments import approvals
from deployments.approvals import Review
from deployments.deciding import emergencies, freezes, renderings
from deployments.errors import NotAllowed, WorkflowError
from deployments.forms import EmergencyForm, FindingsForm, OverrideForm, ReviewForm
from deployments.models import Deployment, Emergency, Rendering
from deployments.views.deployments import opened
from deployments.views.telling import tell_pages
from projects.access import Access
from projects.audit.middleware import denied
from projects.forms import StyledForm
from projects.pages import page
from projects.people import factors
from projects.roles import Action


@require_POST
def approve(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Signs exactly the plan the form was shown with; asks for a second factor first where that has to be fresh."""
    access, found = opened(request, slug, public_id, Action.APPROVE)
    shown = factors.factor_at(request)
    if approvals.needs_factor(found, shown):
        return _ask_for_factor(request, access, found)

    def act(plan_digest: str, comment: str, saw: str) -> None:
        review = Review(plan_digest, comment, saw, shown)
        approvals.approve(deployment_id=found.pk, actor=access.user, review=review)

    return _act(request, found, ReviewForm(request.POST), act, "You approved the plan.")


@require_POST
def reject(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Refuses it, which ends it."""
    access, found = opened(request, slug, public_id, Action.APPROVE)

    def act(plan_digest: str, comment: str, saw: str) -> None:
        review = Review(plan_digest, comment, saw, factors.factor_at(request))
        approvals.reject(deployment_id=found.pk, actor=access.user, review=review)

    return _act(request, found, ReviewForm(request.POST), act, "You rejected the plan.")


@require_POST
def override(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Lets exactly this plan pass a freeze; for owners, with a reason."""
    access, found = opened(request, slug, public_id, Action.MANAGE_ENVIRONMENTS)

    def act(freeze: str, reason: str, plan_digest: str) -> None:
        freezes.override(
            deployment_id=found.pk, actor=access.user, freeze=freeze, reason=reason, plan_digest=plan_digest
        )

    return _act(request, found, OverrideForm(request.POST), act, "This plan may pass the freeze.")


@require_POST
def emergency(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Deploys exactly this plan without approval, with a reason and a fresh second factor."""
    access, found = opened(request, slug, public_id, Action.BREAK_GLASS)
    shown = factors.factor_at(request)
    if not approvals.is_fresh(shown):
        return _ask_for_factor(request, access, found)

    def act(reason: str, plan_digest: str) -> None:
        emergencies.declare(
            deployment_id=found.pk, actor=access.user, reason=reason, plan_digest=plan_digest, factor_at=shown
        )

    told = "It is deployed without approval. Everybody who guards this environment is told; a second person reviews it."
    return _act(request, found, EmergencyForm(request.POST), act, told)


@require_POST
def look_at(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """A second person settles the debt of an emergency."""
    access, found = opened(request, slug, public_id, Action.APPROVE)
    get_object_or_404(Emergency, deployment=found)

    def act(findings: str) -> None:
        emergencies.look_at(deployment_id=found.pk, actor=access.user, findings=findings)

    return _act(request, found, FindingsForm(request.POST), act, "You reviewed the emergency.")


@require_GET
def seen(request: HttpRequest, slug: str, public_id: str, digest: str) -> HttpResponse:
    """What people saw of the plan when they reviewed it."""
    access, found = opened(request, slug, public_id)
    rows = found.approvals.filter(saw=digest)
    shown = get_object_or_404(Rendering, digest=digest, pk__in=rows.values("saw"))
    context = {
        "access": access,
        "tab": "deployments",
        "deployment": found,
        "rendering": shown,
        "markup": renderings.as_it_was(shown),
        "reviews": rows,
    }
    return page(request, "deployments/seen.html", context)


def _act(request: HttpRequest, found: Deployment, form: StyledForm, act: Callable[..., Any], done: str) -> HttpResponse:
    """Does what the form says; what was typed comes back where it cannot be done."""
    slug, public_id = found.environment.project.slug, found.public_id
    draft = f"draft-{public_id}"
    typed = next((request.POST[name] for name in ("comment", "reason", "findings") if request.POST.get(name)), "")
    request.session[draft] = typed[:2000]
    if not form.is_valid():
        missing = [
            f"{form.fields[name].label or name}: {' '.join(map(str, said))}" for name, said in form.errors.items()
        ]
        messages.error(request, f"Nothing was done. {' '.join(missing)}")
        return redirect("deployment", slug, public_id)
    try:
        act(**form.cleaned_data)
    except WorkflowError as refusal:
        messages.error(request, str(refusal))
        if isinstance(refusal, NotAllowed):
            denied(request, found.environment.project, str(refusal))
    else:
        del request.session[draft]
        messages.success(request, done)
        tell_pages(found.pk)
    return redirect("deployment", slug, public_id)


def _ask_for_factor(request: HttpRequest, access: Access, found: Deployment) -> HttpResponse:
    if factors.has_factor(access.user):
        return factors.ask_again(request)
    messages.error(
        request, "This needs a second factor, and your account has none. Set one up under Account, then come back."
    )
    return redirect("deployment", access.project.slug, found.public_id)
