"""Making and changing environments; for owners."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from projects import protecting
from projects.access import access_to
from projects.audit.deeds import Deed
from projects.audit.writing import changed
from projects.audit.writing import write as audit
from projects.forms import EnvironmentForm
from projects.models import Environment
from projects.pages import page, posted
from projects.roles import Action


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """A new environment."""
    access = access_to(request.user, slug, Action.MANAGE_ENVIRONMENTS)
    form = EnvironmentForm(posted(request), project=access.project, initial={"region": "us-east-1"})
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            environment = form.save()
            detail = {"after": _facts(environment)}
            audit(Deed.ENVIRONMENT_CREATED, actor=access.user, environment=environment, detail=detail)
            if form.cleaned_data["protected"]:
                protecting.put_in_force(environment=environment, protection=protecting.USUAL, author=access.user)
        messages.success(request, f"The environment {environment.name} is made.")
        return redirect("environment", slug, environment.name)
    context = {"access": access, "tab": "overview", "form": form}
    return page(request, "projects/environment_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str, environment: str) -> HttpResponse:
    """Another account, region, role or protection."""
    access = access_to(request.user, slug, Action.MANAGE_ENVIRONMENTS, environment)
    row = access.place
    form = EnvironmentForm(posted(request), project=access.project, instance=row)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            before = _facts(Environment.objects.select_for_update().get(pk=row.pk))
            if detail := changed(before, _facts(form.save())):
                audit(Deed.ENVIRONMENT_CHANGED, actor=access.user, environment=row, detail=detail)
        messages.success(request, f"The environment {row.name} is changed.")
        return redirect("environment", slug, row.name)
    context = {"access": access, "tab": "overview", "form": form, "environment": row}
    return page(request, "projects/environment_form.html", context, status=422 if form.is_bound else 200)


def _facts(environment: Environment) -> dict[str, Any]:
    """What an owner says of an environment, for the audit log; its external id is no secret, but nobody's to say."""
    return {name: getattr(environment, name) for name in EnvironmentForm.Meta.fields}
