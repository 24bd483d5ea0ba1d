"""Addresses that none of our pages leads to are answered before anything looks a row up by them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse

# More digits than any row's number has: neither SQLite nor PostgreSQL takes them.
_NUMBER_OF_NOTHING = re.compile(r"/0*[1-9]\d{18,}(/|$)")


class Nonsense(SuspiciousOperation):
    """What no page of ours sends; the text is for people."""


class NonsenseMiddleware:
    """Refuses the character of code 0 (400), which PostgreSQL does not take, and knows no such numbers (404)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The page's answer.

        Raises:
            Nonsense: a character of code 0 in the path or the query.
            Http404: a number that no row can have.
        """
        if "\0" in request.path or "\0" in unquote(request.META.get("QUERY_STRING", "")):
            raise Nonsense("Its address has a character of code 0.")
        if _NUMBER_OF_NOTHING.search(request.path):
            raise Http404("No row has such a number.")
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], *args: Any) -> None:
        """Fields of forms too, once their CSRF token was checked; programs send no forms.

        Raises:
            Nonsense: a character of code 0 in a field.
        """
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return
        for name, values in request.POST.lists():
            if any("\0" in each for each in (name, *values)):
                raise Nonsense(f"What was entered for {name[:40]} has a character of code 0. Take it out.")
