"""The audit log of a project, and of what belongs to none."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from projects.access import access_to
from projects.administrators import administrator
from projects.audit import chains, reading
from projects.audit.deeds import Deed, Outcome
from projects.audit.forms import KeepForm
from projects.audit.models import ELSEWHERE, AuditEntry, AuditHead, chain_of
from projects.audit.writing import write
from projects.models import Project
from projects.pages import asked, page
from projects.roles import Action

EXPORTS = {
    "csv": (reading.as_csv, "text/csv; charset=utf-8", "csv"),
    "json": (reading.as_json_lines, "application/x-ndjson; charset=utf-8", "jsonl"),
}

FURTHER = 20
"""How many times as far a page looks, once somebody asks to look further back."""
OFFERED = 100


@require_GET
def project_log(request: HttpRequest, slug: str) -> HttpResponse:
    """Who did what in the project, newest first."""
    access = access_to(request.user, slug, Action.VIEW)
    return _log(request, access.project, {"shell": "projects/shell.html", "access": access, "tab": "audit"})


@require_GET
def installation_log(request: HttpRequest) -> HttpResponse:
    """Sign-ins and people: what belongs to no project; for administrators."""
    administrator(request)
    return _log(request, None, {"shell": "audit/shell.html"})


@require_GET
def export(request: HttpRequest, kind: str, slug: str = "") -> StreamingHttpResponse:
    """The log, filtered as the page is, as a file; that it was read is an entry too."""
    project = _project(request, slug, Action.VIEW)
    filters = _filters(request)
    rows, content_type, suffix = EXPORTS[kind]
    # Made before the entry about itself, which it would otherwise hold.
    newest = _entries(project).order_by("-id").values_list("id", flat=True).first() or 0
    kept = {name: str(value) for name, value in asdict(filters).items() if value}
    write(Deed.AUDIT_EXPORTED, actor=request.user, project=project, target_type="file", target=kind, detail=kept)
    lines = rows(filters.keep(_entries(project)).filter(id__lte=newest))
    response = StreamingHttpResponse(lines, content_type=content_type)
    name = f"audit-{project.slug if project else 'installation'}-{timezone.now():%Y-%m-%d}.{suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
def verification(request: HttpRequest) -> HttpResponse:
    """Reads the whole chain of what belongs to no project; that of a project is `history.audit_views`' to verify."""
    administrator(request)
    verdict = chains.verify(ELSEWHERE)
    outcome = Outcome.FAILED if verdict.wrong else Outcome.DONE
    detail = {"checked": verdict.checked, "wrong": verdict.wrong}
    write(Deed.AUDIT_VERIFIED, actor=request.user, outcome=outcome, detail=detail)
    context = {"shell": "audit/shell.html", "verdict": verdict}
    return page(request, "audit/verification.html", context, fragment="verdict")


@require_POST
def keeping(request: HttpRequest, slug: str) -> HttpResponse:
    """How long entries are kept; the owner's to say."""
    access = access_to(request.user, slug, Action.MANAGE_MEMBERS)
    form = KeepForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("audit", slug)
    with transaction.atomic():
        AuditHead.objects.get_or_create(chain=access.project.pk)
        head = AuditHead.objects.select_for_update().get(chain=access.project.pk)
        before, head.keep_days = head.keep_days, form.cleaned_data["keep_days"]
        head.save(update_fields=["keep_days"])
        change = {"before": before, "after": head.keep_days}
        write(Deed.AUDIT_KEPT, actor=access.user, project=access.project, detail=change)
    messages.success(
        request, f"Entries are kept for {head.keep_days} days." if head.keep_days else "Entries are kept for ever."
    )
    return redirect("audit", slug)


def _log(request: HttpRequest, project: Project | None, context: dict[str, Any]) -> HttpResponse:
    filters, entries = _filters(request), _entries(project)
    below = request.GET.get("below", "")
    found = reading.page(
        entries,
        filters,
        below=int(below) if below.isdecimal() and len(below) < 19 else None,
        looked_at=reading.LOOKED_AT * (FURTHER if "further" in request.GET else 1),
    )
    query = request.GET.copy()
    if found.below:
        query["below"] = str(found.below)
    if found.looked_to:
        query["further"] = "yes"
    context |= {
        "project": project,
        "filters": filters,
        "entries": found.entries,
        "more": query.urlencode() if found.below else "",
        "looked_to": found.looked_to,
        "query": request.GET.urlencode(),
        "deeds": Deed.choices,
        "outcomes": Outcome.choices,
        "environments": project.environments.all() if project else (),
        "people": _people(project),
        "head": AuditHead.objects.filter(chain=chain_of(project)).first(),
    }
    fragment = "more" if request.headers.get("HX-Target") == "more" else "entries"
    return page(request, "audit/log.html", context, fragment=fragment)


def _people(project: Project | None) -> list[str]:
    """Whom the filter offers: members, not more than anybody reads; everybody's name can be typed."""
    members = project.memberships.select_related("user")[:OFFERED] if project else ()
    return sorted({member.user.text for member in members})


def _filters(request: HttpRequest) -> reading.Filters:
    texts = {name: asked(request, name) for name in ("person", "deed", "outcome", "environment", "text")}
    return reading.Filters(**texts, since=_day(request.GET.get("since", "")), until=_day(request.GET.get("until", "")))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _entries(project: Project | None) -> Any:
    return AuditEntry.objects.filter(chain=chain_of(project))


def _project(request: HttpRequest, slug: str, action: Action) -> Project | None:
    """The project named, if the person may; None for the installation's own log, if the person administers it."""
    if slug:
        return access_to(request.user, slug, action).project
    administrator(request)
    return None
