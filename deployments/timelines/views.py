"""The timeline of a project, of an environment, of a person, and of a resource."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.models import StateEntry
from deployments.timelines import gathering, windows
from deployments.timelines.lanes import Picture, Run, layout
from deployments.timelines.windows import Window, Zoom
from history import timeline as entries
from history.finding import resources, searching
from history.timeline import Cursor, Filters
from projects.access import Access, access_to
from projects.models import Environment
from projects.pages import asked, at_site, page
from projects.paths import path_of
from projects.roles import Action

KINDS = ("deploy", "rollback", "import", "destroy")
STATUSES = ("succeeded", "failed", "cancelled")
MOST_LANES = 24
_BEHIND_ALL = "~"


@dataclass(frozen=True, slots=True)
class Move:
    """A way to another window: its words, and what the address then asks for."""

    label: str
    query: str
    here: bool = False


@require_GET
def timeline(request: HttpRequest, slug: str) -> HttpResponse:
    """What happened in the project: lanes of a window of time, and the list of it, filtered; further entries by key."""
    access = access_to(request.user, slug, Action.VIEW)
    filters = _filters(request)
    now = timezone.now()
    window = _window(request)
    after = Cursor.parse(request.GET.get("after", ""))
    if after is None and window is not None:
        after = Cursor(window.end, _BEHIND_ALL)
    found = searching.find(access.project, filters, after=after)
    query = request.GET.copy()
    if found.next:
        query["after"] = str(found.next)
    context: dict[str, Any] = {
        "access": access,
        "tab": "history",
        "filters": filters,
        "found": found,
        "days": entries.by_day(found.entries),
        "more": query.urlencode() if found.next else "",
        "kinds": KINDS,
        "statuses": STATUSES,
    }
    if request.headers.get("HX-Target") == "more":
        return page(request, "history/timeline.html", context, fragment="more")
    runs = list(map(gathering.run_of, found.entries))
    window = window or windows.fitting(((run.begin, run.end) for run in runs), now)
    if not replace(filters, environment=""):
        runs = [
            *gathering.running(access.project, now),
            *gathering.runs_in(access.project, window, filters.environment),
        ]
    known = path_of(access.project).ordered(access.project.environments.all())
    context |= {"people": searching.people(access.project), "drawn": bool(runs), "environments": known}
    context |= _drawn(access, window, runs, filters, known) | _moves(request, slug, window)
    return page(request, "history/timeline.html", context, fragment="entries")


@require_GET
def resource_history(request: HttpRequest, slug: str, name: str, logical_id: str) -> HttpResponse:
    """What ever happened to a resource of the environment, under whatever physical id, and who did it."""
    access = access_to(request.user, slug, Action.VIEW, name)
    found = resources.history(access.place, logical_id, after=Cursor.parse(request.GET.get("after", "")))
    context = {
        "access": access,
        "tab": "history",
        "environment": access.place,
        "logical_id": logical_id,
        "found": found,
        "more": str(found.next) if found.next else "",
        "now": StateEntry.objects.filter(environment=access.place, logical_id=logical_id).first(),
        "elsewhere": resources.elsewhere(access.place, logical_id),
    }
    return page(request, "history/resource.html", context, fragment="more")


def _filters(request: HttpRequest) -> Filters:
    texts = {name: asked(request, name) for name in ("status", "kind", "person", "environment", "text", "who")}
    return Filters(**texts, since=_day(asked(request, "since")), until=_day(asked(request, "until")))


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if windows.EARLIEST.date() < day < windows.LATEST.date() else None


def _window(request: HttpRequest) -> Window | None:
    """The one that is asked for: around an instant, which is marked, around a middle, or from a begin on."""
    zoom = next((each for each in Zoom if each == request.GET.get("zoom")), None)
    for name in ("at", "around", "from"):
        moment: datetime | None = windows.instant(request.GET.get(name, ""))
        if moment is not None:
            if name == "from":
                return windows.beginning(moment, zoom or Zoom.DAY)
            return windows.around(moment, zoom or Zoom.DAY, marked=name == "at")
    return windows.around(timezone.now(), zoom) if zoom else None


def _drawn(
    access: Access, window: Window, runs: list[Run], filters: Filters, known: list[Environment]
) -> dict[str, Any]:
    too_many = len(runs) > gathering.MOST_RUNS
    incidents = gathering.incidents_in(access.project, window)
    shown = _lanes(known, runs[: gathering.MOST_RUNS], filters.environment)
    picture: Picture = layout(
        window,
        [environment.name for environment in shown],
        runs[: gathering.MOST_RUNS],
        gathering.spans_of(access.project, window, shown, incidents),
        gathering.emergencies_in(access.project, window),
    )
    return {
        "picture": picture,
        "incidents": incidents,
        "too_many": too_many and gathering.MOST_RUNS,
        "hidden_lanes": 0 if filters.environment else len(known) - len(shown),
    }


def _lanes(known: list[Environment], runs: list[Run], wanted: str) -> list[Environment]:
    """The environment asked for, or as many as can be drawn, in their order; where not all can, those with runs."""
    if wanted:
        return [each for each in known if each.name == wanted]
    if len(known) <= MOST_LANES:
        return known
    busy = {run.environment for run in runs}
    chosen = sorted(known, key=lambda each: each.name not in busy)[:MOST_LANES]
    return [each for each in known if each in chosen]


def _moves(request: HttpRequest, slug: str, window: Window) -> dict[str, Any]:
    """Where one can go from the window: closer, further, earlier, later, and the link to this instant."""
    kept = request.GET.copy()
    for name in ("at", "around", "from", "zoom", "after"):
        kept.pop(name, None)

    def query(**more: str) -> str:
        wanted: QueryDict = kept.copy()
        wanted.update(more)
        return wanted.urlencode()

    middle = windows.written(window.at or window.middle)
    around = {"at": middle} if window.at else {"around": middle}
    zoom = window.zoom or _nearest(window)
    link = query(at=middle, zoom=zoom.value)
    return {
        "fits": Move("Fit", query(), window.zoom is None),
        "zooms": [Move(each.value, query(zoom=each.value, **around), each == window.zoom) for each in Zoom],
        "earlier": query(**{"from": windows.written(window.earlier)}, zoom=zoom.value),
        "later": query(**{"from": windows.written(window.end)}, zoom=zoom.value),
        "link": at_site(f"{reverse('timeline', args=[slug])}?{link}"),
        "kept": query(),
    }


def _nearest(window: Window) -> Zoom:
    length = window.end - window.begin
    return next((zoom for zoom, span in windows.LENGTHS.items() if span >= length), Zoom.QUARTER)
