"""Invitations: by mail or by a link handed over, for a week, once, and only while whoever invited may invite."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.audit.models import AuditEntry
from projects.models import Membership, Project, User
from projects.people.invitations import NotInvited, accept, find
from projects.people.models import Invitation
from projects.roles import Role
from tests.people.conftest import SignIn, link_in_last_mail

pytestmark = pytest.mark.django_db
NEW = {"username": "newcomer", "password": "correct-horse-battery"}


@pytest.fixture
def owner(project: Project, alice: User, sign_in: SignIn) -> Client:
    return sign_in(alice)


def invite(owner: Client, email: str = "", role: str = "deployer") -> str:
    """The path of the link, as the mail or the page gives it."""
    answer = owner.post(reverse("invite", args=["support-desk"]), {"email": email, "role": role})
    if email:
        assert answer.status_code == 302
        return link_in_last_mail()
    [link] = set(re.findall(r"http://127.0.0.1:8000(/invitation/[^/]+/)", answer.content.decode()))
    return link


def role_of(username: str) -> str | None:
    return Membership.objects.filter(user__username=username).values_list("role", flat=True).first()


def test_a_new_person_comes_by_mail(owner: Client) -> None:
    link = invite(owner, "new@example.com")
    assert mail.outbox[-1].to == ["new@example.com"] and "alice invites you to support-desk" in mail.outbox[-1].subject
    client = Client()
    page = client.get(link, follow=True)
    assert page.redirect_chain == [(reverse("invitation"), 302)], "the token does not stay in the address"
    assert "deployer" in page.content.decode()
    assert client.post(reverse("invitation"), NEW | {"password": "newcomer"}).status_code == 422
    assert client.post(reverse("invitation"), NEW | {"username": "alice"}).status_code == 422
    assert not User.objects.filter(username="newcomer").exists()
    assert client.post(reverse("invitation"), NEW)["Location"] == reverse("project", args=["support-desk"])
    assert client.get(reverse("project", args=["support-desk"])).status_code == 200
    assert role_of("newcomer") == "deployer"
    assert EmailAddress.objects.get().verified and EmailAddress.objects.get().email == "new@example.com"
    assert "no longer works" in Client().get(link, follow=True).content.decode(), "once"


def test_a_link_handed_over_proves_no_address(owner: Client, settings: Any) -> None:
    settings.MAIL = False
    answer = owner.post(reverse("invite", args=["support-desk"]), {"email": "new@example.com", "role": "viewer"})
    [link] = set(re.findall(r"http://127.0.0.1:8000(/invitation/[^/]+/)", answer.content.decode()))
    assert mail.outbox == []
    client = Client()
    client.get(link)
    client.post(reverse("invitation"), NEW)
    assert role_of("newcomer") == "viewer"
    assert not EmailAddress.objects.exists() and User.objects.get(username="newcomer").email == ""


def test_the_token_is_kept_as_a_hash_alone(owner: Client) -> None:
    token = invite(owner).split("/")[-2]
    row = Invitation.objects.get()
    assert token not in str(vars(row)) and len(token) == 43
    assert token not in owner.get(reverse("members", args=["support-desk"])).content.decode(), "shown once"
    assert find(token) == row and find(row.token_hash) is None
    client = Client()
    client.get(reverse("invitation-follow", args=[token]))
    assert token not in str(dict(client.session)), "not in the stored session either"


def test_somebody_with_an_account_joins_as_who_they_are(owner: Client, mallory: User, sign_in: SignIn) -> None:
    client = sign_in(mallory)
    page = client.get(invite(owner, "other@example.com"), follow=True).content.decode()
    assert "signed in as <b>mallory</b>" in page and "sent to other@example.com" in page
    assert client.post(reverse("invitation")).status_code == 302
    assert role_of("mallory") == "deployer"
    assert not EmailAddress.objects.filter(user=mallory).exists(), "joining proves no address"


def test_signing_in_on_the_way_leads_back_to_the_invitation(owner: Client, mallory: User) -> None:
    EmailAddress.objects.create(user=mallory, email="m@example.com", verified=True, primary=True)
    client = Client()
    page = client.get(invite(owner, "m@example.com"), follow=True).content.decode()
    assert "Make an account" not in page, "the address has an account"
    assert client.post(reverse("invitation"), NEW).status_code == 422
    answer = client.post(
        reverse("sign-in") + "?next=" + reverse("invitation"), {"username": "mallory", "password": "mallory"}
    )
    assert answer["Location"] == reverse("invitation")
    client.post(reverse("invitation"))
    assert role_of("mallory") == "deployer"


def test_a_member_uses_nothing_up(owner: Client, vera: User, sign_in: SignIn) -> None:
    client = sign_in(vera)
    client.get(invite(owner, role="owner"))
    answer = client.post(reverse("invitation"), follow=True)
    assert "You are viewer in support-desk already" in answer.content.decode()
    assert role_of("vera") == "viewer"
    assert Invitation.objects.open().exists()


def test_invitations_are_written_down(owner: Client, project: Project) -> None:
    client = Client()
    client.get(invite(owner, "New@example.com"))
    client.post(reverse("invitation"), NEW)
    written = AuditEntry.objects.filter(deed__startswith="member.").order_by("pk")
    assert [(each.deed, each.actor_text, each.target) for each in written] == [
        ("member.invited", "alice", "new@example.com"),
        ("member.added", "newcomer", "new@example.com"),
    ]


def test_it_ends_by_time_by_hand_and_with_whoever_invited(
    owner: Client, alice: User, bob: User, project: Project
) -> None:
    def works(link: str) -> bool:
        return Client().get(link, follow=True).status_code == 200

    link = invite(owner, "new@example.com")
    row = Invitation.objects.get()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not works(link)
    assert "expired" in owner.get(reverse("members", args=["support-desk"])).content.decode()
    owner.post(reverse("invitation-resend", args=["support-desk", row.pk]))
    renewed = link_in_last_mail()
    assert works(renewed) and not works(link), "only the newest link works"
    Membership.objects.filter(user=alice).update(role=Role.VIEWER)
    assert not works(renewed), "who invited may not invite any more"
    Membership.objects.filter(user=alice).update(role=Role.OWNER)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert not works(renewed)
    User.objects.filter(pk=alice.pk).update(is_active=True)
    owner.post(reverse("invitation-revoke", args=["support-desk", row.pk]))
    assert not works(renewed)
    assert owner.post(reverse("invitation-resend", args=["support-desk", row.pk])).status_code == 404


def test_two_at_once_is_one(owner: Client, mallory: User) -> None:
    found = find(invite(owner).split("/")[-2])
    assert found is not None
    accept(found, mallory)
    with pytest.raises(NotInvited, match="a moment ago"):
        accept(found, User.objects.create_user("late"))
    assert role_of("late") is None


def test_a_mail_server_that_fails_is_told(owner: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    invite = owner.post(
        reverse("invite", args=["support-desk"]), {"email": "a@example.com", "role": "viewer"}, follow=True
    )
    assert "could not be sent" in invite.content.decode()
