"""Incidents of a project: what was noted, noting another, correcting one, and saying that it is over."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from deployments.errors import WorkflowError
from deployments.timelines import incidents as noting
from deployments.timelines.forms import IncidentForm, initial_of
from deployments.timelines.models import Incident
from deployments.timelines.windows import instant
from projects.access import Access, access_to, environments_where
from projects.models import Environment
from projects.pages import page, posted
from projects.roles import Action

LISTED = 100


@require_http_methods(["GET", "POST"])
def incidents(request: HttpRequest, slug: str) -> HttpResponse:
    """The list, and for those who may deploy anywhere the form."""
    access = access_to(request.user, slug, Action.VIEW)
    somewhere = environments_where(access.user, Action.RUN).filter(project=access.project).exists()
    if request.method == "POST" and not (somewhere or access.can(Action.RUN)):
        access.require(Action.RUN)
    begins_at = instant(request.GET.get("at", "")) or timezone.now()
    initial = {"begins_at": begins_at.replace(microsecond=0), "environment": request.GET.get("environment", "")}
    form = IncidentForm(posted(request), project=access.project, actor=access.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            noting.note(project=access.project, actor=access.user, said=form.account, now=timezone.now())
        except WorkflowError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The incident is on the timeline.")
            return redirect("incidents", slug)
    rows = Incident.objects.filter(project=access.project).select_related("environment")
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 10:
        last = get_object_or_404(Incident, pk=after, project=access.project)
        rows = rows.filter(begins_at__lte=last.begins_at).exclude(begins_at=last.begins_at, pk__gte=last.pk)
    found = list(rows[: LISTED + 1])
    context = {
        "access": access,
        "tab": "history",
        "incidents": found[:LISTED],
        "more": found[LISTED - 1].pk if len(found) > LISTED else None,
        "form": form if somewhere or access.can(Action.RUN) else None,
    }
    return page(request, "history/incidents.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def incident(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One of them; those who may deploy there can say something else of it."""
    access, row = _opened(request, slug, pk, Action.RUN if request.method == "POST" else Action.VIEW)
    form = IncidentForm(posted(request), project=access.project, actor=access.user, initial=initial_of(row))
    if request.method == "POST" and form.is_valid():
        try:
            version = form.cleaned_data["version"]
            noting.change(incident=row, actor=access.user, said=form.account, version=version)
        except WorkflowError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The incident was changed.")
            return redirect("incident", slug, pk)
    context: dict[str, Any] = {"access": access, "tab": "history", "incident": row}
    context["form"] = form if access.can(Action.RUN) else None
    return page(request, "history/incident.html", context, status=422 if form.is_bound else 200)


@require_POST
def close(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """It is over now."""
    access, row = _opened(request, slug, pk, Action.RUN)
    try:
        noting.close(incident=row, actor=access.user, now=timezone.now())
    except WorkflowError as refusal:
        messages.error(request, str(refusal))
    return redirect("incident", slug, pk)


def _opened(request: HttpRequest, slug: str, pk: int, action: Action) -> tuple[Access, Incident]:
    """An incident of the project, and what the person may do where it is."""
    access = access_to(request.user, slug, Action.VIEW)
    row = get_object_or_404(Incident.objects.select_related("environment", "project"), pk=pk, project=access.project)
    place: Environment | None = row.environment
    access = access.within(place) if place else access
    access.require(action)
    return access, row
