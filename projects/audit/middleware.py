"""Around every request: from where it comes, and what was denied."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from projects.access import Outsider
from projects.audit.acting import Circumstances, acting
from projects.audit.deeds import Via
from projects.audit.denials import deny
from projects.models import Project, User


class AuditMiddleware:
    """Gives each request an id, which the answer carries too (`X-Request-ID`), and writes down who was refused what."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer; whatever is written on the way carries the request's circumstances."""
        request_id = uuid.uuid4().hex
        now = Circumstances(via=Via.WEB, address=address_of(request), request_id=request_id)
        with acting(now):
            response = self._get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """An outsider who got a 404, and a member who got a 403, are entries; a page that is not there is none."""
        if not isinstance(exception, Outsider | PermissionDenied):
            return
        slug = request.resolver_match.kwargs.get("slug") if request.resolver_match else None
        denied(request, Project.objects.filter(slug=slug).first() if slug else None, str(exception))


def address_of(request: HttpRequest) -> str:
    """Where the request came from."""
    return address_seen(request.headers.get("X-Forwarded-For", ""), request.META.get("REMOTE_ADDR") or "")


def address_seen(forwarded: str, peer: str) -> str:
    """The address as the outermost proxy of ours saw it, or who connected where there is none."""
    proxies, hops = settings.ALLAUTH_TRUSTED_PROXY_COUNT, forwarded.split(",")
    told = hops[-proxies].strip() if 0 < proxies <= len(hops) else ""
    try:
        return str(ip_address(told))
    except ValueError:
        return peer


def denied(request: HttpRequest, project: Project | None, why: str, person: User | None = None) -> None:
    """Writes that this request was refused; of that person, if it is not the one who is signed in."""
    deny(
        actor=person or request.user,
        project=project,
        target_type="page",
        target=f"{request.method} {request.path}",
        why=why,
    )
