"""One's own API tokens, and the page about the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects.models import Project, User
from projects.pages import at_site, page, posted
from projects.people.api_tokens import make_token, revoke_token
from projects.people.bearer import Endpoint, endpoints_of
from projects.people.forms import TokenForm


@dataclass(frozen=True, slots=True)
class Line:
    """One endpoint as the page about the API shows it."""

    method: str
    address: str
    endpoint: Endpoint

    @property
    def does(self) -> SafeString:
        """What the endpoint says of itself, with `words` as code."""
        parts = (self.endpoint.answer.__doc__ or "").strip().split("`")
        marked = ((format_html("<code>{}</code>", part) if odd % 2 else part,) for odd, part in enumerate(parts))
        return format_html_join("", "{}", marked)


@require_http_methods(["GET", "POST"])
def mine(request: HttpRequest) -> HttpResponse:
    """The list, and a form to make one; the secret is on the answer's page alone."""
    assert isinstance(request.user, User)
    return _mine(request) if request.method == "GET" else _make(request)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends one of mine."""
    assert isinstance(request.user, User)
    revoke_token(get_object_or_404(request.user.tokens, pk=pk), by=request.user)
    return redirect("tokens")


@require_GET
def about(request: HttpRequest) -> HttpResponse:
    """How the API is used, and every endpoint as the code declares it."""
    context = {"lines": list(api_lines()), "root": at_site("/api/v1"), "calls": settings.API_CALLS_PER_MINUTE}
    return page(request, "people/api.html", context)


def api_lines() -> Iterator[Line]:
    """Every endpoint of the API by address and method."""
    for address, view in _walk(get_resolver().url_patterns, "/"):
        for method, each in endpoints_of(view).items():
            yield Line(method, address, each)


def _mine(request: HttpRequest, form: TokenForm | None = None, secret: str = "") -> HttpResponse:
    assert isinstance(request.user, User)
    form = form or TokenForm(projects=Project.objects.visible_to(request.user))
    rows = request.user.tokens.select_related("project")
    status = 422 if form.is_bound and form.errors else 200
    return page(request, "people/tokens.html", {"form": form, "tokens": rows, "secret": secret}, status=status)


@reauthentication_required
def _make(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    form = TokenForm(posted(request), projects=Project.objects.visible_to(request.user))
    if not form.is_valid():
        return _mine(request, form)
    _, secret = make_token(user=request.user, made_by=request.user, **form.scope)
    return _mine(request, secret=secret)


def _walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, object]]:
    for pattern in patterns:
        address = before + str(pattern.pattern).replace("<slug:slug>", "{project}").replace("<slug:", "{").replace(
            ">", "}"
        )
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, address)
        else:
            yield address, pattern.callback
