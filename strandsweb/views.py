"""The door: home, sign-in, and what is no request."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from projects.models import User
from projects.people.social import doors
from strandsweb import demo
from strandsweb.nonsense import Nonsense


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Everybody's first page is the list of their projects."""
    return redirect("projects")


class SignIn(LoginView):
    """User name or e-mail address and password, or a passkey; the demo also says which accounts there are."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the demo's accounts where they exist; production settings have none."""
        seeded = settings.EMBEDDED and User.objects.filter(username__in=demo.PASSWORDS).exists()
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "demo": demo.PASSWORDS if seeded else None,
            "mail": settings.MAIL,
            "sign_up_open": settings.SIGN_UP_OPEN,
            "doors": doors(),
        }


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What cannot be read (400), or is more than is taken (413), with what to do instead."""
    if not hasattr(request, "user"):  # refused before anybody asked who it is
        request.user = AnonymousUser()
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        status, title = 413, "That is too much at once"
        todo = f"A form takes {settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20} MB of text. Send less, or in parts."
    else:
        status, title = 400, "This request cannot be read"
        said = str(exception) if isinstance(exception, Nonsense) else "It is not what a page of strandsweb sends."
        todo = f"{said} Start again from your projects."
    return render(request, "400.html", {"status": status, "title": title, "todo": todo}, status=status)
