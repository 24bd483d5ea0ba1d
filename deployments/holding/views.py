"""The holds of an environment, and letting one plan pass."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from deployments.errors import NotAllowed, WorkflowError
from deployments.holding import lifting, placing
from deployments.holding.concerning import standing_at
from deployments.holding.forms import HoldForm, PassForm, ReasonForm
from deployments.holding.models import Hold
from deployments.views.deployments import opened
from deployments.views.telling import tell_pages
from projects.access import access_to
from projects.audit.middleware import denied
from projects.pages import page, posted
from projects.roles import Action

PAST = 50


@require_http_methods(["GET", "POST"])
def holds(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """What is held, what was, and the form of those who may hold something."""
    access = access_to(request.user, slug, Action.HOLD if request.method == "POST" else Action.VIEW, name)
    form = HoldForm(posted(request), environment=access.place)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            placing.place(
                environment=access.place,
                actor=access.user,
                reason=said["reason"],
                bringer=said["release"],
                everywhere=said["everywhere"],
            )
        except WorkflowError as refusal:
            if isinstance(refusal, NotAllowed):
                denied(request, access.project, str(refusal))
            form.add_error(None, str(refusal))
        else:
            return redirect("environment-holds", slug, name)
    rows = Hold.objects.at(access.place).exclude(lifted_at=None)
    context = {
        "access": access,
        "tab": "overview",
        "environment": access.place,
        "form": form,
        "standing": standing_at(access.place),
        "resume_form": ReasonForm(),
        "past": rows.select_related("environment", "because_of")[:PAST],
    }
    return page(request, "holding/holds.html", context, status=422 if form.errors else 200)


@require_POST
def lift(request: HttpRequest, slug: str, name: str, pk: int) -> HttpResponse:
    """Resumes."""
    access = access_to(request.user, slug, Action.HOLD, name)
    hold = get_object_or_404(Hold.objects.at(access.place), pk=pk)
    form = ReasonForm(request.POST)
    try:
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        hold = lifting.lift(hold_id=hold.pk, environment=access.place, actor=access.user, reason=reason)
    except WorkflowError as refusal:
        if isinstance(refusal, NotAllowed):
            denied(request, access.project, str(refusal))
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Resumed: {hold.what} is not held in {hold.where} any more.")
    return redirect("environment-holds", slug, name)


@require_POST
def let_pass(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Lets exactly the plan that was shown pass one hold."""
    access, found = opened(request, slug, public_id, Action.RUN)
    form = PassForm(request.POST)
    try:
        if not form.is_valid():
            raise WorkflowError(lifting.NO_REASON)
        said = form.cleaned_data
        lifting.let_pass(
            deployment_id=found.pk,
            hold_id=said["hold"],
            actor=access.user,
            reason=said["reason"],
            plan_digest=said["plan_digest"],
        )
    except WorkflowError as refusal:
        if isinstance(refusal, NotAllowed):
            denied(request, access.project, str(refusal))
        messages.error(request, str(refusal))
    else:
        tell_pages(found.pk)
    return redirect("deployment", slug, public_id)
