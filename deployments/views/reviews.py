"""Approving and rejecting a plan."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from deployments import approvals
from deployments.errors import WorkflowError
from deployments.forms import ReviewForm
from deployments.models import Deployment
from deployments.views.deployments import opened
from deployments.views.telling import tell_pages
from projects.roles import Action


@require_POST
def approve(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Signs exactly the plan the form was shown with."""
    return _review(request, slug, public_id, approvals.approve, "You approved the plan.")


@require_POST
def reject(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Refuses it, which ends it."""
    return _review(request, slug, public_id, approvals.reject, "You rejected the plan.")


def _review(request: HttpRequest, slug: str, public_id: str, act: Callable[..., Deployment], done: str) -> HttpResponse:
    access, found = opened(request, slug, public_id, Action.APPROVE)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        messages.error(request, "The review could not be read. Reload the page and send it again.")
        return redirect("deployment", slug, public_id)
    try:
        act(deployment_id=found.pk, actor=access.user, **form.cleaned_data)
    except WorkflowError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
        tell_pages(found.pk)
    return redirect("deployment", slug, public_id)
