"""What django-allauth asks us: whose account it may be, what errors say, where secrets stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from projects.audit.deeds import Deed, Outcome
from projects.audit.writing import write
from projects.models import User
from projects.pages import at_site
from projects.people import groups, noted
from projects.people.presence import look_again
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

    def get_login_stages(self) -> list[str]:
        """The usual ones, but for the address; see `stages`."""
        ours = {"allauth.account.stages.EmailVerificationStage": "projects.people.stages.VerifyAddress"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def is_safe_url(self, url: str) -> bool:
        """Redirects stay on this host, not only on allowed ones."""
        return url_has_allowed_host_and_scheme(url, {self.request.get_host()}, require_https=self.request.is_secure())

    def post_login(self, request: HttpRequest, user: User, **known: Any) -> HttpResponse:
        """All steps are done: groups of the provider become roles, until the provider has to be asked again."""
        sociallogin = (known.get("signal_kwargs") or {}).get("sociallogin")
        if sociallogin is not None and "groups" in sociallogin.account.extra_data:
            account = sociallogin.account
            groups.keep_in_step(user=user, provider=account.provider, groups=account.extra_data["groups"])
        if sociallogin is not None and settings.PROVIDER_SESSION_HOURS:
            # A moment, not a span: the session ends then however often it is written.
            request.session.set_expiry(timezone.now() + timedelta(hours=settings.PROVIDER_SESSION_HOURS))
        write(Deed.SIGNED_IN, actor=user, detail={"by": sociallogin.account.provider} if sociallogin else {})
        answer: HttpResponse = super().post_login(request, user, **known)
        return answer

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Somebody typed a name and a password that do not go together; a name nobody has is not repeated."""
        super().authentication_failed(request, **credentials)
        typed = credentials.get("username") or credentials.get("email") or ""
        known = User.objects.filter(username=typed).exists()
        write(
            Deed.SIGN_IN_FAILED,
            actor=request.user,
            actor_text="" if request.user.is_authenticated else "nobody",
            outcome=Outcome.FAILED,
            target_type="account",
            target=typed if known else "no account of that name",
        )

    def logout(self, request: HttpRequest) -> None:
        """Whoever was signed in is no longer."""
        with transaction.atomic():
            if isinstance(request.user, User):
                write(Deed.SIGNED_OUT, actor=request.user)
                look_again(request.user.pk)
            super().logout(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail whose links lead to where this installation says it is, whatever host the request named."""
        links = {name: at_site(url) for name, url in context.items() if name.endswith("_url")}
        site = {"domain": urlsplit(settings.SITE_URL).netloc, "name": "strandsweb"}
        said = {"email": email, **context, **links, "current_site": site}
        self.render_mail(template_prefix, email, said).send()

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Attempts are counted per account; under another name of this host one has no others."""
        return f"{settings.SITE_URL}:{(credentials.get('email') or credentials.get('username') or '').lower()}"

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **named: Any) -> None:
        """What a person is told of their account by mail is written down too."""
        context = args[0] if args else named.get("context")
        noted.write_down(template_prefix, user, context or {})
        look_again(user.pk)  # another password ends all sessions but this one
        super().send_notification_mail(template_prefix, user, *args, **named)

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """An address was added, or is asked to be verified once more."""
        address = emailconfirmation.email_address
        detail = {"after": address.email}
        write(Deed.EMAIL_CHANGED, actor=address.user, target_type="account", target="to be verified", detail=detail)
        super().send_confirmation_mail(request, emailconfirmation, signup)

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """The mail was answered."""
        confirmed: bool = super().confirm_email(request, email_address)
        if confirmed:
            detail = {"after": email_address.email}
            write(Deed.EMAIL_CHANGED, actor=email_address.user, target_type="account", target="verified", detail=detail)
        return confirmed

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Somebody signed up."""
        saved: User = super().save_user(request, user, form, commit)
        if commit:
            write(Deed.ACCOUNT_CREATED, actor=saved, target_type="account", target=saved.text)
        return saved

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
