"""The board of releases: rows of releases, columns of environments; it follows what runs by asking again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.promoting.board import board
from projects.access import access_to
from projects.pages import asked, page
from projects.roles import Action

QUICK_SECONDS, CALM_SECONDS = 5, 60
"""How often an open page asks again: while something is under way, and otherwise."""


@require_GET
def releases(request: HttpRequest, slug: str) -> HttpResponse:
    """Which release is where; environments by `?text=` of their names, older releases from `?before=` on."""
    access = access_to(request.user, slug, Action.VIEW)
    text, before = asked(request, "text", 20), asked(request, "before", 40)
    found = board(access, timezone.now(), text=text, before=before)
    query = request.GET.copy()
    query["before"] = found.before
    context = {
        "access": access,
        "tab": "history",
        "board": found,
        "text": text,
        "before": before,
        "older": query.urlencode() if found.before else "",
        "again": request.get_full_path(),
        "every_seconds": QUICK_SECONDS if found.live else CALM_SECONDS,
    }
    return page(request, "deployments/releases.html", context, fragment="board")
