"""Accounts as administrators keep them: found, closed with all that is open, opened again, helped after a loss."""

from __future__ import annotations

import io
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from projects.audit.deeds import Deed
from projects.audit.models import ELSEWHERE, AuditEntry
from projects.models import Membership, Project, User
from projects.people import accounts, presence
from projects.people.api_tokens import find_token, make_service_account, make_token
from projects.roles import Role
from tests.conftest import person
from tests.people.conftest import SignIn

pytestmark = pytest.mark.django_db
WHY = {"reason": "Left the company"}


@pytest.fixture
def root(db: None) -> User:
    """Administers the installation, and is in no project."""
    found = person("root")
    found.is_superuser = True
    found.save()
    return found


def act(browser: Client, whom: User, deed: str, **sent: str) -> Any:
    return browser.post(reverse("person-act", args=[whom.pk, deed]), sent or WHY, follow=True)


def last(deed: Deed) -> AuditEntry:
    found = AuditEntry.objects.filter(deed=deed, chain=ELSEWHERE).first()
    assert found is not None
    return found


def test_who_is_no_administrator_finds_nothing_and_is_written_down(alice: User, bob: User, proven: SignIn) -> None:
    browser = proven(alice)
    for method, url in (
        ("GET", reverse("people")),
        ("GET", reverse("person", args=[bob.pk])),
        ("POST", reverse("person-act", args=[bob.pk, "close"])),
    ):
        assert browser.generic(method, url).status_code == 404
    assert last(Deed.DENIED).actor_text == "alice" and User.objects.get(pk=bob.pk).is_active
    assert "People and sign-in" not in browser.get(reverse("projects")).content.decode()


def test_people_are_found_by_name_or_address_and_by_the_page(
    root: User, project: Project, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_service_account(project=project, name="ci", role=Role.DEPLOYER, by=root)
    vera = User.objects.get(username="vera")
    EmailAddress.objects.create(user=vera, email="v@example.com", verified=True, primary=True)
    Authenticator.objects.create(user=vera, type=Authenticator.Type.TOTP, data={})
    monkeypatch.setattr(accounts, "PER_PAGE", 4)
    browser, names = sign_in(root), ["ada", "alice", "bob", "mallory"]
    first = browser.get(reverse("people")).content.decode()
    assert all(f">{name}</a>" in first for name in names) and ">vera</a>" not in first and "service" not in first
    assert "?after=mallory" in first
    assert ">vera</a>" in browser.get(reverse("people"), {"after": "mallory"}).content.decode()
    found = accounts.people(text="V@EXAMPLE.com")
    assert [each.username for each in found.people] == ["vera"] and found.after == ""
    assert found.people[0].factor and found.people[0].sessions == 0  # type: ignore[attr-defined]
    assert accounts.people(text="root").people[0].sessions == 1  # type: ignore[attr-defined]
    assert "Nobody here" in browser.get(reverse("people"), {"text": "nobody of that name"}).content.decode()


def test_closing_ends_sessions_open_pages_and_tokens_at_once(
    root: User, project: Project, bob: User, sign_in: SignIn, proven: SignIn
) -> None:
    theirs, browser = sign_in(bob), proven(root)
    _, secret = make_token(user=bob, name="ci", actions=[], days=1, made_by=bob)
    key = theirs.session.session_key
    assert key and presence.signed_in(key) == bob, "what an open page asks"
    shown = act(browser, bob, "close").content.decode()
    assert "The account of bob is closed." in shown and "Open the account again" in shown
    assert presence.signed_in(key) is None
    assert theirs.get(reverse("projects")).status_code == 302
    assert find_token(secret) is None
    assert not UserSession.objects.filter(user=bob).exists()
    closed = last(Deed.ACCOUNT_CLOSED)
    assert (closed.actor_text, closed.target) == ("root", "bob")
    assert closed.detail == {"reason": "Left the company", "sessions": 1, "tokens": 1}
    assert AuditEntry.objects.filter(deed=Deed.TOKEN_REVOKED, actor_text="root").count() == 1
    assert Membership.objects.filter(user=bob).exists(), "what they were stays"
    denied = Client().post(reverse("sign-in"), {"username": "bob", "password": "bob"}, follow=True)
    assert denied.context["user"].is_anonymous
    act(browser, bob, "close")
    assert AuditEntry.objects.filter(deed=Deed.ACCOUNT_CLOSED).count() == 1, "once is once"
    assert "bob may sign in again." in act(browser, bob, "reopen").content.decode()
    act(browser, bob, "reopen")
    assert AuditEntry.objects.filter(deed=Deed.ACCOUNT_REOPENED).count() == 1
    assert sign_in(bob).get(reverse("projects")).status_code == 200
    assert find_token(secret) is None, "what ended stays so"


def test_a_lost_factor_is_reset_and_its_person_is_told(root: User, bob: User, sign_in: SignIn, proven: SignIn) -> None:
    EmailAddress.objects.create(user=bob, email="bob@example.com", verified=True, primary=True)
    theirs, browser = sign_in(bob), proven(root)
    for kind in (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES):
        Authenticator.objects.create(user=bob, type=kind, data={})
    act(browser, bob, "reset", reason="Lost the phone")
    assert not Authenticator.objects.filter(user=bob).exists()
    assert theirs.get(reverse("projects")).status_code == 302, "who has the old browser has to sign in again"
    reset = last(Deed.FACTORS_RESET)
    assert reset.detail == {"reason": "Lost the phone", "before": ["recovery_codes", "totp"]}
    act(browser, bob, "reset")
    assert AuditEntry.objects.filter(deed=Deed.FACTORS_RESET).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_mail_about_it_says_who_and_why(
    root: User, bob: User, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in (bob, alice):
        Authenticator.objects.create(user=each, type=Authenticator.Type.TOTP, data={})
    EmailAddress.objects.create(user=bob, email="bob@example.com", verified=True, primary=True)
    accounts.reset_factors(alice, by=root, reason="Lost")
    assert mail.outbox == [], "she has no address"
    accounts.reset_factors(bob, by=root, reason="Lost the phone")
    [sent] = mail.outbox
    assert sent.to == ["bob@example.com"] and sent.subject == "Your second factor was reset"
    assert "root took away" in sent.body and "Lost the phone" in sent.body

    def down(*args: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("projects.people.adapters.Accounts.send_mail", down)
    Authenticator.objects.create(user=bob, type=Authenticator.Type.TOTP, data={})
    accounts.reset_factors(bob, by=root, reason="Again")
    assert not Authenticator.objects.exists(), "a mail server that is down stops nobody"


def test_signing_somebody_out_leaves_the_account_open(root: User, bob: User, sign_in: SignIn, proven: SignIn) -> None:
    theirs, browser = sign_in(bob), proven(root)
    act(browser, bob, "sign-out")
    assert theirs.get(reverse("projects")).status_code == 302
    assert last(Deed.SESSION_ENDED).detail == {"reason": "Left the company", "sessions": 1}
    assert User.objects.get(pk=bob.pk).is_active


def test_it_takes_a_reason_a_proof_and_somebody_else(root: User, bob: User, sign_in: SignIn, proven: SignIn) -> None:
    unproven = sign_in(root).post(reverse("person-act", args=[bob.pk, "close"]), WHY)
    assert unproven["Location"].startswith(reverse("account_reauthenticate"))
    browser = proven(root)
    refused = act(browser, bob, "close", reason=" ")
    assert refused.status_code == 422 and "Say why; it is written down." in refused.content.decode()
    assert "Ask another administrator" in act(browser, root, "close").content.decode()
    assert act(browser, bob, "crown").status_code == 404
    assert User.objects.filter(is_active=True).count() == 2


def test_the_page_warns_of_projects_that_nobody_else_owns(
    root: User, project: Project, alice: User, ada: User, sign_in: SignIn
) -> None:
    browser, url = sign_in(root), reverse("person", args=[alice.pk])
    assert accounts.owns_alone(alice) == ["support-desk"] and accounts.owns_alone(ada) == []
    assert "alice alone owns support-desk" in browser.get(url).content.decode()
    Membership.objects.filter(user=ada).update(role=Role.OWNER)
    assert accounts.owns_alone(alice) == []
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert accounts.owns_alone(alice) == ["support-desk"], "a closed account owns nothing"


def test_administrators_are_made_at_the_shell(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        call_command("make_administrator", "bob", stdout=io.StringIO())
    assert User.objects.get(pk=bob.pk).is_superuser
    made = last(Deed.ADMINISTRATOR_MADE)
    assert (made.actor_text, made.target) == ("somebody at the shell", "bob")
    call_command("make_administrator", "bob", "--no-longer", stdout=io.StringIO())
    assert not User.objects.get(pk=bob.pk).is_superuser and last(Deed.ADMINISTRATOR_GONE).target == "bob"
    assert AuditEntry.objects.filter(deed=Deed.ADMINISTRATOR_MADE).count() == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("correct-horse-battery\n"))
    call_command("make_administrator", "newcomer", stdout=io.StringIO())
    newcomer = User.objects.get(username="newcomer")
    assert newcomer.is_superuser and newcomer.check_password("correct-horse-battery")
    monkeypatch.setattr("sys.stdin", io.StringIO("12345\n"))
    with pytest.raises(CommandError, match="too common"):
        call_command("make_administrator", "another")
    with pytest.raises(CommandError, match="no account nobody"):
        call_command("make_administrator", "nobody", "--no-longer")
