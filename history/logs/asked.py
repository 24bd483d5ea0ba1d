"""What a request asks of a log, and what its page shows of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from history.lines import LEVELS
from history.logs.events import EventLog
from history.logs.search import LINES, Filter, Found, backward, forward
from projects.pages import asked

OFFERED = 500
"""Resources that are offered to choose from; any can be asked for by its address."""


def filter_of(request: HttpRequest) -> Filter:
    """The filter that the request's query describes; what makes no sense in it is left out."""
    return Filter(
        levels=frozenset(request.GET.getlist("level")) & frozenset(LEVELS),
        resources=frozenset(each[:255] for each in request.GET.getlist("resource") if each),
        text=asked(request, "text"),
    )


def shown(
    request: HttpRequest, log: EventLog, public_id: str, *, live: bool = False, wanted: Filter | None = None
) -> dict[str, Any]:
    """What the log's templates take: lines before, behind or around a number, or the log's begin (live: its end).

    `wanted` is what the request asks for, unless the page knows better.
    """
    wanted, names = wanted or filter_of(request), log.resources
    return {
        "log": _found(request, log, wanted, live),
        "log_id": public_id,
        "log_filter": wanted,
        "log_levels": LEVELS,
        "log_resources": names[:OFFERED],
        "log_line": _number(request, "line"),
        "log_live": live,
    }


def _found(request: HttpRequest, log: EventLog, wanted: Filter, live: bool) -> Found:
    if line := _number(request, "line"):
        return forward(log, Filter(), max(0, line - LINES // 2))
    if before := _number(request, "before"):
        return backward(log, wanted, before)
    if live and "after" not in request.GET:
        return backward(log, wanted, log.last + 1)
    return forward(log, wanted, _number(request, "after"))


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
