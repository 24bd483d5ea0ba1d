"""View as: an owner sees the pages of a project as a role would, and changes nothing while they do."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from projects.audit.deeds import Deed
from projects.audit.middleware import denied
from projects.audit.writing import write
from projects.models import Project, User
from projects.roles import Role, ViewAs

KEY = "view-as"
AT_MOST = timedelta(hours=1)
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
STILL_ALLOWED = frozenset({"view-as-end", "sign-out", "account_logout"})
"""Names of the addresses to which something may be sent all the same."""

Session = MutableMapping[str, Any]


def begin(session: Session, *, user: User, project: Project, role: Role) -> None:
    """From the next request on, for an hour at most; in this session alone."""
    until = timezone.now() + AT_MOST
    session[KEY] = {"project": project.slug, "role": role.value, "until": until.isoformat()}
    write(
        Deed.VIEW_AS_BEGUN,
        actor=user,
        project=project,
        target_type="role",
        target=role.value,
        detail={"until": until.isoformat()},
    )


def end(session: Session, *, user: User, why: str = "") -> ViewAs | None:
    """They are themselves again; what they looked as, None if they did not."""
    before = _kept(session)
    if before is None:
        return None
    del session[KEY]
    write(
        Deed.VIEW_AS_ENDED,
        actor=user,
        project=Project.objects.filter(slug=before.project).first(),
        target_type="role",
        target=before.role.value,
        detail={"why": why} if why else {},
    )
    return before


def current(session: Session) -> ViewAs | None:
    """As what the person of this session looks now; None when as themselves, or when the hour is over."""
    return None if _is_over(session) else _kept(session)


class ViewAsMiddleware:
    """Lets an owner who looks as a role read as that role, and refuses everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, as for that role."""
        if KEY in request.session and isinstance(request.user, User):
            if _is_over(request.session):
                end(request.session, user=request.user, why="The hour was over.")
            request.user.view_as = current(request.session)
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        """Refuses what would change something, whichever project it is of."""
        view_as = getattr(request.user, "view_as", None)
        if view_as is None or request.method in SAFE:
            return
        if request.resolver_match is not None and request.resolver_match.url_name in STILL_ALLOWED:
            return
        why = f"You see {view_as.project} as its {view_as.role.value} would. End that first, to change anything."
        denied(request, Project.objects.filter(slug=view_as.project).first(), why)
        raise PermissionDenied(why)


def _kept(session: Session) -> ViewAs | None:
    kept = session.get(KEY)
    return ViewAs(kept["project"], Role(kept["role"])) if kept else None


def _is_over(session: Session) -> bool:
    kept = session.get(KEY)
    return kept is not None and datetime.fromisoformat(kept["until"]) <= timezone.now()
