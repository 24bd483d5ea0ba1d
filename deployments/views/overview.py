"""Projects and one project at a glance: where everything stands, and what waits for me."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from deployments import inbox
from deployments.models import OPEN, RAN, Deployment, DriftCheck
from projects.access import Access, access_to, environments_where
from projects.models import Environment, Project, User
from projects.pages import asked, page
from projects.roles import Action

PER_PAGE = 60


@dataclass(frozen=True, slots=True)
class Card:
    """One environment as its card shows it to one person."""

    environment: Environment
    resources: int
    last: Deployment | None
    open: Deployment | None
    drift: DriftCheck | None
    may_plan: bool


@require_GET
def projects(request: HttpRequest) -> HttpResponse:
    """My projects, by the page from `?after=` on, `?text=` of them; and the plans that wait for my approval."""
    assert isinstance(request.user, User)
    mine = Project.objects.visible_to(request.user).prefetch_related("environments")
    text, after = asked(request, "text"), asked(request, "after")
    for word in text.split():
        mine = mine.filter(Q(slug__icontains=word) | Q(description__icontains=word))
    found = list(mine.filter(slug__gt=after)[: PER_PAGE + 1])
    query = request.GET.copy()
    if len(found) > PER_PAGE:
        query["after"] = found[PER_PAGE - 1].slug
    waiting = inbox.to_approve(request.user).select_related("environment__project")[: inbox.AT_MOST]
    context = {
        "projects": found[:PER_PAGE],
        "more": query.urlencode() if len(found) > PER_PAGE else "",
        "text": text,
        "narrowed": bool(text or after),
        "waiting": waiting,
    }
    return page(request, "projects/projects.html", context)


@require_GET
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """The environments as cards."""
    access = access_to(request.user, slug, Action.VIEW)
    recent = Deployment.objects.of(access.project)[:6]
    context = {"access": access, "tab": "overview", "cards": cards(access), "recent": recent}
    return page(request, "projects/project.html", context)


def cards(access: Access) -> list[Card]:
    """Every environment with its last run, what is open, its drift and how many resources it has."""
    plannable = environments_where(access.user, Action.PROPOSE).filter(project=access.project)
    may_plan = set(plannable.values_list("pk", flat=True))
    newest = Deployment.objects.filter(environment=OuterRef("pk")).order_by("-pk").values("pk")
    environments = access.project.environments.select_related("drift").annotate(
        resource_count=Count("resources"),
        ran=Subquery(newest.filter(status__in=RAN)[:1]),
        under_way=Subquery(newest.filter(status__in=OPEN)[:1]),
    )
    rows = list(environments)
    wanted = [key for row in rows for key in (row.ran, row.under_way) if key]
    found = Deployment.objects.select_related("configuration").in_bulk(wanted)
    return [
        Card(
            environment=row,
            resources=row.resource_count,
            last=found.get(row.ran),
            open=found.get(row.under_way),
            drift=getattr(row, "drift", None),
            may_plan=row.pk in may_plan,
        )
        for row in rows
    ]
