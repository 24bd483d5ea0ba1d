"""What people do to their accounts is written down, with before and after, or not done at all."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse

from projects.audit.deeds import Deed, Outcome
from projects.audit.models import ELSEWHERE, AuditEntry
from projects.models import User
from tests.people.conftest import SignIn, link_in_last_mail

pytestmark = pytest.mark.django_db


def last(deed: Deed) -> AuditEntry:
    found = AuditEntry.objects.filter(deed=deed).first()
    assert found is not None, deed
    assert found.chain == ELSEWHERE
    return found


def test_an_address_from_its_adding_to_its_removal(alice: User, proven: SignIn) -> None:
    EmailAddress.objects.create(user=alice, email="old@example.com", verified=True, primary=True)
    client, url = proven(alice), reverse("account_email")
    client.post(url, {"email": "new@example.com", "action_add": ""})
    assert (last(Deed.EMAIL_CHANGED).target, last(Deed.EMAIL_CHANGED).detail["after"]) == (
        "to be verified", "new@example.com",
    )  # fmt: skip
    client.post(link_in_last_mail())
    assert (last(Deed.EMAIL_CHANGED).target, last(Deed.EMAIL_CHANGED).actor_text) == ("verified", "alice")
    client.post(url, {"email": "new@example.com", "action_primary": ""})
    assert last(Deed.EMAIL_CHANGED).detail == {"before": "old@example.com", "after": "new@example.com"}
    client.post(url, {"email": "old@example.com", "action_remove": ""})
    assert (last(Deed.EMAIL_CHANGED).target, last(Deed.EMAIL_CHANGED).detail) == (
        "removed", {"before": "old@example.com"},
    )  # fmt: skip


def test_signing_up_is_an_entry(settings: Any) -> None:
    settings.SIGN_UP_OPEN = True
    wanted = {"username": "newcomer", "email": "new@example.com", "password1": "correct-horse-battery"}
    Client().post(reverse("account_signup"), wanted)
    assert (last(Deed.ACCOUNT_CREATED).actor_text, last(Deed.ACCOUNT_CREATED).target) == ("newcomer", "newcomer")


def test_a_wrong_code_is_a_failed_sign_in(alice: User) -> None:
    TOTP.activate(alice, generate_totp_secret())
    client = Client()
    client.post(reverse("sign-in"), {"username": "alice", "password": "alice"})
    assert client.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 422
    failed = last(Deed.SIGN_IN_FAILED)
    assert (failed.actor_text, failed.outcome, failed.target_type) == ("alice", Outcome.FAILED, "second factor")
    assert Client().post(reverse("mfa_login_webauthn"), {"credential": "null"}).status_code == 302
    assert (last(Deed.SIGN_IN_FAILED).actor_text, last(Deed.SIGN_IN_FAILED).target_type) == ("nobody", "passkey")


def test_too_many_codes_are_not_even_written(alice: User, counting: None) -> None:
    TOTP.activate(alice, generate_totp_secret())
    client = Client()
    client.post(reverse("sign-in"), {"username": "alice", "password": "alice"})
    answers = [client.post(reverse("mfa_authenticate"), {"code": "000000"}).content.decode() for _ in range(15)]
    assert "Too many attempts" in answers[-1]
    assert AuditEntry.objects.filter(deed=Deed.SIGN_IN_FAILED).count() < 15


def test_another_name_of_a_passkey_is_an_entry(alice: User, proven: SignIn) -> None:
    client, kept = proven(alice), {"name": "phone", "credential": {}}
    passkey = Authenticator.objects.create(user=alice, type=Authenticator.Type.WEBAUTHN, data=kept)
    client.post(reverse("mfa_edit_webauthn", args=[passkey.pk]), {"name": "laptop"})
    renamed = last(Deed.FACTOR_RENAMED)
    assert (renamed.actor_text, renamed.detail) == ("alice", {"before": "phone", "after": "laptop"})


def test_leaving_a_provider_is_an_entry(alice: User, proven: SignIn, settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {
        "oidc": {"APPS": []},
        "github": {"APPS": [{"provider_id": "github", "name": "GitHub", "client_id": "x", "secret": "y"}]},
    }
    account = SocialAccount.objects.create(user=alice, provider="github", uid="1")
    proven(alice).post(reverse("socialaccount_connections"), {"account": account.pk})
    assert (last(Deed.PROVIDER_DISCONNECTED).actor_text, last(Deed.PROVIDER_DISCONNECTED).target) == ("alice", "github")


def test_what_cannot_be_written_down_is_not_done(alice: User, proven: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    client, before = proven(alice), User.objects.get().password
    client.raise_request_exception = False

    def full(*args: object, **kwargs: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(AuditEntry.objects, "create", full)
    strong = "correct-horse-battery"
    words = {"oldpassword": "alice", "password1": strong, "password2": strong}
    assert client.post(reverse("account_change_password"), words).status_code == 500
    assert User.objects.get().password == before
