"""Tokens and service accounts: made by who proved again that it is them, shown once, ended by hand and by time."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments import approvals
from deployments.models import Status
from projects.models import Environment, Membership, Project, User
from projects.people.api_tokens import close_service_account, find_token, make_service_account, make_token
from projects.people.models import ApiToken, ServiceAccount
from projects.roles import Action, Role
from tests.people.conftest import SignIn
from tests.web.conftest import configuration, propose, quiet_queue, source

pytestmark = pytest.mark.django_db
__all__ = ["configuration", "propose", "quiet_queue", "source"]


def secret_on(page: str) -> str:
    [secret] = re.findall(r'id="secret">(sw_[\w-]{43})<', page)
    return str(secret)


def test_a_token_is_made_after_proof_and_shown_once(
    alice: User, project: Project, dev: Environment, sign_in: SignIn, proven: SignIn
) -> None:
    wanted = {"name": "ci", "where": "support-desk/dev", "actions": ["PROPOSE"], "days": "7"}
    asked = sign_in(alice).post(reverse("tokens"), wanted)
    assert asked["Location"].startswith(reverse("account_reauthenticate")) and not ApiToken.objects.exists()
    client = proven(alice)
    assert client.post(reverse("tokens"), wanted | {"actions": ["APPROVE"]}).status_code == 422
    assert client.post(reverse("tokens"), wanted | {"where": "another"}).status_code == 422
    secret = secret_on(client.post(reverse("tokens"), wanted).content.decode())
    row = ApiToken.objects.get()
    assert secret not in str(vars(row)) and secret.startswith(row.prefix)
    listed = client.get(reverse("tokens")).content.decode()
    assert secret not in listed and row.prefix in listed and "never used" in listed and "only dev" in listed
    found = find_token(secret)
    assert found is not None and found.user == alice
    scope = found.user.scope
    assert scope is not None and scope.permits(Action.PROPOSE) and not scope.permits(Action.RUN)
    assert scope.covers("support-desk", "dev") and not scope.covers("support-desk", "prod")
    assert "last used" in client.get(reverse("tokens")).content.decode()


def test_a_suspended_request_goes_on_after_the_proof(alice: User, project: Project, sign_in: SignIn) -> None:
    client = sign_in(alice)
    asked = client.post(reverse("tokens"), {"name": "ci", "where": "", "days": "1"})
    answer = client.post(asked["Location"], {"password": "alice"}, follow=True)
    assert find_token(secret_on(answer.content.decode())) is not None


def test_it_ends_by_hand_by_time_and_with_its_owner(alice: User, bob: User, sign_in: SignIn) -> None:
    row, secret = make_token(user=alice, name="x", actions=[], days=1, made_by=alice)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert find_token(secret) is None
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(days=1))
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert find_token(secret) is None
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert find_token(secret) is not None and find_token(row.token_hash) is None and find_token("") is None
    assert sign_in(bob).post(reverse("token-revoke", args=[row.pk])).status_code == 404
    sign_in(alice).post(reverse("token-revoke", args=[row.pk]))
    assert find_token(secret) is None


def test_a_service_account_is_a_member_that_never_signs_in(alice: User, project: Project, proven: SignIn) -> None:
    client = proven(alice)
    url = reverse("service-accounts", args=[project.slug])
    assert client.post(url, {"name": "ci", "role": "approver"}).status_code == 422
    page = client.post(url, {"name": "ci", "role": "deployer"})["Location"]
    assert client.post(url, {"name": "ci", "role": "deployer"}).status_code == 422
    secret = secret_on(client.post(page, {"name": "x", "where": project.slug, "days": "1"}).content.decode())
    account = ServiceAccount.objects.get()
    found = find_token(secret)
    assert found is not None and found.user == account.user and found.made_by == alice
    assert account.user.text == "ci (service)"
    assert Client().post(reverse("sign-in"), {"username": account.user.username, "password": ""}).status_code == 422
    members = client.get(reverse("members", args=[project.slug])).content.decode()
    assert "ci (service)" not in members
    membership = Membership.objects.get(user=account.user)
    change = client.post(reverse("member-role", args=[project.slug, membership.pk]), {"role": "owner"})
    assert change.status_code == 404
    client.post(reverse("service-token-revoke", args=[project.slug, account.pk, found.pk]))
    assert find_token(secret) is None
    _, second = make_token(user=account.user, name="y", actions=[], days=1, made_by=alice, project=project)
    client.post(reverse("service-account-close", args=[project.slug, account.pk]))
    assert find_token(second) is None and ServiceAccount.objects.get().closed_at
    assert client.get(page).status_code == 404
    assert client.post(url, {"name": "ci", "role": "viewer"}).status_code == 302, "the name is free again"


def test_whoever_made_its_token_does_not_approve_its_plans(
    alice: User, ada: User, prod: Environment, project: Project, propose: object
) -> None:
    account = make_service_account(project=project, name="ci", role=Role.DEPLOYER, by=alice)
    make_token(user=account.user, name="x", actions=[Action.PROPOSE], days=1, made_by=alice, project=project)
    waiting = propose(prod, Status.WAITING, proposed_by=account.user, proposed_by_text="ci")  # type: ignore[operator]
    assert "you made its token" in approvals.why_not(waiting, alice, Role.OWNER)
    assert approvals.why_not(waiting, ada, Role.APPROVER) == ""
    close_service_account(account, by=alice)
    assert "you made its token" in approvals.why_not(waiting, alice, Role.OWNER), "closing it changes nothing of that"
    assert not Membership.objects.filter(user=account.user).exists()
