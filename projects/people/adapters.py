"""What django-allauth asks us: whose account it may be, what errors say, where secrets stay."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from projects.models import User
from projects.people import groups
from projects.people.sealing import seal, unseal

_NO_MATCH = "This user name and password do not go together."


class Accounts(DefaultAccountAdapter):
    """Accounts with passwords."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _NO_MATCH,
        "email_password_mismatch": _NO_MATCH,
        "incorrect_password": "This is not your password.",
        "too_many_login_attempts": "Too many attempts to sign in. Wait five minutes before you try again.",
        "rate_limited": "Too many requests. Wait a minute before you try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Only where the setting says so; invitations make their accounts themselves."""
        return settings.SIGN_UP_OPEN

    def is_safe_url(self, url: str) -> bool:
        """Redirects stay on this host, not only on allowed ones."""
        return url_has_allowed_host_and_scheme(url, {self.request.get_host()}, require_https=self.request.is_secure())

    def post_login(self, request: HttpRequest, user: User, **known: Any) -> HttpResponse:
        """All steps are done: groups of the provider become roles."""
        sociallogin = (known.get("signal_kwargs") or {}).get("sociallogin")
        if sociallogin is not None and "groups" in sociallogin.account.extra_data:
            account = sociallogin.account
            groups.keep_in_step(user=user, provider=account.provider, groups=account.extra_data["groups"])
        answer: HttpResponse = super().post_login(request, user, **known)
        return answer

    def is_ajax(self, request: HttpRequest) -> bool:
        """Pages answer as pages; only the passkey script asks for JSON."""
        return "application/json" in request.headers.get("Accept", "")


class SecondSteps(DefaultMFAAdapter):
    """Second steps; their keys are sealed before they are stored."""

    error_messages: dict[str, Any] = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not right, or no longer. Codes change every 30 seconds.",
    }

    def encrypt(self, text: str) -> str:
        """See `sealing`."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """See `sealing`."""
        return unseal(encrypted_text)
