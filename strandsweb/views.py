"""The door: home and sign-in."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from projects.models import User
from projects.people.social import doors
from strandsweb import demo


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
