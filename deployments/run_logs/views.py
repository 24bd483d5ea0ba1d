"""Pages of a run's log: the log itself, its resources, its AWS calls, and each of them as a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from deployments.engine.story import StepStory
from deployments.run_logs import calls as table
from deployments.run_logs.calls import AwsCall, Total, Wanted
from deployments.run_logs.runs import Run, opened
from history.cache import DigestCache
from history.logs import asked
from history.logs.files import KINDS
from history.logs.search import Filter
from history.reading import open_record
from history.views import explains_unreadable
from projects.access import Access
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.pages import asked as word
from projects.pages import page, wants_fragment

CALLS_BYTES = 32 * 1024 * 1024
_calls = DigestCache(CALLS_BYTES)


@dataclass(frozen=True, slots=True)
class TotalRow:
    """A total, and where its calls are shown."""

    of: Total
    query: str


@require_GET
@explains_unreadable
def log(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """All events as lines, by level, resource and text if asked; further ones by number."""
    access, run = opened(request, slug, public_id)
    context = _context(access, run, "log") | _log(request, run)
    if wants_fragment(request):
        return page(request, "history/log.html", context, fragment=_fragment(request))
    return page(request, "run_logs/log.html", context)


@require_GET
@explains_unreadable
def log_file(request: HttpRequest, slug: str, public_id: str, kind: str) -> StreamingHttpResponse:
    """The log as a download, filtered as its page is."""
    access, run = opened(request, slug, public_id)
    if kind not in KINDS:
        raise Http404("A log is downloaded as txt or jsonl.")
    make, content_type = KINDS[kind]
    wanted, events = asked.filter_of(request), run.log()
    assert events.last >= 0, "read before anything is sent, so that what cannot be read can still be said"
    _written_down(access, run, f"log.{kind}", wanted.query)
    name = f"{run.public_id}{'-part' if wanted else ''}.{kind}"
    return _download(make(events, wanted), content_type, name)


@require_GET
@explains_unreadable
def resource(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """What the run did to one resource, with its log; without a name, to which resources it did what."""
    access, run = opened(request, slug, public_id)
    name = request.GET.get("name", "")
    steps: dict[str, list[StepStory]] = {}
    for step in run.view().steps:
        steps.setdefault(step.logical_id, []).append(step)
    context = _context(access, run, "resources")
    if not name:
        return page(request, "run_logs/resources.html", context | {"resources": list(steps.items())})
    if name not in steps:
        raise Http404("The run has no such resource.")
    files = open_record(run.record).manifest.files.items() if run.record else ()
    sealed = next((file for file, entry in files if entry.resource == name), "")
    told = _log(request, run, replace(asked.filter_of(request), resources=frozenset({name})))
    context |= {"name": name, "steps": steps[name], "sealed": sealed, "log_resources": ()}
    return page(request, "run_logs/resource.html", told | context)


@require_GET
@explains_unreadable
def calls(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The run's AWS calls with their durations, and what they come to by operation."""
    access, run = opened(request, slug, public_id)
    every, wanted = _calls_of(run), _wanted(request)
    found = wanted.of(every)
    start = request.GET.get("from", "")
    first = int(start) if start.isascii() and start.isdigit() and len(start) < 7 else 0
    context = _context(access, run, "calls") | {
        "wanted": wanted,
        "services": sorted({call.service for call in every}),
        "totals": [
            TotalRow(total, wanted.query(service=total.service, operation=total.operation))
            for total in table.totals(found)
        ],
        "number": len(found),
        "together": sum(call.seconds for call in found),
        "calls": found[first : first + table.ROWS],
        "before": max(0, first - table.ROWS) if first else None,
        "after": first + table.ROWS if first + table.ROWS < len(found) else None,
        "by_time": wanted.query(sort=""),
        "by_duration": wanted.query(sort="duration"),
        "bounded": len(every) if len(every) == table.MOST else 0,
    }
    return page(request, "run_logs/calls.html", context, fragment="calls")


@require_GET
@explains_unreadable
def calls_file(request: HttpRequest, slug: str, public_id: str) -> StreamingHttpResponse:
    """The calls as CSV, chosen and sorted as their page is."""
    access, run = opened(request, slug, public_id)
    wanted = _wanted(request)
    found = wanted.of(_calls_of(run))
    _written_down(access, run, "calls.csv", wanted.query())
    return _download(
        (line.encode() for line in table.as_csv(found)), "text/csv; charset=utf-8", f"{run.public_id}-calls.csv"
    )


def _context(access: Access, run: Run, part: str) -> dict[str, Any]:
    return {"access": access, "tab": "history" if run.record else "deployments", "run": run, "part": part}


def _log(request: HttpRequest, run: Run, wanted: Filter | None = None) -> dict[str, Any]:
    newer_only = "after" in request.GET and wants_fragment(request)
    return asked.shown(request, run.log(), run.public_id, live=run.live, wanted=wanted) | {
        "log_is_page": True,
        "log_older_only": "before" in request.GET and wants_fragment(request),
        "log_newer_only": newer_only,
        "log_quiet": newer_only and run.live,
    }


def _fragment(request: HttpRequest) -> str:
    """More lines go where the link to them was; another filter exchanges them all."""
    return "piece" if request.headers.get("HX-Target") in ("log-later", "log-earlier") else "lines"


def _calls_of(run: Run) -> tuple[AwsCall, ...]:
    """The newest calls; those of a record are made once, as they never change."""
    if run.record is None:
        return table.calls_of(run.log().calls(table.MOST))
    reader = open_record(run.record)
    size = sum(map(len, reader.event_lines()))
    return _calls.get("calls", reader.manifest.digest(), size, lambda: table.calls_of(run.log().calls(table.MOST)))


def _wanted(request: HttpRequest) -> Wanted:
    sort = request.GET.get("sort", "")
    return Wanted(
        service=word(request, "service"),
        operation=word(request, "operation"),
        resource=word(request, "resource", 255),
        errors=bool(request.GET.get("errors")),
        sort=sort if sort in table.SORTS else table.SORTS[0],
    )


def _written_down(access: Access, run: Run, file: str, query: str) -> None:
    """Whoever downloads from a record is named in the audit log, as for its files."""
    if run.record is not None:
        audit(
            Deed.RECORD_READ,
            actor=access.user,
            project=access.project,
            environment=run.environment,
            target_type="file",
            target=f"{run.public_id}/{file}",
            detail={"query": query} if query else {},
        )


def _download(content: Any, content_type: str, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
