"""Downloads of records with all that is needed to verify them elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_GET

from history import exporting, index
from history.models import Record
from history.verifier import BEGINNING, Head
from history.views import explains_unreadable, opened
from projects.access import access_to
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.roles import Action


@require_GET
@explains_unreadable
def record_archive(request: HttpRequest, slug: str, deployment_id: str) -> StreamingHttpResponse:
    """One record."""
    access, row = opened(request, slug, deployment_id)
    before = Record.objects.filter(
        project_slug=row.project_slug, environment_name=row.environment_name, sequence=row.sequence - 1
    ).first()
    start = index.head_of(before) if before else Head(row.sequence - 1, row.previous_digest)
    response = _download(request, row, start, f"{row.environment_name}-{row.sequence}")
    audit(
        Deed.EXPORT_READ,
        actor=access.user,
        project=access.project,
        environment=row.environment,
        target_type="file",
        target=f"{deployment_id}/archive.zip",
    )
    return response


@require_GET
@explains_unreadable
def environment_archive(request: HttpRequest, slug: str, name: str) -> StreamingHttpResponse:
    """All records of an environment."""
    access = access_to(request.user, slug, Action.VIEW, name)
    row = index.last(slug, name)
    if row is None:
        raise Http404("Nothing was recorded here yet.")
    response = _download(request, row, BEGINNING, name)
    audit(Deed.EXPORT_READ, actor=access.user, environment=access.place, target_type="file", target="history.zip")
    return response


def _download(request: HttpRequest, end: Record, before: Head, name: str) -> StreamingHttpResponse:
    parts = exporting.archive(end.project_slug, end.environment_name, before, index.head_of(end))
    return streamed(request, parts, f"{end.project_slug}-{name}-history.zip")


def streamed(
    request: HttpRequest, parts: Iterator[bytes], name: str, content_type: str = "application/zip"
) -> StreamingHttpResponse:
    """A download of that name, sent while it is made."""
    response = StreamingHttpResponse(
        _aside(parts) if isinstance(request, ASGIRequest) else parts, content_type=content_type
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def _aside(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The parts one by one, each made in a thread: given as they are, all of them would be made before any is sent."""
    following = sync_to_async(lambda: next(parts, None), thread_sensitive=False)
    while (part := await following()) is not None:
        yield part
