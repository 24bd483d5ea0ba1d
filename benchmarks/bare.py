"""The pages, and beside them requests that decide about access and nothing else, or not even that."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.generic import ListView

from history.models import Record
from projects.access import access_to, environments_where
from projects.models import User
from projects.roles import Action
from strandsweb.urls import urlpatterns as pages

NOTHING = "a request that asks nothing"
SHOWN = 20


def nothing(request: HttpRequest) -> HttpResponse:
    """Who signed in is known here, as everywhere."""
    return HttpResponse()


def project(request: HttpRequest, slug: str) -> HttpResponse:
    """What every page of a project asks."""
    access_to(request.user, slug, Action.VIEW)
    return HttpResponse()


def environment(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """What a run of an environment asks."""
    access_to(request.user, slug, Action.RUN, name)
    return HttpResponse()


def where(request: HttpRequest) -> HttpResponse:
    """What lists over all projects ask, for a list of 20."""
    assert isinstance(request.user, User)
    list(environments_where(request.user, Action.APPROVE)[:SHOWN])
    return HttpResponse()


class Records(ListView):  # type: ignore[type-arg]
    """The first page of all records, as plainly as Django lists rows."""

    queryset = Record.objects.order_by("-started_at", "-deployment_id")
    paginate_by = 50
    template_name = "records.html"


urlpatterns = [
    *pages,
    path("bench/records", Records.as_view(), name="bench-records"),
    path("bench/nothing", nothing, name="bench-nothing"),
    path("bench/where", where, name="bench-where"),
    path("bench/<slug:slug>", project, name="bench-project"),
    path("bench/<slug:slug>/<slug:name>", environment, name="bench-environment"),
]
