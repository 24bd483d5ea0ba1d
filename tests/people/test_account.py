"""Accounts: who sees which page, signing in, passwords, addresses, sessions, lock-out."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django.urls import reverse

from projects.audit.models import AuditEntry
from projects.models import User
from tests.people import addresses
from tests.people.conftest import SignIn, link_in_last_mail

pytestmark = pytest.mark.django_db
STRONG = "correct-horse-battery"


def verified(user: User, address: str) -> EmailAddress:
    return EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)


@pytest.mark.parametrize("name", addresses.PERSONAL)
def test_ones_own_pages_ask_for_a_person(name: str) -> None:
    for method in ("GET", "POST"):
        answer = Client().generic(method, reverse(name, args=addresses.PERSONAL[name]))
        assert answer.status_code == 302 and answer["Location"].startswith(reverse("sign-in"))


@pytest.mark.parametrize("name", addresses.OPEN)
def test_the_doors_answer_anybody(name: str) -> None:
    answer = Client().get(reverse(name, args=addresses.OPEN[name]))
    assert answer.status_code in (200, 302, 401, 404, 405)
    assert reverse("sign-in") + "?next" not in answer.get("Location", "")


@pytest.mark.parametrize("name", addresses.PERSONAL)
def test_every_page_is_ours(name: str, alice: User, proven: SignIn) -> None:
    answer = proven(alice).get(reverse(name, args=addresses.PERSONAL[name]))
    if answer.status_code == 200:
        assert "navbar-brand" in answer.content.decode()
    else:  # nothing of that kind is set up yet, or it is not asked for by GET
        assert answer.status_code in (302, 404, 405)


def test_signing_in_by_name_or_verified_address(alice: User) -> None:
    verified(alice, "alice@example.com")
    for name in ("alice", "alice@example.com", "ALICE@example.com"):
        answer = Client().post(reverse("sign-in"), {"username": name, "password": "alice"})
        assert answer.status_code == 302, name
    wrong = Client().post(reverse("sign-in"), {"username": "alice@example.com", "password": "no"})
    unknown = Client().post(reverse("sign-in"), {"username": "nobody", "password": "no"})
    assert wrong.status_code == unknown.status_code == 422
    for answer in (wrong, unknown):
        assert "do not go together" in answer.content.decode()


def test_attempts_are_limited_with_a_clear_message(alice: User, counting: None) -> None:
    for _ in range(5):
        Client().post(reverse("sign-in"), {"username": "alice", "password": "guess"})
    right = Client().post(reverse("sign-in"), {"username": "alice", "password": "alice"})
    assert right.status_code == 422
    assert "Wait five minutes" in right.content.decode()
    for _ in range(40):
        answer = Client().post(reverse("sign-in"), {"username": "bob", "password": "guess"})
    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()


def test_nobody_signs_up_unless_a_setting_opens_it(settings: Any) -> None:
    wanted = {"username": "newcomer", "email": "new@example.com", "password1": STRONG}
    closed = Client().post(reverse("account_signup"), wanted)
    assert "by invitation" in closed.content.decode()
    assert not User.objects.filter(username="newcomer").exists()
    settings.SIGN_UP_OPEN = True
    assert Client().post(reverse("account_signup"), wanted | {"password1": "123"}).status_code == 422
    assert Client().post(reverse("account_signup"), wanted).status_code == 302
    newcomer = User.objects.get(username="newcomer")
    assert not newcomer.is_staff and not newcomer.memberships.exists()
    assert not EmailAddress.objects.get(user=newcomer).verified
    assert Client().post(reverse("account_signup"), wanted | {"username": "strandsweb"}).status_code == 422


def test_strangers_verify_their_address_before_they_are_in(alice: User, sign_in: SignIn, settings: Any) -> None:
    settings.SIGN_UP_OPEN, settings.ACCOUNT_EMAIL_VERIFICATION = True, "mandatory"
    wanted = {"username": "newcomer", "email": "new@example.com", "password1": STRONG}
    client = Client()
    assert client.post(reverse("account_signup"), wanted)["Location"] == reverse("account_email_verification_sent")
    assert client.get(reverse("projects")).status_code == 302
    again = {"username": "newcomer", "password": STRONG}
    assert client.post(reverse("sign-in"), again)["Location"] == reverse("account_email_verification_sent")
    client.post(link_in_last_mail())
    client.post(reverse("sign-in"), again)
    assert client.get(reverse("projects")).status_code == 200
    assert sign_in(alice).get(reverse("projects")).status_code == 200, "she has no address, and was let in otherwise"


def test_an_address_counts_once_its_mail_was_answered(alice: User, proven: SignIn) -> None:
    client = proven(alice)
    client.post(reverse("account_email"), {"email": "alice@example.com", "action_add": ""})
    assert not EmailAddress.objects.get(user=alice).verified
    assert "not verified" in client.get(reverse("account_email")).content.decode()
    link = link_in_last_mail()
    assert client.get(link).status_code == 200
    assert not EmailAddress.objects.get(user=alice).verified, "a look is no answer: mail scanners look too"
    client.post(link)
    assert EmailAddress.objects.get(user=alice).verified
    assert "no longer works" in Client().get(reverse("account_confirm_email", args=["x:y:z"])).content.decode()


def test_a_forgotten_password_is_reset_once(alice: User, sign_in: SignIn) -> None:
    verified(alice, "alice@example.com")
    elsewhere = sign_in(alice)
    known = Client().post(reverse("account_reset_password"), {"email": "alice@example.com"})
    unknown = Client().post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    assert known["Location"] == unknown["Location"], "nobody learns who has an account"
    assert [message.to for message in mail.outbox] == [["alice@example.com"]]
    link = link_in_last_mail()
    client = Client()
    form = client.get(link)["Location"]
    assert link not in form, "the key is not in the address of the form, which others may see"
    assert client.post(form, {"password1": "12345", "password2": "12345"}).status_code == 422
    assert client.post(form, {"password1": STRONG, "password2": STRONG}).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(STRONG)
    assert elsewhere.get(reverse("projects")).status_code == 302, "other sessions have ended"
    assert "no longer works" in Client().get(link).content.decode()


def test_without_a_mail_server_pages_say_so(alice: User, sign_in: SignIn, settings: Any) -> None:
    settings.MAIL = False
    for name in ("account_reset_password", "account_signup"):
        assert "sends no mails" in Client().get(reverse(name)).content.decode()
    assert "sends no mails" in sign_in(alice).get(reverse("account_email")).content.decode()
    assert "Forgot" not in Client().get(reverse("sign-in")).content.decode()


def test_a_password_is_changed_by_who_knows_it(alice: User, sign_in: SignIn) -> None:
    here, elsewhere = sign_in(alice), sign_in(alice)
    new = {"oldpassword": "alice", "password1": STRONG, "password2": STRONG}
    assert here.post(reverse("account_change_password"), new | {"oldpassword": "guess"}).status_code == 422
    assert here.post(reverse("account_change_password"), new).status_code == 302
    assert here.get(reverse("projects")).status_code == 200
    assert elsewhere.get(reverse("projects")).status_code == 302


def test_sessions_are_listed_and_ended(alice: User, bob: User, sign_in: SignIn) -> None:
    here, there, third, his = sign_in(alice), sign_in(alice), sign_in(alice), sign_in(bob)
    listed = here.get(reverse("usersessions_list")).content.decode()
    assert listed.count("127.0.0.1</td>") == 3 and listed.count("this one") == 1
    foreign = UserSession.objects.get(user=bob)
    assert here.post(reverse("session-end", args=[foreign.pk])).status_code == 404
    key = there.session.session_key
    here.post(reverse("session-end", args=[UserSession.objects.get(session_key=key).pk]))
    assert there.get(reverse("projects")).status_code == 302
    assert third.get(reverse("projects")).status_code == 200
    here.post(reverse("usersessions_list"))
    assert third.get(reverse("projects")).status_code == 302
    assert here.get(reverse("projects")).status_code == his.get(reverse("projects")).status_code == 200


def test_what_protects_the_account_asks_again_who_it_is(alice: User, sign_in: SignIn) -> None:
    client = sign_in(alice)
    for name in ("mfa_activate_totp", "mfa_add_webauthn"):
        assert client.get(reverse(name))["Location"].startswith(reverse("account_reauthenticate"))
    added = client.post(reverse("account_email"), {"email": "evil@example.com", "action_add": ""})
    assert added["Location"].startswith(reverse("account_reauthenticate"))
    assert not EmailAddress.objects.exists()
    assert client.post(reverse("account_reauthenticate"), {"password": "guess"}).status_code == 422


def test_a_closed_account_stays_outside(alice: User) -> None:
    alice.is_active = False
    alice.save()
    answer = Client().post(reverse("sign-in"), {"username": "alice", "password": "alice"}, follow=True)
    assert "This account is closed" in answer.content.decode()


def test_what_happens_to_accounts_is_written_down(alice: User, proven: SignIn) -> None:
    Client().post(reverse("sign-in"), {"username": "alice", "password": "guess"})
    Client().post(reverse("sign-in"), {"username": "typed-my-password-here", "password": "x"})
    client = proven(alice)
    client.post(reverse("account_change_password"), {"oldpassword": "alice", "password1": STRONG, "password2": STRONG})
    client.post(reverse("sign-out"))
    written = [(each.deed, each.actor_text, each.target) for each in AuditEntry.objects.order_by("pk")]
    assert written == [
        ("session.refused", "nobody", "alice"),
        ("session.refused", "nobody", "no account of that name"),
        ("session.started", "alice", ""),
        ("password.changed", "alice", "changed"),
        ("session.left", "alice", ""),
    ]
    assert STRONG not in str([each.detail for each in AuditEntry.objects.all()])
