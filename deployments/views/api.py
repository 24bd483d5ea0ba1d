"""The API about what is done: proposing and reading plans, running approved ones, following a deployment.

There is no endpoint that approves, and a token could not use one: see `projects.roles.FOR_TOKENS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from deployments import following, orders, planning, secret_values
from deployments.deciding import decisions
from deployments.errors import WorkflowError
from deployments.models import Deployment, Method, PlanDocument, Status
from projects.access import Access
from projects.people.bearer import Refusal, as_json, body_of, endpoint, resource
from projects.roles import Action

EVENTS = 1000
"""Events of one answer; the rest is asked for with `after`."""


def _place(slug: str, named: Mapping[str, str]) -> str:
    """The environment of the deployment that the address names; 404 if there is none."""
    found = Deployment.objects.filter(environment__project__slug=slug, public_id=named["deployment"])
    name = found.values_list("environment__name", flat=True).first()
    if name is None:
        raise Http404("No such deployment.")
    return name


@endpoint(Action.PROPOSE)
def post_plan(request: HttpRequest, access: Access, environment: str) -> HttpResponse:
    """Proposes a plan: `message`; the newest `revision` and `source` (a digest) unless named; `targets` limit it."""
    row = access.place
    said = body_of(request, message=str, revision=int, source=str, targets=list)
    targets = said["targets"] or []
    if not all(isinstance(each, str) for each in targets):
        raise Refusal(400, "wrong-kind", "targets is a list of names.", "Send names of agents, stacks or resources.")
    configuration = source = None
    if said["revision"] is not None:
        configuration = get_object_or_404(access.project.configurations, number=said["revision"])
    if said["source"] is not None:
        source = get_object_or_404(access.project.sources, digest=said["source"])
    try:
        found = planning.propose(
            environment=row,
            actor=access.user,
            method=Method.API,
            configuration=configuration,
            source=source,
            message=said["message"] or "",
            targets=targets,
        )
    except WorkflowError as refusal:
        raise Refusal(409, "not-now", str(refusal), "Mend what it names, and propose again.") from None
    return as_json(_deployment(found), status=201)


@endpoint(Action.VIEW, _place)
def get_deployment(request: HttpRequest, access: Access, deployment: str) -> HttpResponse:
    """A deployment: its status, what is missing before it may run, and how it ended."""
    return as_json(_deployment(_find(access, deployment)))


@endpoint(Action.VIEW, _place)
def get_plan(request: HttpRequest, access: Access, deployment: str) -> HttpResponse:
    """The plan as it was written: the very bytes that are approved and executed, with their digest in `ETag`."""
    found = _find(access, deployment)
    document = PlanDocument.objects.filter(deployment=found).first()
    if document is None:
        todo = "Ask again in a few seconds." if found.status == Status.PLANNING else "Read the deployment for why."
        raise Refusal(409, "no-plan", f"There is no plan: {found.get_status_display()}.", todo)
    return HttpResponse(document.text, content_type="application/json", headers={"ETag": f'"{document.digest}"'})


@endpoint(Action.RUN, _place)
def post_run(request: HttpRequest, access: Access, deployment: str) -> HttpResponse:
    """Runs a plan that is approved, or needs no approval; asking twice is asking once."""
    found = _find(access, deployment)
    if found.status == Status.WAITING:
        missing = _missing(found)
        todo = "A person has to approve it on its page; a token never can."
        raise Refusal(409, "not-approved", "The plan waits for approval.", todo, missing=missing)
    try:
        found = orders.start(deployment_id=found.pk, actor=access.user)
    except WorkflowError as refusal:
        raise Refusal(409, "not-now", str(refusal), "Read the deployment, or propose a new plan.") from None
    return as_json(_deployment(found), status=202)


@endpoint(Action.VIEW, _place)
def get_events(request: HttpRequest, access: Access, deployment: str) -> HttpResponse:
    """What happened in the run, numbered without gaps; `?after=N` gives what came after that number."""
    found = _find(access, deployment)
    after = request.GET.get("after", "")
    rows = found.events.filter(number__gt=int(after) if after.isdecimal() and len(after) < 10 else 0)[:EVENTS]
    events = [following.as_dict(row) for row in rows]
    return as_json({"events": events, "last": found.last_event, "ended": not found.is_open})


@endpoint(Action.VIEW)
def get_secrets(request: HttpRequest, access: Access, environment: str) -> HttpResponse:
    """The deployed secrets: names, whether each was given a value, and when; never a value."""
    found = secret_values.secrets_of(access.place)
    return as_json({"secrets": [_secret(each) for each in found]})


@endpoint(Action.SET_SECRETS)
@sensitive_variables("said", "value", "code")
def put_secret(request: HttpRequest, access: Access, environment: str, secret: str) -> HttpResponse:
    """Gives a deployed secret its `value`, straight into Secrets Manager; `code` where an MFA device is asked for."""
    row = access.place
    said = body_of(request, value=str, code=str)
    value, code = said["value"] or "", said["code"] or ""
    try:
        secret_values.put(environment=row, logical_id=secret, value=value, actor=access.user, code=code)
    except WorkflowError as refusal:
        raise Refusal(409, "not-now", str(refusal), "Mend what it names, and send the value again.") from None
    return HttpResponse(status=204)


def _secret(found: secret_values.Secret) -> dict[str, Any]:
    return {
        "name": found.name,
        "logicalId": found.logical_id,
        "hasValue": found.has_value,
        "changedAt": found.changed_at.isoformat() if found.changed_at else None,
        "unknown": found.unknown,
    }


def _find(access: Access, public_id: str) -> Deployment:
    return get_object_or_404(Deployment.objects.of(access.project), public_id=public_id)


def _missing(found: Deployment) -> list[str]:
    return list(decisions.decision(found).words) if found.status == Status.WAITING else []


def _deployment(found: Deployment) -> dict[str, Any]:
    slug = found.environment.project.slug
    document = PlanDocument.objects.filter(deployment=found).values_list("digest", flat=True).first()
    return {
        "id": found.public_id,
        "environment": found.environment.name,
        "kind": found.kind,
        "status": found.status,
        "message": found.message,
        "revision": found.configuration.number,
        "source": found.source.digest if found.source else None,
        "planDigest": document,
        "counts": found.counts,
        "destroysData": found.destroys_data,
        "missing": _missing(found),
        "problems": found.problems,
        "error": found.error,
        "proposedBy": found.proposed_by_text,
        "runBy": found.run_by_text,
        "createdAt": found.created_at.isoformat(),
        "endedAt": found.ended_at.isoformat() if found.ended_at else None,
        "href": reverse("deployment", args=[slug, found.public_id]),
    }


plans = resource(POST=post_plan)
deployment = resource(GET=get_deployment)
plan = resource(GET=get_plan)
run = resource(POST=post_run)
events = resource(GET=get_events)
secrets = resource(GET=get_secrets)
secret = resource(PUT=put_secret)
