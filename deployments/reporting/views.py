"""A deployment's report and document, made of its record when they are asked for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.reporting.document import document
from deployments.reporting.report import report
from deployments.reporting.telling import Story, story_of
from history.views import explains_unreadable, opened
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit


@require_GET
@explains_unreadable
def paper(request: HttpRequest, slug: str, deployment_id: str) -> HttpResponse:
    """The report as PDF."""
    story = _told(request, slug, deployment_id, "report.pdf")
    return _download(HttpResponse(report(story), content_type="application/pdf"), story, "pdf")


@require_GET
@explains_unreadable
def data(request: HttpRequest, slug: str, deployment_id: str) -> HttpResponse:
    """All of it as one JSON document."""
    story = _told(request, slug, deployment_id, "report.json")
    made = JsonResponse(document(story), json_dumps_params={"ensure_ascii": False, "indent": 2})
    return _download(made, story, "json")


def _told(request: HttpRequest, slug: str, deployment_id: str, file: str) -> Story:
    access, row = opened(request, slug, deployment_id)
    story = story_of(row, reverse("record", args=[slug, deployment_id]), timezone.now())
    audit(
        Deed.EXPORT_READ,
        actor=access.user,
        project=access.project,
        environment=row.environment,
        target_type="file",
        target=f"{deployment_id}/{file}",
    )
    return story


def _download(response: HttpResponse, story: Story, suffix: str) -> HttpResponse:
    row = story.row
    name = f"{row.project_slug}-{row.environment_name}-{row.sequence}.{suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
