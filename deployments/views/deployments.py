"""The list of deployments, and a deployment's one page for its whole life."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET

from deployments import following, promotions, rollbacks, second_factor
from deployments.certificates.models import CertificateDocument
from deployments.checks import Verdict
from deployments.discussing.forms import NewThreadForm
from deployments.discussing.reading import page as threads_of
from deployments.discussing.reading import tallies
from deployments.engine.errors import PlanMismatch
from deployments.engine.plan import Action as PlanAction
from deployments.engine.plan import PlanKind
from deployments.forms import CodeForm
from deployments.models import Deployment, PlanDocument, Status
from deployments.plan_reading import PlanReading
from deployments.views.environments import offers
from deployments.views.reviewing import reviewing
from history.reading import Expired
from history.views import opened as recorded
from projects.access import Access, access_to, environments_where
from projects.pages import page, wants_fragment
from projects.roles import Action

PAGE = 50


@require_GET
def deployments(request: HttpRequest, slug: str) -> HttpResponse:
    """Newest first, by environment if asked; further ones by key."""
    access = access_to(request.user, slug, Action.VIEW)
    rows = Deployment.objects.of(access.project)
    chosen = request.GET.get("environment", "")
    if chosen:
        rows = rows.filter(environment__name=chosen)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    context = {
        "access": access,
        "tab": "deployments",
        "deployments": found[:PAGE],
        "more": found[PAGE - 1].pk if len(found) > PAGE else None,
        "environments": access.project.environments.all(),
        "chosen": chosen,
    }
    return page(request, "deployments/deployments.html", context, fragment="rows")


@require_GET
def deployment(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Plan, approval, run and result; filtered by action and text if asked. Of an imported one there is the record."""
    try:
        access, found = opened(request, slug, public_id)
    except Http404:
        return redirect("record", slug, recorded(request, slug, public_id)[1].deployment_id)
    draft = request.session.get(f"draft-{public_id}", "")
    context = describe(access, found, draft)
    context |= {"reading": reading(request, found), "refreshed": wants_fragment(request)}
    context["tallies"] = tallies(found)
    if not wants_fragment(request):
        context |= {"discussion": threads_of(access, found), "new_form": NewThreadForm.starting("")}
    fragment = "plan" if request.headers.get("HX-Target") == "plan" else "deployment"
    return page(request, "deployments/deployment.html", context, fragment=fragment)


@require_GET
def news(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """What happened since the number the page shows: the socket's fragments, for pages whose socket is down.

    A page of another phase has no place for them; it gets the mark alone, and asks for itself anew.
    """
    _, found = opened(request, slug, public_id)
    after = request.GET.get("after", "")
    number = int(after) if after.isdecimal() and len(after) < 10 else 0
    told = following.news(found.pk, after=number)
    return HttpResponse(told.html if request.GET.get("phase") == told.phase else told.mark)


def opened(request: HttpRequest, slug: str, public_id: str, action: Action = Action.VIEW) -> tuple[Access, Deployment]:
    """The deployment of that id in the project, and what the person may do in its environment; 404, or 403.

    Raises:
        Expired: its plan and its run were let go.
    """
    access = access_to(request.user, slug)
    found = get_object_or_404(Deployment.objects.of(access.project), public_id=public_id)
    there = access.within(found.environment)
    there.require(action)
    if found.expired_at is not None:
        raise Expired(public_id)
    return there, found


def reading(request: HttpRequest, found: Deployment) -> PlanReading | None:
    """The plan as the request's filter shows it; None while there is no plan, or none that can be read."""
    document = PlanDocument.objects.filter(deployment=found).first()
    if document is None:
        return None
    known = {action.value for action in PlanAction}
    actions = frozenset(PlanAction(value) for value in request.GET.getlist("action") if value in known)
    try:
        return PlanReading(document.value(), actions, request.GET.get("text", "")[:200])
    except PlanMismatch:  # the deployment's own error says so as soon as it is run
        return None


def describe(access: Access, found: Deployment, draft: str = "") -> dict[str, Any]:
    """What the page says of a deployment to this person, beside the plan; `draft` is what they typed before."""
    context: dict[str, Any] = {
        "access": access,
        "project": access.project,
        "tab": "deployments",
        "deployment": found,
        "phase": following.phase(found),
        "last": found.last_event,
        "live": found.is_open or (found.has_run and not found.recorded),
        "successor": Deployment.objects.filter(predecessor=found).first(),
    }
    if found.planned_at:
        checks = PlanDocument.objects.filter(deployment=found).values_list("checks", flat=True).first() or []
        context |= {"checks": checks, "checks_failed": any(each["verdict"] == Verdict.FAILED for each in checks)}
    if found.planned_at and not found.undoes:
        context |= reviewing(access, found, draft)
    if found.kind == PlanKind.ROLLBACK and found.planned_at:
        sealed = CertificateDocument.objects.filter(deployment=found).exclude(text="").first()
        context["certificate"] = sealed.value().as_dict() if sealed else None
        context["foreseen"] = rollbacks.foreseen(found) if found.is_open and not found.started_at else ()
    if found.started_at:
        context |= {
            "run": following.view(found),
            "failures": [step for step in found.steps.filter(status="failed") if step.error],
            "unfinished": _unfinished(found),
            "taken_back_by": Deployment.objects.filter(environment=found.environment, undoes=found.public_id).first(),
        }
    if found.environment.asks_for_code and found.status in (Status.READY, Status.QUEUED, Status.RUNNING):
        context |= {"code_form": CodeForm(), "code_is_missing": second_factor.is_missing(found)}
    if found.status == Status.SUCCEEDED:
        context["outputs"] = offers(found.environment)
    if not promotions.refusal(found):
        places = environments_where(access.user, Action.PROPOSE).filter(project=access.project)
        context["promotable"] = places.exclude(pk=found.environment_id).exists()
    return context | {"may_cancel": _may_cancel(access, found)}


def _unfinished(found: Deployment) -> str:
    """What a run that did not succeed left undone, as a plan's form takes it; nothing where it did everything."""
    if found.status not in (Status.FAILED, Status.CANCELLED):
        return ""
    rows = found.steps.filter(status__in=("failed", "skipped", "cancelled")).values_list("logical_id", flat=True)
    return " ".join(dict.fromkeys(rows))


def _may_cancel(access: Access, found: Deployment) -> bool:
    own = access.user.pk in (found.run_by_id, found.proposed_by_id)
    return found.status in (Status.QUEUED, Status.RUNNING) and access.can(
        Action.CANCEL_OWN if own else Action.CANCEL_ANY
    )
