"""Signing in by OpenID Connect, against a real provider process: who gets in, as whom, with which roles."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.audit.models import AuditEntry
from projects.models import Membership, Project, User
from projects.people.invitations import invite
from projects.people.models import GivenRole, Group, GroupRole
from projects.people.provider import _groups
from projects.roles import Role
from strandsweb.settings.providers import read_providers
from tests.people.oidc_provider import CLIENT, SECRET
from tests.web.conftest import Visit, visit

pytestmark = [pytest.mark.django_db, pytest.mark.processes]
__all__ = ["visit"]
PAT = {"sub": "p-1", "email": "pat@example.com", "email_verified": True, "preferred_username": "pat", "name": "Pat Doe"}
Behave = Callable[..., None]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The provider's address."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.people.oidc_provider"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture
def behave(issuer: str, settings: Any) -> Behave:
    """Sets who signs in there and how the provider lies; by default Pat, and it does not."""
    settings.SOCIALACCOUNT_PROVIDERS = providers(issuer)

    def tell(person: dict[str, Any] = PAT, **how: Any) -> None:
        requests.post(f"{issuer}/behave", json={"person": person} | how, timeout=5).raise_for_status()

    tell()
    return tell


def providers(issuer: str, **more: Any) -> dict[str, Any]:
    import json

    entry = {"id": "okta", "issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, "groups_claim": "groups"}
    return read_providers(json.dumps([entry | more]))


def leave(client: Client, **data: str) -> str:
    """To the provider and through it; the address it sends the browser back to."""
    page = client.post(reverse("oidc_login", args=["okta"]), data)
    assert page.status_code == 200, "a page that goes on by itself: a form may not be redirected elsewhere"
    sent = requests.get(page.context["address"], allow_redirects=False, timeout=5)
    assert sent.status_code == 302, sent.text
    return sent.headers["Location"].removeprefix("http://testserver")


def come(client: Client | None = None) -> tuple[Client, Any]:
    """The whole way; the browser and what it was answered."""
    client = client or Client()
    return client, client.get(leave(client))


def refused(answer: Any) -> None:
    assert answer.status_code == 401
    assert "could not be trusted" in answer.content.decode()
    assert not SocialAccount.objects.exists() and not User.objects.exists()


def test_somebody_new_gets_an_account_and_no_project(behave: Behave, project: Project) -> None:
    client, answer = come()
    assert answer["Location"] == reverse("projects")
    pat = User.objects.get(username="pat")
    assert pat.text == "Pat Doe" and not pat.has_usable_password() and not pat.memberships.exists()
    assert EmailAddress.objects.get(user=pat).verified
    assert b"support-desk" not in client.get(reverse("projects")).content
    come()
    assert User.objects.filter(username__startswith="pat").count() == 1, "the second time it is the same person"
    assert "okta" in client.get(reverse("socialaccount_connections")).content.decode()


def test_a_sign_in_by_a_provider_ends_however_busy_it_is(behave: Behave, settings: Any, alice: User) -> None:
    settings.PROVIDER_SESSION_HOURS = 3
    client, _ = come()

    def lasts() -> timedelta:
        return Session.objects.get(session_key=client.session.session_key).expire_date - timezone.now()

    assert timedelta(hours=2.9) < lasts() <= timedelta(hours=3)
    before, session = lasts(), client.session
    session["busy"] = True
    session.save()
    assert lasts() <= before, "writing to it does not prolong it"
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get(reverse("projects"))["Location"].startswith(reverse("sign-in"))
    settings.PROVIDER_SESSION_HOURS = 0
    client, _ = come()
    assert lasts() > timedelta(days=10)
    settings.PROVIDER_SESSION_HOURS = 3
    client = Client()
    client.post(reverse("sign-in"), {"username": "alice", "password": "alice"})
    assert lasts() > timedelta(days=10), "a password has nothing to do with a provider"


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        ({"exp": -3600, "iat": -7200}, "Signature has expired"),
        ({"aud": "another-application"}, "Audience doesn't match"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "for another application"),
        ({"iss": "https://evil.example.com"}, "Invalid issuer"),
        ({"nonce": "of-another-sign-in"}, "made for another sign-in"),
        ({"nonce": None}, "made for another sign-in"),
        ({"sub": "somebody-else"}, "user info is of somebody else"),
    ],
    ids=str,
)
def test_a_token_that_is_not_as_it_has_to_be_is_refused(
    lie: dict[str, Any], why: str, behave: Behave, caplog: pytest.LogCaptureFixture
) -> None:
    behave(lie=lie)
    refused(come()[1])
    assert why in caplog.text


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"signed_by": "stranger"}, "Signature verification failed"),
        ({"userinfo": {"sub": "another"}}, "user info is of somebody else"),
        ({"issuer": "https://evil.example.com"}, "configuration is of another issuer"),
    ],
    ids=str,
)
def test_a_provider_that_is_not_what_it_says_is_refused(
    how: dict[str, Any], why: str, behave: Behave, caplog: pytest.LogCaptureFixture
) -> None:
    behave(**how)
    refused(come()[1])
    assert why in caplog.text


def test_an_answer_counts_once_and_in_its_own_browser(behave: Behave) -> None:
    client = Client()
    back = leave(client)
    refused(Client().get(back))  # the victim of a forged link
    assert client.get(back).status_code == 302
    client.logout()
    again = client.get(back)
    assert again.status_code == 401
    assert client.get(reverse("projects")).status_code == 302
    state = parse_qs(urlsplit(back).query)["state"][0]
    made_up = reverse("oidc_callback", args=["okta"])
    assert Client().get(f"{made_up}?code=x&state={state}").status_code == 401
    assert Client().get(f"{made_up}?error=access_denied&state=x").status_code == 401


def test_turning_back_at_the_provider_is_no_error(behave: Behave) -> None:
    client = Client()
    state = parse_qs(urlsplit(leave(client)).query)["state"][0]
    answer = client.get(f"{reverse('oidc_callback', args=['okta'])}?error=access_denied&state={state}", follow=True)
    assert "You turned back" in answer.content.decode()


def test_the_way_to_the_provider_takes_no_orders_from_the_address(behave: Behave) -> None:
    client = Client()
    url = reverse("oidc_login", args=["okta"])
    page = client.post(f"{url}?scope=admin&auth_params=nonce%3Dmine%26prompt%3Dnone")
    asked = parse_qs(urlsplit(page.context["address"]).query)
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}
    assert "prompt" not in asked and asked["nonce"] != ["mine"]
    assert asked["code_challenge_method"] == ["S256"]
    assert client.get(url).status_code == 405
    assert client.post(reverse("oidc_login", args=["unknown"])).status_code == 404
    assert client.get(reverse("oidc_callback", args=["unknown"])).status_code == 404
    assert client.post(reverse("github_login")).status_code == 404
    back = client.get(leave(client, next="https://evil.example/"))
    assert back["Location"] == reverse("projects")


def test_a_verified_address_leads_to_ones_own_account(behave: Behave, alice: User) -> None:
    EmailAddress.objects.create(user=alice, email="pat@example.com", verified=True, primary=True)
    client, _ = come()
    assert client.get(reverse("projects")).wsgi_request.user == alice
    assert SocialAccount.objects.get().user == alice


@pytest.mark.parametrize(("theirs", "ours"), [(False, True), ("false", True), (True, False)])
def test_an_address_nobody_verified_leads_to_nobody(theirs: Any, ours: bool, behave: Behave, alice: User) -> None:
    EmailAddress.objects.create(user=alice, email="pat@example.com", verified=ours, primary=True)
    behave(PAT | {"email_verified": theirs})
    client, _ = come()
    assert client.get(reverse("mfa_index")).wsgi_request.user != alice
    assert not SocialAccount.objects.filter(user=alice).exists()
    assert alice.check_password("alice")
    if not ours:
        return
    newcomer = User.objects.exclude(pk=alice.pk).get()
    assert newcomer.email == "" and not EmailAddress.objects.filter(user=newcomer).exists()


def test_the_second_step_is_asked_for_after_a_provider_too(behave: Behave, alice: User) -> None:
    EmailAddress.objects.create(user=alice, email="pat@example.com", verified=True, primary=True)
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    client, answer = come()
    assert answer["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("projects")).status_code == 302


def test_providers_decide_whom_they_bring(behave: Behave, issuer: str, settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = providers(issuer, sign_up=False)
    assert "by invitation" in come()[1].content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = providers(issuer, domains=["elsewhere.org"])
    assert "by invitation" in come()[1].content.decode()
    settings.SOCIALACCOUNT_PROVIDERS["oidc"]["APPS"][0]["settings"]["domain_claim"] = "hd"
    behave(PAT | {"hd": "elsewhere.org"})
    assert come()[1].status_code == 302
    assert User.objects.count() == 1


def map_group(project: Project, provider: str, claim: str, role: str) -> Group:
    group = Group.objects.create(project=project, name=f"{claim} of {provider}", provider=provider, claim=claim)
    GroupRole.objects.create(group=group, role=role)
    return group


def test_groups_become_roles_and_leave_with_the_group(behave: Behave, project: Project, visit: Visit) -> None:
    for group, role in (("everybody", "viewer"), ("platform", "deployer")):
        map_group(project, "okta", group, role)
    map_group(project, "other", "everybody", "owner")

    def role() -> str | None:
        return Membership.objects.filter(project=project, user__username="pat").values_list("role", flat=True).first()

    for groups, expected in (
        (["everybody", "platform"], "deployer"),
        (["everybody"], "viewer"),
        ("platform", "deployer"),
        ([], None),
        (None, None),
    ):
        behave(PAT | {"groups": groups})
        come()
        assert role() == expected, groups
    Membership.objects.create(project=project, user=User.objects.get(username="pat"), role="approver")
    behave(PAT | {"groups": ["everybody"]})
    come()
    behave(PAT | {"groups": []})
    come()
    assert role() == "approver", "what was given by hand stays"
    moves = AuditEntry.objects.filter(deed__startswith="group.", target="everybody of okta").order_by("pk")
    last = list(moves.values_list("deed", "actor_id", "detail"))[-2:]
    assert last == [("group.joined", None, {"member": "Pat Doe"}), ("group.left", None, {"member": "Pat Doe"})]


def test_owners_map_groups(behave: Behave, project: Project, visit: Visit, alice: User, bob: User) -> None:
    make, owner = reverse("groups", args=[project.slug]), visit(alice)
    assert owner.post(make, {"name": "ops", "provider": "unknown", "claim": "ops"}).status_code == 422
    assert owner.post(make, {"name": "ops", "provider": "okta", "claim": ""}).status_code == 422
    assert owner.post(make, {"name": "ops", "provider": "okta", "claim": "ops"}).status_code == 302
    assert owner.post(make, {"name": "others", "provider": "okta", "claim": "ops"}).status_code == 422, "known already"
    role = reverse("group-role", args=[project.slug, project.groups.get().pk])
    assert owner.post(role, {"place": "", "role": "deployer"}).status_code == 302
    behave(PAT | {"groups": ["ops"]})
    come()
    pat = Membership.objects.get(project=project, user__username="pat")
    assert "by ops" in owner.get(reverse("members", args=[project.slug])).content.decode()
    owner.post(reverse("member-role", args=[project.slug, pat.pk]), {"role": "viewer"})
    assert not GivenRole.objects.exists(), "changed by hand, it is by hand"
    behave(PAT | {"sub": "p-2", "email": "q@example.com", "preferred_username": "quinn", "groups": ["ops"]})
    come()
    quinn = Membership.objects.filter(user__username="quinn")
    owner.post(role, {"place": "", "role": "viewer"})
    assert quinn.get().role == "viewer", "narrowed at once"
    owner.post(reverse("group-remove", args=[project.slug, project.groups.get().pk]))
    assert not quinn.exists()
    assert Membership.objects.filter(pk=pat.pk).exists()


def test_a_group_of_owners_is_no_reason_to_let_the_last_owner_go(project: Project, alice: User, visit: Visit) -> None:
    rich = Membership.objects.create(project=project, user=User.objects.create_user("rich"), role="owner")
    GivenRole.objects.create(membership=rich, group=map_group(project, "okta", "owners", "owner"))
    mine = Membership.objects.get(project=project, user=alice)
    visit(alice).post(reverse("member-remove", args=[project.slug, mine.pk]))
    assert Membership.objects.filter(pk=mine.pk).exists()


def test_a_provider_is_added_to_an_account_and_removed(behave: Behave, alice: User) -> None:
    client = Client()
    client.post(reverse("sign-in"), {"username": "alice", "password": "alice"})
    client.post(reverse("account_reauthenticate"), {"password": "alice"})
    assert client.get(leave(client, process="connect"))["Location"] == reverse("socialaccount_connections")
    [connected] = SocialAccount.objects.all()
    assert connected.user == alice
    client.post(reverse("socialaccount_connections"), {"account": connected.pk})
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("{}", "list of objects"),
        ('[{"id": "Okta"}]', "is no id"),
        ('[{"id": "okta", "client_id": "a", "client_secret": "b"}]', "no issuer"),
        ('[{"id": "okta", "issuer": "http://okta.com", "client_id": "a", "client_secret": "b"}]', "https"),
        (
            '[{"id": "o", "issuer": "https://o", "client_id": "a", "client_secret": "b", "isuer": 1}]',
            "unknown key isuer",
        ),
        ('[{"id": "g", "issuer": "https://accounts.google.com", "client_id": "a", "client_secret": "b"}]', "domains"),
        (
            '[{"id": "github", "client_id": "a", "client_secret": "b"}, {"id": "github", "client_id": "a",'
            ' "client_secret": "b"}]',
            "one id",
        ),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=said):
        read_providers(text)


def test_github_brings_nobody_new_unless_told_to() -> None:
    [app] = read_providers('[{"id": "github", "client_id": "a", "client_secret": "b"}]')["github"]["APPS"]
    assert app["settings"]["sign_up"] is False and app["name"] == "GitHub"
    assert _groups({"a": 1}) == [] and _groups(["b", 1, "a", "b"]) == ["a", "b"]


def test_an_invitation_opens_a_closed_provider(
    behave: Behave, issuer: str, settings: Any, project: Project, alice: User
) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = providers(issuer, sign_up=False)
    _, token = invite(project=project, role=Role.VIEWER, email="", by=alice)
    client = Client()
    client.get(reverse("invitation-follow", args=[token]))
    back = client.get(leave(client, next=reverse("invitation")))
    assert back["Location"] == reverse("invitation")
    client.post(reverse("invitation"))
    assert Membership.objects.get(user__username="pat").role == "viewer"


@pytest.fixture
def github(
    behave: Behave, issuer: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], tuple[Client, Any]]:
    """The whole way by GitHub, which the provider process plays."""
    settings.SOCIALACCOUNT_PROVIDERS = read_providers(
        f'[{{"id": "github", "client_id": "{CLIENT}", "client_secret": "{SECRET}"}}]'
    )
    pages = {"authorize": "authorize", "access_token": "token", "profile": "user", "emails": "emails"}
    for name, page in pages.items():
        monkeypatch.setattr(GitHubOAuth2Adapter, f"{name}_url", f"{issuer}/github/{page}")

    def come() -> tuple[Client, Any]:
        client = Client()
        page = client.post(reverse("github_login") + "?scope=admin:org")
        assert "admin" not in page.context["address"]
        sent = requests.get(page.context["address"], allow_redirects=False, timeout=5)
        return client, client.get(sent.headers["Location"].removeprefix("http://testserver"))

    return come


def test_github_signs_in_whom_we_know(github: Callable[[], tuple[Client, Any]], behave: Behave, alice: User) -> None:
    assert "by invitation" in github()[1].content.decode(), "anybody has an account there"
    EmailAddress.objects.create(user=alice, email="pat@example.com", verified=True, primary=True)
    behave(PAT | {"email_verified": False})
    assert "by invitation" in github()[1].content.decode()
    behave()
    client, answer = github()
    assert answer.status_code == 302
    assert client.get(reverse("projects")).wsgi_request.user == alice
