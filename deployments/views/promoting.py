"""Promoting a release to another environment: what it would bring, then a plan like any other."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from deployments import promotions, secret_values
from deployments.errors import WorkflowError
from deployments.forms import PromotionForm
from deployments.models import Deployment, Method
from deployments.promoting.preview import Preview, preview
from deployments.views.deployments import opened
from projects.access import Access, access_to, environments_where
from projects.models import Environment
from projects.pages import page, posted
from projects.paths import path_of
from projects.roles import Action


@require_http_methods(["GET", "POST"])
def promote(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Shows what would go to `environment`, to what comes next on the path where none is named; posted, plans it."""
    access, found = opened(request, slug, public_id)
    named = (request.POST if request.method == "POST" else request.GET).get("environment", "")[:20]
    places = _places(access, found)
    if request.method == "GET" and not named:
        if not places:
            access.require(Action.PROPOSE)
        named = _next(access, found, places)
    there = access_to(request.user, slug, Action.PROPOSE, named) if named else None
    form = PromotionForm(posted(request), initial={"environment": named})
    problem = promotions.refusal(found)
    shown: Preview | None = None
    if there is not None and not problem:
        try:
            if request.method == "POST" and form.is_valid():
                made = promotions.propose(
                    deployment=found,
                    to=there.place,
                    actor=there.user,
                    method=Method.WEB,
                    message=form.cleaned_data["message"],
                )
                return redirect("deployment", slug, made.public_id)
            shown = preview(deployment=found, to=there.place, actor=access.user, now=timezone.now())
        except WorkflowError as refusal:
            problem = str(refusal)
    context = {
        "access": access,
        "tab": "deployments",
        "deployment": found,
        "places": places,
        "chosen": named,
        "problem": problem,
        "preview": shown,
        "form": form,
        "secrets": _secrets(shown) if shown and request.headers.get("HX-Target") == "secrets" else None,
    }
    fragment = "secrets" if context["secrets"] is not None else "preview"
    status = 422 if request.method == "POST" else 200
    return page(request, "deployments/promote.html", context, fragment=fragment, status=status)


@require_GET
def promote_current(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """On to the page for what is in the environment now."""
    access = access_to(request.user, slug, Action.VIEW, name)
    try:
        found = promotions.brought_to(access.place)
    except WorkflowError as refusal:
        messages.error(request, str(refusal))
        return redirect("environment", slug, name)
    return redirect("deployment-promote", slug, found.public_id)


def _places(access: Access, found: Deployment) -> list[Environment]:
    """Where this person may bring it, in the order of the path."""
    mine = environments_where(access.user, Action.PROPOSE).filter(project=access.project)
    return path_of(access.project).ordered(mine.exclude(pk=found.environment_id))


def _next(access: Access, found: Deployment, places: list[Environment]) -> str:
    """What comes next on the path if they may bring it there, else where they may."""
    following = path_of(access.project).after(found.environment.name)
    names = [each.name for each in places]
    return following if following in names else names[0] if names else ""


def _secrets(shown: Preview) -> list[secret_values.Secret]:
    """The deployed secrets that the release needs and that have no value, or of which nobody knows."""
    deployed = secret_values.deployed_names(shown.to)
    needed = {deployed[name] for name in shown.known}
    found = secret_values.secrets_of(shown.to) if needed else []
    return [each for each in found if each.logical_id in needed and not each.has_value]
