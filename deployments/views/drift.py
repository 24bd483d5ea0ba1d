"""Drift of an environment: asking for a look, and what it found."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from deployments.drift import request_check
from deployments.engine.plan import Change
from deployments.models import DriftCheck
from deployments.plan_reading import Row, row
from projects.access import access_to
from projects.models import Environment
from projects.pages import page, wants_fragment
from projects.roles import Action


@require_http_methods(["GET", "POST"])
def drift(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """POST asks for a look; GET shows the last one (the fragment asks again while a look is under way)."""
    access = access_to(request.user, slug, Action.PROPOSE if request.method == "POST" else Action.VIEW, name)
    environment = access.place
    if request.method == "POST":
        request_check(environment=environment, actor=access.user)
    if not wants_fragment(request):
        return redirect("environment", slug, name)
    context = {"access": access, "environment": environment, "drift": drift_of(environment)}
    return page(request, "deployments/environment.html", context, fragment="drift")


def drift_of(environment: Environment) -> dict[str, object] | None:
    """The last look with its rows ready to read; None when nobody ever looked."""
    check = DriftCheck.objects.filter(environment=environment).first()
    if check is None:
        return None
    rows: list[Row] = [row(Change.from_dict(each)) for each in check.rows]
    return {"check": check, "rows": rows}
