"""One page, whole or as the fragment htmx asked for; the server chooses which, never the client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a piece of the page it already shows."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: what was sent, be it empty, or nothing while the page is only looked at."""
    return request.POST if request.method == "POST" else None


def asked(request: HttpRequest, name: str, most: int = 200) -> str:
    """A word of the query, so that it can be searched for: bounded, and without NUL, which PostgreSQL refuses."""
    return request.GET.get(name, "")[:most].replace("\0", "").strip()


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, fragment: str = "", status: int = 200
) -> HttpResponse:
    """Renders the template, or its partial `fragment` when htmx asks and the page has one for this."""
    name = f"{template}#{fragment}" if fragment and wants_fragment(request) else template
    response = render(request, name, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def at_site(address: str) -> str:
    """The address as people outside this process reach it: at SITE_URL, whatever host a request named."""
    return f"{settings.SITE_URL}{urlsplit(address)._replace(scheme='', netloc='').geturl()}"
