"""The page of an environment at a moment, and the graph of a deployment."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from deployments.engine.errors import PlanMismatch
from deployments.graphs.drawing import draw
from deployments.graphs.reading import graph_of_plan
from deployments.models import Deployment, Step
from deployments.moments import finding, instants
from deployments.moments.reading import Moment, read
from deployments.moments.standing import rules_at, standings_at
from history.models import Record
from history.views import explains_unreadable
from projects.access import access_to
from projects.highlighting import lines_of
from projects.models import Environment
from projects.pages import asked, at_site, page
from projects.roles import Action

MOST_OPENED = 20


@require_GET
@explains_unreadable
def at(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The environment as it was at `time`, or after a `record` (or the one with that `number`); else as it is now."""
    access = access_to(request.user, slug, Action.VIEW, name)
    now = timezone.now()
    asked_for = asked(request, "time")
    instant = instants.parse(asked_for)
    chosen = _chosen(request, access.place)
    if chosen:
        found, instant = finding.beside(access.place, chosen), chosen.ended_at
    else:
        instant = min(instant or now, now)
        found = finding.find(access.place, instant)
    moment = read(access.place, found, instant, marked=chosen is not None)
    query = {"record": chosen.deployment_id} if chosen else {"time": instants.written(instant)}
    context = {
        "access": access,
        "tab": "history",
        "environment": access.place,
        "at": instant,
        "at_text": instants.written(instant),
        "is_now": not chosen and instant == now,
        "unreadable": asked_for if asked_for and instants.parse(asked_for) is None else "",
        "found": found,
        "kept": finding.kept_around(access.place, found.record) if found.record and found.record.expired_at else [],
        "moment": moment,
        "query": urlencode(query) + "&",
        "link": at_site(f"{request.path}?{urlencode(query)}"),
        "rules": rules_at(access.place, instant),
        "standings": standings_at(access.place, instant),
    }
    if moment:
        context |= _shown(request, moment)
    part = _part(request.headers.get("HX-Target", "")) if moment else "moment"
    if part == "properties" and not context["resource"]:
        raise Http404("There was no such resource then.")
    return page(request, "moments/moment.html", context | {"part": part == "resources"}, fragment=part)


def _part(target: str) -> str:
    """The fragment that takes the place of that element."""
    if target.startswith("properties-"):
        return "properties"
    return target if target == "resources" else "moment"


def _shown(request: HttpRequest, moment: Moment) -> dict[str, Any]:
    """What the page draws and spells out; the properties of one resource alone, as there may be thousands."""
    resource = moment.state.resources.get(asked(request, "resource", 255))
    return {
        "graph": draw(moment.graph, opened=request.GET.getlist("open")[:MOST_OPENED]),
        "run": moment.record or moment.deployment,
        "configuration": lines_of(moment.configuration),
        "effective": lines_of(moment.effective) if moment.effective else [],
        "resource": resource,
        "properties": lines_of(json.dumps(dict(resource.properties), indent=2, sort_keys=True), "json")
        if resource
        else [],
    }


def _chosen(request: HttpRequest, environment: Environment) -> Record | None:
    """The record named in the address, None where none is; 404 where there is no such."""
    name, number = asked(request, "record"), asked(request, "number", 9)
    if not name and not number:
        return None
    record = finding.record_named(environment, name) if name else None
    if number.isdecimal() and not name:
        record = finding.record_at(environment, int(number))
    if record is None:
        raise Http404("No such record.")
    return record


@require_GET
def graph(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """What a plan does, as a picture; once it runs, how far each resource is."""
    access = access_to(request.user, slug, Action.VIEW)
    found = get_object_or_404(Deployment.objects.of(access.project), public_id=public_id)
    access = access.within(found.environment)
    try:
        drawn = graph_of_plan(found.plan.value())
    except (Deployment.plan.RelatedObjectDoesNotExist, PlanMismatch):
        drawn = None
    if drawn and found.started_at:
        drawn = drawn.with_statuses(_statuses(found))
    context = {
        "access": access,
        "tab": "deployments",
        "deployment": found,
        "graph": draw(drawn, opened=request.GET.getlist("open")[:MOST_OPENED]) if drawn else None,
    }
    return page(request, "graphs/deployment.html", context)


def _statuses(deployment: Deployment) -> dict[str, str]:
    """Of each resource, the status of the step that is furthest from being done well."""
    order = ("failed", "running", "cancelled", "skipped", "pending", "succeeded")
    found: dict[str, str] = {}
    for name, status in Step.objects.filter(deployment=deployment).values_list("logical_id", "status"):
        found[name] = min(found.get(name, status), status, key=order.index)
    return found
