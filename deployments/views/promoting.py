"""Promoting a deployment to another environment."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from deployments import promotions
from deployments.errors import WorkflowError
from deployments.forms import PromotionForm
from deployments.models import Method
from deployments.views.deployments import opened
from projects.access import access_to
from projects.roles import Action


@require_POST
def promote(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Plans the same configuration and sources for the environment that `environment` names."""
    _, found = opened(request, slug, public_id)
    form = PromotionForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose the environment to promote it to.")
        return redirect("deployment", slug, public_id)
    there = access_to(request.user, slug, Action.PROPOSE, form.cleaned_data["environment"])
    try:
        made = promotions.propose(deployment=found, to=there.place, actor=there.user, method=Method.WEB)
    except WorkflowError as refusal:
        messages.error(request, str(refusal))
        return redirect("deployment", slug, public_id)
    return redirect("deployment", slug, made.public_id)
