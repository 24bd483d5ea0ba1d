"""Forms of signing in, of passkeys, of coming in by invitation, and of tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password

from projects.audit.deeds import Deed, Outcome
from projects.audit.writing import write
from projects.models import Environment, Project, User, name_validator
from projects.people.api_tokens import FOR_SERVICES
from projects.roles import FOR_TOKENS, Action


class SignInForm(LoginForm):
    """User name or e-mail address, and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Username or e-mail address"
        self.fields["password"].help_text = ""  # the page has the link, where mails are sent
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        self.fields["login"].widget.attrs |= {"autocomplete": "username webauthn", "autofocus": True}

    def add_prefix(self, field_name: str) -> str:
        """On the page the field is `username`, which is what password managers look for."""
        return "username" if field_name == "login" else super().add_prefix(field_name)


class _WellFormed:
    """What a browser says of a passkey is parsed by a library that trusts its shape; another shape is a wrong code."""

    def _clean_fields(self) -> None:
        with _refusing(self):
            super()._clean_fields()  # type: ignore[misc]

    def _clean_form(self) -> None:
        with _refusing(self):
            super()._clean_form()  # type: ignore[misc]


@contextmanager
def _refusing(form: Any) -> Iterator[None]:
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        form.add_error("credential", "The browser's answer could not be read. Try again.")


class _Attempt:
    """A factor that is not right is written down; one that came too often is not even looked at."""

    def full_clean(self) -> None:
        super().full_clean()  # type: ignore[misc]
        form: Any = self
        if not form.errors or any(form.has_error(name, "too_many_login_attempts") for name in form.errors):
            return
        person = form.user if isinstance(form.user, User) else None
        write(
            Deed.SIGN_IN_FAILED,
            actor=person,
            actor_text="" if person else "nobody",
            outcome=Outcome.FAILED,
            target_type="second factor" if person else "passkey",
            target=person.text if person else "",
        )


class CodeStepForm(_Attempt, AuthenticateForm):
    """A code as the second step."""


class CodeAgainForm(_Attempt, ReauthenticateForm):
    """A code to prove that it is still them."""


class PasskeySignInForm(_Attempt, _WellFormed, LoginWebAuthnForm):
    """Signing in with a passkey alone."""


class PasskeyStepForm(_Attempt, _WellFormed, AuthenticateWebAuthnForm):
    """A passkey as the second step."""


class PasskeyAgainForm(_Attempt, _WellFormed, ReauthenticateWebAuthnForm):
    """A passkey to prove that it is still them."""


class PasskeyNameForm(EditWebAuthnForm):
    """Another name for a passkey."""

    def save(self) -> Any:
        """Renames it."""
        before = self.initial["name"]
        saved = super().save()
        detail = {"before": before, "after": self.cleaned_data["name"]}
        write(Deed.FACTOR_RENAMED, actor=saved.user, target_type="account", target="passkey", detail=detail)
        return saved


class PasskeyAddForm(_WellFormed, AddWebAuthnForm):
    """A new passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "To tell your keys apart."
        self.fields["passwordless"].label = "Sign me in without a password"
        self.fields["passwordless"].help_text = "The key has to check your finger, face or PIN."
        self.fields["passwordless"].initial = True


class InvitedForm(forms.Form):
    """An account for somebody who was invited."""

    username = forms.CharField(max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        strip=False,
        help_text=password_validators_help_text_html(),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_username(self) -> str:
        """Free, and fit for one."""
        name: str = get_adapter().clean_username(self.cleaned_data["username"])
        return name

    def clean(self) -> None:
        """The password is not the name, and strong enough."""
        if "password" in self.cleaned_data:
            try:
                validate_password(self.cleaned_data["password"], User(username=self.cleaned_data.get("username", "")))
            except forms.ValidationError as weak:
                self.add_error("password", weak)


class TokenForm(forms.Form):
    """A token, as narrow as its owner wants it."""

    name = forms.CharField(max_length=60, help_text="What uses it: a pipeline, a script.")
    where = forms.ChoiceField(label="Reaches", required=False)
    actions = forms.MultipleChoiceField(
        label="May, besides looking",
        required=False,
        choices=[(action.name, action.value) for action in Action if action in FOR_TOKENS and action != Action.VIEW],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label="Ends in", coerce=int, initial=30, choices=[(1, "1 day"), (7, "a week"), (30, "30 days"), (365, "a year")]
    )

    def __init__(self, *args: Any, projects: Iterable[Project], **kwargs: Any) -> None:
        """`projects` are those it may be limited to; of several, all is a choice too."""
        super().__init__(*args, **kwargs)
        self._projects = {project.slug: project for project in projects}
        rows = Environment.objects.filter(project__in=self._projects.values()).select_related("project")
        limited = [(f"{row.project.slug}/{row.name}", f"{row.project.slug}, only {row.name}") for row in rows]
        self.fields["where"].choices = [  # type: ignore[attr-defined]
            *([("", "all my projects")] if len(self._projects) != 1 else []),
            *((slug, slug) for slug in self._projects),
            *limited,
        ]

    @property
    def scope(self) -> dict[str, Any]:
        """The cleaned choice as `make_token` takes it."""
        slug, _, environment = self.cleaned_data["where"].partition("/")
        return {
            "name": self.cleaned_data["name"],
            "days": self.cleaned_data["days"],
            "actions": [Action[name] for name in self.cleaned_data["actions"]],
            "project": self._projects.get(slug),
            "environment": environment,
        }


class ReasonForm(forms.Form):
    """Why something is done to somebody's account."""

    reason = forms.CharField(
        max_length=200,
        help_text="For the audit log, and for whoever asks later.",
        error_messages={"required": "Say why; it is written down."},
    )


class ServiceAccountForm(forms.Form):
    """A member that is no person."""

    name = forms.CharField(max_length=40, validators=[name_validator], help_text="For example ci.")
    role = forms.ChoiceField(choices=[(role.value, role.value) for role in FOR_SERVICES], initial="deployer")
