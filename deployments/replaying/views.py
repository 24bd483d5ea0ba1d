"""Pages of replays: one recorded run, or two on one clock, and the frames that a playing page asks for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from deployments.replaying.paces import paces
from deployments.replaying.playing import SPEEDS, Track, asked_number, asked_time, bars, frames, marks
from deployments.replaying.tape import Tape, tape_of
from history.models import Record
from history.reading import open_record
from history.views import explains_unreadable, opened
from projects.access import Access, access_to
from projects.pages import page
from projects.roles import Action

CHOICES = 200
LONGEST_MERGE = 60_000
"""Milliseconds of a run that one frame may hold."""


@require_GET
@explains_unreadable
def replay(request: HttpRequest, slug: str, deployment_id: str) -> HttpResponse:
    """A recorded run as its page was after event `at`, or at `time` milliseconds; from there it can be played."""
    access, record = opened(request, slug, deployment_id)
    tape = tape_of(open_record(record))
    track = Track(record, tape, asked_number(tape, request.GET.dict()))
    return _page(request, access, [track], {}, position={"at": track.number})


@require_GET
@explains_unreadable
def frames_of(request: HttpRequest, slug: str, deployment_id: str) -> HttpResponse:
    """The next frames behind event `after` as JSON; `merge` is how many milliseconds of the run make one."""
    access, record = opened(request, slug, deployment_id)
    tape = tape_of(open_record(record))
    asked = request.GET.dict()
    after = asked_number(tape, {"at": asked.get("after", "")})
    merge = asked.get("merge", "")
    merged = min(int(merge), LONGEST_MERGE) if merge.isascii() and merge.isdigit() and len(merge) < 9 else 0
    pre = asked.get("pre", "") if asked.get("pre") in ("left-", "right-") else ""
    found = frames(access.project, tape, pre=pre, after=after, merged=merged)
    return JsonResponse({"frames": [asdict(frame) for frame in found]})


@require_GET
@explains_unreadable
def pair(request: HttpRequest, slug: str) -> HttpResponse:
    """Two recorded runs on one clock, both from their start; without two, the choice of them."""
    access = access_to(request.user, slug, Action.VIEW)
    ids = {name: request.GET.get(name, "") for name in ("left", "right")}
    found = {name: opened(request, slug, chosen)[1] for name, chosen in ids.items() if chosen}
    if len(found) < 2:
        return page(request, "replay/choice.html", _choice(access, found))
    tapes = {name: tape_of(open_record(record)) for name, record in found.items()}
    time = asked_time(list(tapes.values()), request.GET.dict()) or 0
    begins = "time" not in request.GET and "go" not in request.GET
    tracks = [
        Track(record, tapes[name], 0 if begins else tapes[name].number_at(time), f"{name}-")
        for name, record in found.items()
    ]
    steps, more = paces(*(tape.story(tape.last) for tape in tapes.values()))
    return _page(request, access, tracks, ids, position={"time": time}, paces=steps, more_paces=more)


def _page(
    request: HttpRequest,
    access: Access,
    tracks: list[Track],
    ids: dict[str, str],
    *,
    position: dict[str, int],
    **more: Any,
) -> HttpResponse:
    tapes: list[Tape] = [track.tape for track in tracks]
    query = urlencode({**ids, **position})
    at, length = position.get("time", tracks[0].at), max(tape.milliseconds for tape in tapes)
    context: dict[str, Any] = {
        "access": access,
        "project": access.project,
        "tab": "history",
        "tracks": tracks,
        "ids": ids,
        "here": query,
        "address": f"{request.path}?{query}",
        "by": next(iter(position)),
        "at": at,
        "seconds": at / 1000,
        "length": length,
        "length_seconds": length / 1000,
        "speeds": SPEEDS,
        "bars": bars(tapes),
        "marks": marks(tapes),
        "failures": sum(moment.kind == "failure" for tape in tapes for moment in tape.moments),
    }
    return page(request, "replay/replay.html", context | more, fragment="runs")


def _choice(access: Access, found: dict[str, Record]) -> dict[str, Any]:
    return {
        "access": access,
        "tab": "history",
        "left": found.get("left"),
        "right": found.get("right"),
        "choices": Record.objects.of_project(access.project)[:CHOICES],
        "address": reverse("replay-pair", args=[access.project.slug]),
    }
