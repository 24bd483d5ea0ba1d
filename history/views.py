"""Pages about what happened: a record, its files and log."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from history.annotating import environment_holds
from history.logs.asked import shown
from history.logs.events import RecordLog
from history.models import Record
from history.reading import Damaged, Expired, TooLarge, open_record
from history.store import Archived, StoreUnavailable
from history.verification import verify_record
from projects.access import Access, access_to
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.highlighting import lines_of
from projects.pages import page
from projects.roles import Action

View = Callable[..., HttpResponseBase]


def explains_unreadable(view: View) -> View:
    """A record whose store does not answer, or that is not what was sealed, is said so instead of being a bug."""

    @wraps(view)
    def explained(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, slug, *args, **kwargs)
        except Expired:
            raise  # has a page of its own
        except (Damaged, TooLarge, StoreUnavailable) as error:
            access = access_to(request.user, slug, Action.VIEW)
            context = {"access": access, "tab": "history", "error": str(error)}
            if isinstance(error, Archived):
                context["archived"] = kwargs.get("deployment_id", "")
            return page(request, "history/unreadable.html", context, status=503)

    return explained


@require_GET
@explains_unreadable
def record(request: HttpRequest, slug: str, deployment_id: str) -> HttpResponse:
    """One record: what it says of itself, its documents and its log."""
    access, row = opened(request, slug, deployment_id)
    reader = open_record(row)
    siblings = Record.objects.filter(project_slug=row.project_slug, environment_name=row.environment_name)
    context = {
        "access": access,
        "tab": "history",
        "record": row,
        "metadata": reader.metadata(),
        "approvals": reader.approvals(),
        "certificate": reader.certificate(),
        "files": sorted((name, file.size, file.sha256) for name, file in reader.manifest.files.items()),
        "configuration": lines_of(reader.config_text()),
        "previous": siblings.filter(sequence=row.sequence - 1).first(),
        "next": siblings.filter(sequence=row.sequence + 1).first(),
        "newest": siblings.order_by("-sequence").first(),
        "over_all": [
            each for each in environment_holds(row.project_slug, row.environment_name) if row.sequence <= each.sequence
        ],
    }
    return page(request, "history/record.html", context | shown(request, RecordLog(reader), deployment_id))


@require_GET
def verification(request: HttpRequest, slug: str, deployment_id: str) -> HttpResponse:
    """Reads every file of the record again and says whether each is what was sealed, and by whom."""
    access, row = opened(request, slug, deployment_id)
    context: dict[str, Any] = {"access": access, "tab": "history", "record": row}
    try:
        context["problem"] = verify_record(row)
        if row.expired_at is None:
            context["verified"] = not context["problem"] and len(open_record(row).manifest.files)
    except (Damaged, StoreUnavailable) as error:
        context["problem"] = str(error)
    return page(request, "history/verification.html", context, fragment="verification")


@require_GET
@explains_unreadable
def file(request: HttpRequest, slug: str, deployment_id: str, name: str) -> HttpResponse:
    """A file of the record as it was sealed, as a download: its content is never shown as a page of ours."""
    access, row = opened(request, slug, deployment_id)
    reader = open_record(row)
    if name not in reader.manifest.files:
        raise Http404("The record has no such file.")
    response = HttpResponse(reader.raw(name), content_type="application/octet-stream")
    audit(
        Deed.RECORD_READ,
        actor=access.user,
        project=access.project,
        environment=row.environment,
        target_type="file",
        target=f"{deployment_id}/{name}",
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{_plain(deployment_id)}-{_plain(name)}"'
    return response


def opened(request: HttpRequest, slug: str, deployment_id: str) -> tuple[Access, Record]:
    """The project's record of that deployment, and what the person may do in its environment, if there still is one."""
    access = access_to(request.user, slug, Action.VIEW)
    records = Record.objects.select_related("environment__project", "project")
    found = get_object_or_404(records, project=access.project, deployment_id=deployment_id)
    return access.within(found.environment) if found.environment else access, found


def _plain(text: str) -> str:
    """Letters, digits, dots, hyphens: nothing a header or a file system could misread."""
    return "".join(
        character if character.isascii() and (character.isalnum() or character in ".-") else "_" for character in text
    )
