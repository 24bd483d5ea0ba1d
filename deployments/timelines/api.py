"""The API about incidents: listing, noting, and saying something else or that one is over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from deployments.errors import WorkflowError
from deployments.timelines import incidents
from deployments.timelines.incidents import Account, account_of
from deployments.timelines.models import Incident
from deployments.timelines.windows import instant
from projects.access import Access, environments_where
from projects.people.bearer import Refusal, as_json, body_of, endpoint, resource
from projects.roles import Action

LISTED = 50
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_SAID = {"title": str, "from": str, "to": str, "link": str, "text": str}


def _place(slug: str, named: Mapping[str, Any]) -> str:
    """Where the incident of the address is; empty for all environments, 404 if there is none."""
    row = _find(slug, named["incident"])
    return row.environment.name if row.environment else ""


@endpoint(Action.VIEW)
def get_incidents(request: HttpRequest, access: Access) -> HttpResponse:
    """The incidents, newest first, 50 at a time: `?before=ID` goes on."""
    seen = Q(environment=None) | Q(environment__in=environments_where(access.user, Action.VIEW))
    rows = Incident.objects.filter(seen, project=access.project).select_related("environment", "project")
    if _NUMBER.fullmatch(before := request.GET.get("before", "")):
        last = get_object_or_404(Incident, pk=before, project=access.project)
        rows = rows.filter(begins_at__lte=last.begins_at).exclude(begins_at=last.begins_at, pk__gte=last.pk)
    found = list(rows[: LISTED + 1])
    more = found[LISTED - 1].pk if len(found) > LISTED else None
    return as_json({"incidents": [_plain(each) for each in found[:LISTED]], "before": more})


@endpoint(Action.RUN)
def post_incident(request: HttpRequest, access: Access) -> HttpResponse:
    """Notes an incident of all environments: `title`; `from` (now unless named) and `to`, ISO 8601; `link`; `text`."""
    return _noted(request, access)


@endpoint(Action.RUN)
def post_incident_there(request: HttpRequest, access: Access, environment: str) -> HttpResponse:
    """Notes an incident of the environment: `title`; `from` (now unless named) and `to`, ISO 8601; `link`; `text`."""
    return _noted(request, access)


@endpoint(Action.RUN, _place)
def patch_incident(request: HttpRequest, access: Access, incident: str) -> HttpResponse:
    """Says something else of an incident: any of `title`, `from`, `to`, `link`, `text`; a `to` says that it is over."""
    row = _find(access.project.slug, incident)
    said = _account(request, account_of(row))
    try:
        row = incidents.change(incident=row, actor=access.user, said=said, version=row.version)
    except WorkflowError as refusal:
        raise Refusal(409, "not-now", str(refusal), "Read the incident, and send the change again.") from None
    return as_json(_plain(row))


def _find(slug: str, number: str) -> Incident:
    if not _NUMBER.fullmatch(number):
        raise Http404("No such incident.")
    return get_object_or_404(Incident.objects.select_related("environment", "project"), project__slug=slug, pk=number)


def _noted(request: HttpRequest, access: Access) -> HttpResponse:
    said = _account(request, Account("", timezone.now(), environment=access.environment))
    if not said.title:
        raise Refusal(422, "no-title", "An incident has a title.", "Send title: what happened, in a few words.")
    try:
        row = incidents.note(project=access.project, actor=access.user, said=said, now=timezone.now())
    except WorkflowError as refusal:
        raise Refusal(409, "not-now", str(refusal), "Mend what it names, and note it again.") from None
    return as_json(_plain(row), status=201)


def _account(request: HttpRequest, before: Account) -> Account:
    """What was said before, with what is said now."""
    said = body_of(request, **_SAID)
    for name, longest in (("title", 120), ("link", 500), ("text", 4000)):
        if len(said[name] or "") > longest:
            raise Refusal(422, "too-long", f"{name} is longer than {longest} characters.", "Send less of it.")
    if said["link"]:
        try:
            URLValidator(["http", "https"])(said["link"])
        except ValidationError:
            raise Refusal(422, "no-link", "link is not an address.", "Send one that begins with https://.") from None
    return replace(
        before,
        title=before.title if said["title"] is None else said["title"].strip(),
        begins_at=_moment(said, "from") or before.begins_at,
        ends_at=_moment(said, "to") or before.ends_at,
        link=before.link if said["link"] is None else said["link"],
        text=before.text if said["text"] is None else said["text"],
    )


def _moment(said: Mapping[str, Any], name: str) -> datetime | None:
    if said[name] is None:
        return None
    moment = instant(said[name])
    if moment is None:
        raise Refusal(422, "no-time", f"{name} is not a time.", "Send it as 2026-11-20T10:30:00Z.")
    return moment


def _plain(row: Incident) -> dict[str, Any]:
    return {
        "id": row.pk,
        "title": row.title,
        "environment": row.environment.name if row.environment else None,
        "from": row.begins_at.isoformat(),
        "to": row.ends_at.isoformat() if row.ends_at else None,
        "link": row.link or None,
        "text": row.text,
        "notedBy": row.noted_by_text,
        "href": reverse("incident", args=[row.project.slug, row.pk]),
    }


of_project = resource(GET=get_incidents, POST=post_incident)
of_environment = resource(POST=post_incident_there)
one = resource(PATCH=patch_incident)
