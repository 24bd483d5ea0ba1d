"""An environment: what is there, what it offers, whether it drifted; planning and destroying it."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from deployments import planning
from deployments.engine.plan import PlanKind
from deployments.errors import WorkflowError
from deployments.forms import DestroyForm, PlanForm, TryForm
from deployments.models import OPEN, Deployment, Method, StateEntry
from deployments.occupancy import occupancy
from deployments.outputs import Output, outputs
from deployments.views.drift import drift_of
from projects.access import Access, access_to
from projects.models import Environment
from projects.pages import page, posted
from projects.roles import Action


@require_GET
def environment(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The whole page."""
    access = access_to(request.user, slug, Action.VIEW, name)
    return page(request, "deployments/environment.html", describe(access, access.place))


@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Chooses configuration and source, and proposes."""
    access = access_to(request.user, slug, Action.PROPOSE, name)
    row = access.place
    form = PlanForm(posted(request), environment=row, initial={"targets": request.GET.get("targets", "")[:1000]})
    if request.method == "POST" and form.is_valid():
        try:
            found = planning.propose(environment=row, actor=access.user, method=Method.WEB, **form.cleaned_data)
        except WorkflowError as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("deployment", slug, found.public_id)
    context = {"access": access, "tab": "overview", "environment": row, "form": form}
    return page(request, "deployments/plan.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def destroy(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Plans the end of an environment, after its name was typed; nothing is deleted before that plan is run."""
    access = access_to(request.user, slug, Action.PROPOSE, name)
    row = access.place
    form = DestroyForm(posted(request), environment=row)
    if request.method == "POST" and form.is_valid():
        try:
            found = planning.propose(
                environment=row,
                actor=access.user,
                method=Method.WEB,
                kind=PlanKind.DESTROY,
                message=form.cleaned_data["message"],
                targets=form.cleaned_data["targets"],
            )
        except WorkflowError as refusal:
            messages.error(request, str(refusal))
        else:
            return redirect("deployment", slug, found.public_id)
    context = {"access": access, "tab": "overview", "environment": row, "form": form, "stacks": stacks(row)}
    return page(request, "deployments/destroy.html", context, status=422 if form.is_bound else 200)


def stacks(row: Environment) -> list[tuple[str, list[StateEntry]]]:
    """The recorded resources by stack, the shared one first."""
    entries = sorted(
        StateEntry.objects.filter(environment=row),
        key=lambda entry: (entry.stack != "shared-infrastructure", entry.stack, entry.type, entry.logical_id),
    )
    return [(stack, list(group)) for stack, group in groupby(entries, key=lambda entry: entry.stack)]


def offers(row: Environment) -> list[Output]:
    """The outputs: what can be called first, then what people look up by name."""
    return sorted(outputs(row), key=lambda output: (output.name != "ApiEndpoint", not output.method))


def describe(access: Access, row: Environment) -> dict[str, Any]:
    """Everything the page shows."""
    offered = offers(row)
    recent = list(Deployment.objects.for_lists().filter(environment=row)[:8])
    return {
        "access": access,
        "tab": "overview",
        "environment": row,
        "stacks": stacks(row),
        "outputs": offered,
        "routes": [output for output in offered if output.method],
        "try_form": TryForm(initial=_first_route(offered)),
        "recent": recent,
        "open": next((each for each in recent if each.status in OPEN), None),
        "drift": drift_of(row),
        "occupancy": occupancy(row),
    }


def _first_route(offered: list[Output]) -> dict[str, str]:
    """The form starts with the first route there is, and a body an agent can answer."""
    for output in offered:
        if output.method:
            body = "" if output.method in ("GET", "HEAD", "DELETE") else '{"question": "Where is my invoice?"}'
            return {"method": output.method, "path": output.path, "body": body}
    return {}
