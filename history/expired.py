"""The one page of records that have expired: whoever asks for what is gone is told when, why, and what stayed."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from history import annotation_index
from history.models import Record
from history.reading import Expired
from projects.access import access_to
from projects.pages import page


class ExpiredMiddleware:
    """Answers with that page (410), whichever view found the documents gone; access was decided there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The page's answer."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """What is said instead of the view's answer; None where something else went wrong."""
        if not isinstance(error, Expired):
            return None
        record = Record.objects.select_related("environment", "project").get(deployment_id=error.deployment_id)
        tombstone = annotation_index.tombstone(record)
        siblings = Record.objects.filter(project_slug=record.project_slug, environment_name=record.environment_name)
        context = {
            "access": access_to(request.user, record.project_slug),
            "tab": "history",
            "record": record,
            "tombstone": tombstone,
            "previous": siblings.filter(sequence=record.sequence - 1).first(),
            "next": siblings.filter(sequence=record.sequence + 1).first(),
        }
        return page(request, "history/expired.html", context, status=410)
