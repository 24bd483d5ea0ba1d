"""The inbox: what waits for a person over all their projects, and its number on every page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone

from deployments import inbox
from deployments.models import Approval, Deployment, ShownCode, Status
from projects.models import Credentials, Environment, Membership, Project, User
from projects.people.api_tokens import make_service_account, make_token
from projects.people.invitations import invite
from projects.people.models import Invitation
from projects.roles import Action, Role
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
Propose = Callable[..., Deployment]


def shown(visit: Visit, person: User) -> str:
    return visit(person).get(reverse("inbox")).content.decode()


def test_a_plan_waits_for_those_who_may_approve_it_and_have_not_reviewed(
    prod: Environment, propose: Propose, visit: Visit, alice: User, ada: User, bob: User, vera: User, mallory: User
) -> None:
    waiting = propose(prod, Status.WAITING, message="<script>alert(1)</script>")
    assert {person.username: inbox.count(person) for person in (alice, ada, bob, vera, mallory)} == {
        "alice": 1, "ada": 1, "bob": 0, "vera": 0, "mallory": 0,
    }  # fmt: skip
    page = shown(visit, ada)
    assert waiting.public_id in page and "Approve or reject" in page
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
    assert waiting.public_id not in shown(visit, vera) and "Nothing waits for you" in shown(visit, mallory)
    Approval.objects.create(
        deployment=waiting, actor=ada, actor_text="ada", approved=True, plan_digest=waiting.plan.digest
    )
    assert inbox.count(ada) == 0


def test_what_a_token_of_mine_proposed_does_not_wait_for_me(
    project: Project, prod: Environment, propose: Propose, alice: User, ada: User
) -> None:
    account = make_service_account(project=project, name="ci", role=Role.DEPLOYER, by=alice)
    make_token(user=account.user, name="x", project=project, actions=[Action.PROPOSE], days=1, made_by=alice)
    propose(prod, Status.WAITING, proposed_by=account.user)
    assert (inbox.count(alice), inbox.count(ada)) == (0, 1)


def test_what_i_asked_for_is_there_with_what_it_still_needs(
    prod: Environment, propose: Propose, visit: Visit, bob: User
) -> None:
    waiting = propose(prod, Status.WAITING)
    ready = propose(prod, Status.READY)
    page = shown(visit, bob)
    assert waiting.public_id in page and "0 of 1 approvals." in page and "1 more approval" in page
    assert ready.public_id in page and "only has to be started" in page
    assert inbox.count(bob) == 1


def test_a_run_that_waits_for_a_code_waits_for_who_may_run(
    dev: Environment, propose: Propose, visit: Visit, bob: User, vera: User
) -> None:
    dev.credentials, dev.mfa_serial = Credentials.ROLE, "arn:aws:iam::123456789012:mfa/x"
    dev.save()
    parked = propose(dev, Status.QUEUED, queued_at=timezone.now(), run_by_text="bob")
    assert (inbox.count(bob), inbox.count(vera)) == (1, 0)
    assert "Enter a code" in shown(visit, bob)
    ShownCode.objects.create(
        deployment=parked, sealed=b"x", expires_at=timezone.now() + timedelta(hours=1), entered_by_text="bob"
    )
    assert inbox.count(bob) == 0


def test_my_failed_run_is_there_until_something_was_deployed_since(
    dev: Environment, propose: Propose, visit: Visit, bob: User, alice: User
) -> None:
    now = timezone.now()
    propose(dev, Status.FAILED, started_at=now - timedelta(minutes=9), ended_at=now - timedelta(minutes=8))
    assert (inbox.count(bob), inbox.count(alice)) == (1, 0)
    assert "Your run failed" in shown(visit, bob)
    propose(dev, Status.SUCCEEDED, started_at=now - timedelta(minutes=5), ended_at=now)
    assert inbox.count(bob) == 0


def test_who_left_a_project_sees_nothing_of_it(
    prod: Environment, propose: Propose, visit: Visit, bob: User, ada: User
) -> None:
    propose(prod, Status.WAITING)
    propose(prod, Status.READY)
    propose(prod, Status.FAILED, started_at=timezone.now(), ended_at=timezone.now())
    Membership.objects.all().delete()
    for person in (bob, ada):
        assert inbox.count(person) == 0
        assert "support-desk" not in shown(visit, person)


def test_an_invitation_to_a_verified_address_is_accepted_from_the_inbox_once(
    project: Project, visit: Visit, alice: User, mallory: User, bob: User
) -> None:
    found, _ = invite(project=project, role=Role.VIEWER, email="Mallory@example.com", by=alice)
    url = reverse("inbox-join", args=[found.pk])
    EmailAddress.objects.create(user=mallory, email="mallory@example.com", verified=False, primary=True)
    assert inbox.count(mallory) == 0 and visit(mallory).post(url).status_code == 404
    EmailAddress.objects.update(verified=True)
    assert inbox.count(mallory) == 1 and "Join" in shown(visit, mallory)
    assert visit(bob).post(url).status_code == 404
    assert visit(mallory).get(url).status_code == 405
    assert visit(mallory).post(url)["Location"] == reverse("project", args=[project.slug])
    assert Membership.objects.get(user=mallory).role == Role.VIEWER
    assert Invitation.objects.get().used_at and inbox.count(mallory) == 0
    assert visit(mallory).post(url).status_code == 404


def test_an_invitation_of_who_may_not_invite_any_more_lets_nobody_in(
    project: Project, visit: Visit, alice: User, mallory: User
) -> None:
    found, _ = invite(project=project, role=Role.OWNER, email="mallory@example.com", by=alice)
    EmailAddress.objects.create(user=mallory, email="mallory@example.com", verified=True, primary=True)
    Membership.objects.filter(user=alice).update(role=Role.VIEWER)
    answer = visit(mallory).post(reverse("inbox-join", args=[found.pk]), follow=True)
    assert "may not invite any more" in answer.content.decode()
    assert not Membership.objects.filter(user=mallory).exists()


def test_the_number_is_one_query_however_much_there_is(
    prod: Environment, propose: Propose, ada: User, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert inbox.count(ada) == 0
    for _ in range(5):
        propose(prod, Status.WAITING)
    with django_assert_num_queries(1):
        assert inbox.count(ada) == 5


def test_counting_ends_where_nobody_reads_on(
    prod: Environment, propose: Propose, visit: Visit, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        propose(prod, Status.READY)
    monkeypatch.setattr(inbox, "COUNTED", 2)
    assert inbox.count(bob) == 2
    monkeypatch.setattr(inbox, "count", lambda user: 100)
    assert '99+<span class="visually-hidden"> wait for you' in shown(visit, bob)


def test_every_page_says_the_number_and_asks_again(
    prod: Environment, propose: Propose, visit: Visit, ada: User, vera: User
) -> None:
    propose(prod, Status.WAITING)
    page = visit(ada).get(reverse("projects")).content.decode()
    assert 'id="inbox-count"' in page and '1<span class="visually-hidden"> waits for you' in page
    asked = visit(ada).get(reverse("inbox-badge"), headers={"HX-Request": "true"}).content.decode()
    assert asked.strip() in page and "<html" not in asked
    assert "waits for you" not in visit(vera).get(reverse("inbox-badge")).content.decode()


def test_a_session_that_has_ended_is_told_nothing(visit: Visit, db: None) -> None:
    answer = visit(None).get(reverse("inbox-badge"))
    assert (answer.status_code, answer.content) == (204, b"")


def test_the_inbox_asks_for_itself_as_a_fragment(visit: Visit, bob: User) -> None:
    answer = visit(bob).get(reverse("inbox"), headers={"HX-Request": "true"}).content.decode()
    assert answer.strip().startswith('<div id="inbox"') and "<html" not in answer
