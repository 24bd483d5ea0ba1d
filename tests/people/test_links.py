"""Links in mails lead to this installation, whatever host a request named; attempts are counted per account."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from projects.models import Project, User
from projects.pages import at_site
from tests.people.conftest import SignIn

EVIL = {"HTTP_HOST": "evil.example.com"}
HOME = "https://strandsweb.example.com"


@pytest.fixture(autouse=True)
def any_host_is_let_in(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = HOME


def said() -> str:
    """Everything the mails say; none says where the request went."""
    text = "\n".join(f"{each.subject}\n{each.body}" for each in mail.outbox)
    assert text and "evil" not in text and "testserver" not in text
    return text


def test_a_reset_leads_home(alice: User) -> None:
    EmailAddress.objects.create(user=alice, email="alice@example.com", verified=True, primary=True)
    Client().post(reverse("account_reset_password"), {"email": "alice@example.com"}, **EVIL)
    assert f"{HOME}{reverse('account_reset_password')}" in said()
    assert said().endswith("strandsweb, strandsweb.example.com")


def test_verifying_an_address_leads_home(alice: User, proven: SignIn) -> None:
    proven(alice).post(reverse("account_email"), {"email": "a@example.com", "action_add": ""}, **EVIL)
    assert f"{HOME}/account/email/confirm/" in said()


def test_signing_up_with_an_address_that_is_taken_leads_home(alice: User, settings: Any) -> None:
    settings.SIGN_UP_OPEN, settings.ACCOUNT_EMAIL_VERIFICATION = True, "mandatory"
    EmailAddress.objects.create(user=alice, email="alice@example.com", verified=True, primary=True)
    wanted = {"username": "newcomer", "email": "alice@example.com", "password1": "correct-horse-battery"}
    Client().post(reverse("account_signup"), wanted, **EVIL)
    assert f"{HOME}{reverse('account_reset_password')}" in said()


def test_an_invitation_leads_home(project: Project, alice: User, sign_in: SignIn) -> None:
    owner, address = sign_in(alice), reverse("invite", args=[project.slug])
    owner.post(address, {"email": "new@example.com", "role": "viewer"}, **EVIL)
    assert f"{HOME}/invitation/" in said()
    shown = owner.post(address, {"email": "", "role": "viewer"}, **EVIL).content.decode()
    assert f"{HOME}/invitation/" in shown and "evil" not in shown


def test_an_address_elsewhere_becomes_ours() -> None:
    assert at_site("https://evil.example.com/a/?b=c") == f"{HOME}/a/?b=c"


def test_other_names_of_the_host_are_no_other_attempts(alice: User, counting: None) -> None:
    for number in range(6):
        wrong = {"username": "alice", "password": "no"}
        last = Client().post(reverse("sign-in"), wrong, HTTP_HOST=f"name{number}.example.com").content.decode()
    assert "Too many attempts" in last
