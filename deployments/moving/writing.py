"""A whole project as the bytes of an archive."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import OuterRef, Subquery

from deployments.moving.contents import files_of
from history import index, whole
from history.models import Record
from projects.models import Project


def archive(project: Project) -> Iterator[bytes]:
    """Everything of the project up to now, also the records of environments that are no more.

    Raises:
        StoreUnavailable: at once or while it is read, the store does not answer, or the key is not at hand.
    """
    newest = Record.objects.filter(project_slug=OuterRef("project_slug"), environment_name=OuterRef("environment_name"))
    last = newest.order_by("-sequence").values("pk")[:1]
    rows = Record.objects.filter(project=project, pk=Subquery(last)).order_by("environment_name")
    ends = {row.environment_name: index.head_of(row) for row in rows}
    return whole.archive(project.slug, ends, files_of(project))
