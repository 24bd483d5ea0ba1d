"""Adopting a value that somebody set outside into the configuration."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from deployments.adopting import adopt as adopt_value
from deployments.drift import request_check
from deployments.engine.errors import PlanMismatch
from deployments.engine.plan import Change
from deployments.errors import WorkflowError
from deployments.models import Deployment, DriftCheck
from projects.access import access_to
from projects.models import Environment
from projects.roles import Action


@require_POST
def adopt(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The value is what the last look, or the named plan, found live; never what the browser says."""
    access = access_to(request.user, slug, Action.EDIT_CONFIGURATION, name)
    row = access.place
    sent = request.POST
    found = next((each for each in _seen(row, sent.get("deployment", "").replace("\0", "")) if _is(each, sent)), None)
    try:
        if found is None:
            raise WorkflowError("That is not among what differs any more. Look for drift again.")
        adopted = adopt_value(environment=row, change=found, path=sent["path"], actor=access.user)
    except WorkflowError as refusal:
        messages.error(request, str(refusal))
        return redirect("environment", slug, name)
    request_check(environment=row, actor=access.user)
    number = adopted.configuration.number
    told = f"Revision {number} says so now. A plan of {name} has nothing to do about it any more."
    if adopted.followers:
        told += f" The same place decides for {', '.join(adopted.followers)}; the next plan says what changes there."
    messages.success(request, told)
    return redirect("configuration-revision", slug, number)


def _seen(row: Environment, public_id: str) -> list[Change]:
    """The changes of a plan of this environment, or else of the last look for drift."""
    if public_id:
        deployment = get_object_or_404(Deployment, environment=row, public_id=public_id, plan__isnull=False)
        try:
            return list(deployment.plan.value().changes)
        except PlanMismatch:
            return []
    check = DriftCheck.objects.filter(environment=row).first()
    return [Change.from_dict(each) for each in check.rows] if check else []


def _is(change: Change, sent: QueryDict) -> bool:
    return change.logical_id == sent.get("logical_id") and any(
        line.path == sent.get("path") for line in change.properties
    )
