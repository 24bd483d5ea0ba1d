"""Whom we let in by a provider, and whose account that is."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from projects.audit.deeds import Deed, Outcome
from projects.audit.writing import write
from projects.models import User
from projects.people import invitations

log = logging.getLogger(__name__)


class Providers(DefaultSocialAccountAdapter):
    """What django-allauth asks about people who come by a provider."""

    def on_authentication_error(self, request: HttpRequest, provider: Any, **known: Any) -> None:
        """The page says little to a stranger; the log says why, to whoever set the provider up."""
        why = str(known.get("exception") or known.get("error"))
        log.warning("sign-in by %s refused: %s", provider.sub_id, why)
        write(
            Deed.SIGN_IN_FAILED,
            actor=request.user,
            actor_text="" if request.user.is_authenticated else "nobody",
            outcome=Outcome.FAILED,
            target_type="provider",
            target=provider.sub_id,
            detail={"why": why[:300]},
        )

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """Somebody came by a provider for the first time; one who had to choose a name is written with that."""
        with transaction.atomic():
            saved: User = super().save_user(request, sociallogin, form)
            if form is None:
                detail = {"by": sociallogin.account.provider}
                write(Deed.ACCOUNT_CREATED, actor=saved, target_type="account", target=saved.text, detail=detail)
        return saved

    def authenticate_by_email(self, sociallogin: Any) -> tuple[User, str] | None:
        """The account with the same address, where both sides have verified it; nobody else's."""
        if not _of_its_domains(sociallogin):
            return None
        verified = [each.email for each in sociallogin.email_addresses if each.verified]
        known = EmailAddress.objects.filter(email__in=verified, verified=True, user__is_active=True).first()
        return (known.user, known.email) if known else None

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """An address that is not verified is forgotten before anything can lean on it."""
        sociallogin.email_addresses = [each for each in sociallogin.email_addresses if each.verified]
        if not sociallogin.is_existing:
            sociallogin.user.email = sociallogin.email_addresses[0].email if sociallogin.email_addresses else ""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """With an invitation in hand always; else where the provider's settings say so, for its domains."""
        if invitations.in_hand(request) is not None:
            return True
        return bool(sociallogin.provider.app.settings["sign_up"]) and _of_its_domains(sociallogin)


def _of_its_domains(sociallogin: Any) -> bool:
    """Whether the person belongs to the domains the provider is trusted for; without any, everybody there does."""
    settings = sociallogin.provider.app.settings
    domains = settings["domains"]
    if not domains:
        return True
    if settings["domain_claim"]:  # a Google account may carry an address of any domain
        return sociallogin.account.extra_data.get(settings["domain_claim"]) in domains
    return any(each.verified and each.email.rpartition("@")[2] in domains for each in sociallogin.email_addresses)


def doors() -> list[tuple[str, str]]:
    """Name and address of every provider one can sign in with."""
    return [(each.name, each.get_login_url(None)) for each in Providers().list_providers(None)]
