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

from deployments import following, orders, planning, promotions, rollbacks, secret_values
from deployments.certificates.models import CertificateDocument
from deployments.deciding import decisions
from deployments.engine.plan import PlanKind
from deployments.errors import NotAllowed, OnHold, WorkflowError
from deployments.holding.concerning import said as said_of_hold
from deployments.holding.concerning import standing_at, standing_before
from deployments.holding.models import Hold
from deployments.models import Deployment, Method, PlanDocument, Status
from history.models import Record
from projects.access import Access, environments_where
from projects.audit.middleware import denied
from projects.pages import asked
from projects.people.bearer import Refusal, as_json, body_of, endpoint, resource
from projects.roles import Action

EVENTS = 1000
"""Events of one answer; the rest is asked for with `after`."""
LISTED = 50
"""Deployments of one answer; the rest is asked for with `before`."""


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
    targets = _targets(said)
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
    except OnHold as hold:
        raise _held(hold) from None
    except WorkflowError as refusal:
        raise Refusal(409, "not-now", str(refusal), "Mend what it names, and propose again.") from None
    return as_json(_deployment(found), status=201)


@endpoint(Action.PROPOSE)
def post_promotion(request: HttpRequest, access: Access, environment: str) -> HttpResponse:
    """Proposes for here the release that is in the environment `from`, or that a `deployment` brought; `message`."""
    said = body_of(request, **{"from": str, "deployment": str, "message": str})
    if (said["from"] is None) == (said["deployment"] is None):
        raise Refusal(400, "one-of-two", "Name from, or deployment.", "Send one of them.")
    try:
        places = environments_where(access.user, Action.VIEW).filter(project=access.project)
        if said["deployment"] is not None:
            came = get_object_or_404(
                Deployment.objects.of(access.project), public_id=said["deployment"], environment__in=places
            )
        else:
            came = promotions.brought_to(get_object_or_404(places, name=said["from"]))
        found = promotions.propose(
            deployment=came, to=access.place, actor=access.user, method=Method.API, message=said["message"] or ""
        )
    except OnHold as hold:
        raise _held(hold) from None
    except WorkflowError as refusal:
        raise Refusal(409, "not-now", str(refusal), "Read the releases for what is where.") from None
    return as_json(_deployment(found), status=201)


@endpoint(Action.PROPOSE)
def post_rollback(request: HttpRequest, access: Access, environment: str) -> HttpResponse:
    """Proposes to go back `to` a deployment of the environment that succeeded, or to the `lastGood` one; `message` is
    the reason with which the release that is taken away is quarantined; `targets` limit it.
    """
    said = body_of(request, to=str, lastGood=bool, message=str, targets=list)
    targets = _targets(said)
    records = Record.objects.of_environment(access.place)
    good = rollbacks.last_good(access.place).record if said["lastGood"] else None
    if said["lastGood"] and good is None:
        raise Refusal(409, "not-now", "There is no earlier deployment that was good.", "Name one to go back to.")
    try:
        found = rollbacks.propose(
            environment=access.place,
            record=good or get_object_or_404(records, deployment_id=said["to"] or ""),
            actor=access.user,
            method=Method.API,
            message=said["message"] or "",
            targets=targets,
        )
    except OnHold as hold:
        raise _held(hold) from None
    except WorkflowError as refusal:
        raise Refusal(409, "not-now", str(refusal), "Name another deployment to go back to.") from None
    return as_json(_deployment(found), status=201)


@endpoint(Action.PROPOSE)
def post_destruction(request: HttpRequest, access: Access, environment: str) -> HttpResponse:
    """Proposes to delete what is deployed; `confirm` is the environment's name; `message`; `targets` limit it."""
    said = body_of(request, confirm=str, message=str, targets=list)
    targets = _targets(said)
    if said["confirm"] != access.place.name:
        raise Refusal(
            422, "not-confirmed", "confirm is not the name of the environment.", f"Send confirm: {access.place.name}."
        )
    try:
        found = planning.propose(
            environment=access.place,
            actor=access.user,
            method=Method.API,
            kind=PlanKind.DESTROY,
            message=said["message"] or "",
            targets=targets,
        )
    except OnHold as hold:
        raise _held(hold) from None
    except WorkflowError as refusal:
        raise Refusal(409, "not-now", str(refusal), "Mend what it names, and propose again.") from None
    return as_json(_deployment(found), status=201)


@endpoint(Action.VIEW)
def list_deployments(request: HttpRequest, access: Access) -> HttpResponse:
    """The deployments, newest first, 50 at a time: `?before=ID` goes on; `?environment=` and `?status=` keep some."""
    rows = Deployment.objects.of(access.project).filter(environment__in=environments_where(access.user, Action.VIEW))
    for name, column in (("environment", "environment__name"), ("status", "status")):
        if kept := asked(request, name):
            rows = rows.filter(**{column: kept})
    if before := asked(request, "before"):
        rows = rows.filter(pk__lt=get_object_or_404(rows, public_id=before).pk)
    found = list(rows[: LISTED + 1])
    more = found[LISTED - 1].public_id if len(found) > LISTED else None
    return as_json({"deployments": [_summary(each) for each in found[:LISTED]], "before": more})


@endpoint(Action.VIEW, _place)
def get_deployment(request: HttpRequest, access: Access, deployment: str) -> HttpResponse:
    """A deployment: its status, what is missing before it may run, and how it ended."""
    return as_json(_deployment(_find(access, deployment)))


@endpoint(Action.VIEW, _place)
def get_plan(request: HttpRequest, access: Access, deployment: str) -> HttpResponse:
    """The plan as it was written: the very bytes that are approved and executed, with their digest in `ETag`."""
    found = _kept(_find(access, deployment))
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
        if standing := standing_before(found):
            raise _held(OnHold(" ".join(map(said_of_hold, standing))), missing)
        todo = "A person has to approve it on its page; a token never can."
        raise Refusal(409, "not-approved", "The plan waits for approval.", todo, missing=missing)
    try:
        found = orders.start(deployment_id=found.pk, actor=access.user)
    except WorkflowError as refusal:
        raise Refusal(409, "not-now", str(refusal), "Read the deployment, or propose a new plan.") from None
    return as_json(_deployment(found), status=202)


@endpoint(Action.CANCEL_OWN, _place)
def delete_run(request: HttpRequest, access: Access, deployment: str) -> HttpResponse:
    """Cancels a run that the token's owner proposed or started: out of the queue, or after the steps under way."""
    found = _find(access, deployment)
    try:
        found = orders.cancel(deployment_id=found.pk, actor=access.user)
    except NotAllowed as refusal:
        denied(request, access.project, str(refusal))
        raise Refusal(409, "not-yours", str(refusal), "Ask an owner of the project to cancel it.") from None
    except WorkflowError as refusal:
        raise Refusal(409, "not-now", str(refusal), "Read the deployment for how it ended.") from None
    return as_json(_deployment(found), status=202)


@endpoint(Action.VIEW, _place)
def get_events(request: HttpRequest, access: Access, deployment: str) -> HttpResponse:
    """What happened in the run, numbered without gaps; `?after=N` gives what came after that number."""
    found = _kept(_find(access, deployment))
    after = request.GET.get("after", "")
    rows = found.events.filter(number__gt=int(after) if after.isdecimal() and len(after) < 10 else 0)[:EVENTS]
    events = [following.as_dict(row) for row in rows]
    return as_json({"events": events, "last": found.last_event, "ended": not found.is_open})


@endpoint(Action.VIEW, _place)
def get_certificate(request: HttpRequest, access: Access, deployment: str) -> HttpResponse:
    """What a rollback restored, as it is sealed in its record: a verdict, and per resource digests and exceptions."""
    found = _find(access, deployment)
    sealed = CertificateDocument.objects.filter(deployment=found).exclude(text="").first()
    if sealed is None:
        todo = "Rollbacks have one once they have ended."
        raise Refusal(409, "no-certificate", f"There is no certificate: {found.get_status_display()}.", todo)
    return HttpResponse(sealed.text, content_type="application/json")


@endpoint(Action.VIEW)
def get_holds(request: HttpRequest, access: Access, environment: str) -> HttpResponse:
    """What is held in the environment now: a release, or everything where `revision` is null. Only people resume."""
    return as_json({"holds": [_hold(each) for each in standing_at(access.place)]})


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


def _held(hold: OnHold, missing: list[str] | None = None) -> Refusal:
    """What a token brings is held; the code is its own, so that a pipeline can tell it from other refusals."""
    todo = "A person has to resume it, or deploy it in person."
    return Refusal(409, "on-hold", str(hold), todo, **({"missing": missing} if missing else {}))


def _hold(hold: Hold) -> dict[str, Any]:
    return {
        "id": hold.pk,
        "everywhere": hold.environment is None,
        "revision": hold.configuration_number,
        "source": hold.source_digest or None,
        "reason": hold.reason,
        "placedBy": hold.placed_by_text,
        "placedAt": hold.placed_at.isoformat(),
        "becauseOf": hold.because_of.public_id if hold.because_of else None,
    }


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


def _targets(said: Mapping[str, Any]) -> list[str]:
    targets = said["targets"] or []
    if not all(isinstance(each, str) for each in targets):
        raise Refusal(400, "wrong-kind", "targets is a list of names.", "Send names of agents, stacks or resources.")
    return list(targets)


def _missing(found: Deployment) -> list[str]:
    return list(decisions.decision(found).words) if found.status == Status.WAITING else []


def _kept(found: Deployment) -> Deployment:
    if found.expired_at is not None:
        raise Refusal(
            410,
            "expired",
            "Its plan and events were let go, as the environment keeps its records.",
            "Read the record's page for when and why.",
        )
    return found


def _deployment(found: Deployment) -> dict[str, Any]:
    return _summary(found) | {
        "planDigest": PlanDocument.objects.filter(deployment=found).values_list("digest", flat=True).first(),
        "missing": _missing(found),
        "problems": found.problems,
        "error": found.error,
    }


def _summary(found: Deployment) -> dict[str, Any]:
    return {
        "id": found.public_id,
        "environment": found.environment.name,
        "kind": found.kind,
        "status": found.status,
        "message": found.message,
        "revision": found.configuration.number,
        "source": found.source.digest if found.source else None,
        "counts": found.counts,
        "destroysData": found.destroys_data,
        "rollbackTo": found.rollback_to or None,
        "promotedFrom": found.promoted_from or None,
        "proposedBy": found.proposed_by_text,
        "runBy": found.run_by_text,
        "createdAt": found.created_at.isoformat(),
        "endedAt": found.ended_at.isoformat() if found.ended_at else None,
        "href": reverse("deployment", args=[found.environment.project.slug, found.public_id]),
    }


plans = resource(POST=post_plan)
promotions_to = resource(POST=post_promotion)
rollbacks_of = resource(POST=post_rollback)
destructions = resource(POST=post_destruction)
deployments = resource(GET=list_deployments)
deployment = resource(GET=get_deployment)
plan = resource(GET=get_plan)
run = resource(POST=post_run, DELETE=delete_run)
events = resource(GET=get_events)
certificate = resource(GET=get_certificate)
holds = resource(GET=get_holds)
secrets = resource(GET=get_secrets)
secret = resource(PUT=put_secret)
