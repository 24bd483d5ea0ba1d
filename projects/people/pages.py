"""django-allauth's pages as ours: our templates, 422 for what a form refuses, and only where they make sense."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.views.generic.base import View

from projects.pages import page

Page = Callable[..., HttpResponseBase]


def ours(view: type[View], template: str, *, whole: bool = True, **options: Any) -> Page:
    """The view with our template; an invalid form is unprocessable (422), as everywhere.

    `whole`: what it changes and the entry that tells of it are one transaction.
    """
    shown = view.as_view(template_name=template, **options)

    @wraps(shown)  # keeps its mark of who may see it
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with transaction.atomic() if whole and request.method == "POST" else nullcontext():
            response = shown(request, *args, **kwargs)
        if request.method == "POST" and isinstance(response, TemplateResponse) and response.status_code == 200:
            forms = [each for each in (response.context_data or {}).values() if getattr(each, "is_bound", False)]
            if any(form.errors for form in forms):
                response.status_code = 422
        return response

    return answer


def needs_mail(view: Page) -> Page:
    """Where no mail server is set up, says so instead of promising a mail that never comes."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.MAIL:
            return view(request, *args, **kwargs)
        return page(request, "account/no_mail.html", {})

    return answer
