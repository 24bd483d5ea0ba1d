"""The API about releases: which one is where."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from deployments.models import Deployment
from deployments.promoting.board import Cell, Row, board
from deployments.promoting.lanes import Lane
from deployments.releases import brought_at
from projects.access import Access
from projects.pages import asked
from projects.people.bearer import as_json, endpoint, resource
from projects.roles import Action


@endpoint(Action.VIEW)
def list_releases(request: HttpRequest, access: Access) -> HttpResponse:
    """Which release is where, newest first, 20 at a time: `?before=` goes on; `?text=` is in environments' names."""
    found = board(access, timezone.now(), text=asked(request, "text", 20), before=asked(request, "before", 40))
    return as_json(
        {
            "path": list(found.path.names),
            "environments": [_lane(each) for each in found.lanes],
            "moreEnvironments": found.others,
            "releases": [_row(row, found.lanes) for row in found.rows],
            "before": found.before or None,
        }
    )


def _lane(lane: Lane) -> dict[str, Any]:
    release = lane.current.release
    return {
        "name": lane.environment.name,
        "revision": release.number if release else None,
        "source": release.source_digest or None if release else None,
        "deployment": _id(lane.current.brought_by),
        "sinceThen": _id(lane.current.since_then),
        "upstream": lane.upstream or None,
        "distance": lane.distance,
        "following": lane.following or None,
        "onHold": bool(lane.holds),
        "frozen": [window.freeze.name for window in lane.freezes],
        "drifted": lane.drift is not None and lane.drift.status == "drifted",
    }


def _row(row: Row, lanes: tuple[Lane, ...]) -> dict[str, Any]:
    cells = zip(lanes, row.cells, strict=True)
    return {
        "name": row.release.name,
        "revision": row.release.number,
        "source": row.release.source_digest or None,
        "message": row.configuration.message,
        "author": row.configuration.author_text,
        "firstDeployedAt": _iso(row.first_at),
        "environments": {lane.environment.name: _cell(cell) for lane, cell in cells if cell},
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "status": cell.word,
        "current": cell.is_current,
        "quarantined": cell.quarantined is not None,
        "deployment": _id(cell.shown),
        "at": _iso(brought_at(cell.shown)) if cell.shown else None,
    }


def _id(deployment: Deployment | None) -> str | None:
    return deployment.public_id if deployment else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


releases = resource(GET=list_releases)
