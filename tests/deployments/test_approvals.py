"""An approval is one person's signature on exactly one plan."""

from __future__ import annotations

import pytest

from deployments import approvals, execution, orders
from deployments.approvals import Review
from deployments.errors import NotAllowed, OutOfDate
from deployments.models import Deployment, Status
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import Configuration, Environment, Membership, User
from projects.roles import Action, Scope
from tests.conftest import protect
from tests.deployments.conftest import plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(prod: Environment, bob: User, sample: Configuration, cloud: str) -> Deployment:
    """A plan for prod, proposed by Bob."""
    deployment = plan(prod, bob)
    assert deployment.status == Status.WAITING, deployment.error
    return deployment


def approve(deployment: Deployment, actor: User) -> Deployment:
    return approvals.approve(
        deployment_id=deployment.pk, actor=actor, review=Review(deployment.plan.digest), inline=True
    )


def test_an_approver_makes_it_ready(waiting: Deployment, ada: User) -> None:
    assert approve(waiting, ada).status == Status.READY


def test_a_double_click_is_one_approval(waiting: Deployment, ada: User) -> None:
    approve(waiting, ada)
    assert approve(waiting, ada).status == Status.READY
    assert waiting.approvals.count() == 1


def test_nobody_approves_their_own(prod: Environment, ada: User, sample: Configuration, cloud: str) -> None:
    own = plan(prod, ada)
    with pytest.raises(NotAllowed, match="somebody else"):
        approve(own, ada)


@pytest.mark.parametrize("name", ["bob", "vera", "mallory"])
def test_only_approvers_and_owners_approve(waiting: Deployment, name: str) -> None:
    with pytest.raises(NotAllowed):
        approve(waiting, User.objects.get(username=name))
    assert not waiting.approvals.exists()


def test_another_digest_is_not_signed(waiting: Deployment, ada: User) -> None:
    with pytest.raises(OutOfDate):
        approvals.approve(deployment_id=waiting.pk, actor=ada, review=Review("0" * 64))


def test_one_rejection_ends_it(waiting: Deployment, ada: User, alice: User) -> None:
    approvals.reject(deployment_id=waiting.pk, actor=ada, review=Review(waiting.plan.digest, "no"))
    with pytest.raises(NotAllowed):
        approve(waiting, alice)
    waiting.refresh_from_db()
    assert waiting.status == Status.REJECTED


def test_two_approvals_are_two_people(prod: Environment, waiting: Deployment, ada: User, alice: User) -> None:
    protect(prod, approvals=2)
    assert approve(waiting, ada).status == Status.WAITING
    assert approve(waiting, alice).status == Status.READY


def test_an_approver_who_is_no_longer_one_does_not_count_when_it_runs(
    waiting: Deployment, ada: User, bob: User
) -> None:
    approve(waiting, ada)
    orders.start(deployment_id=waiting.pk, actor=bob, inline=True)
    Membership.objects.filter(user=ada).delete()
    stopped = execution.run(deployment_id=waiting.pk)
    assert stopped.status == Status.WAITING
    assert not stopped.events.exists()
    assert AuditEntry.objects.filter(deed=Deed.RUN_HELD_BACK).count() == 1


def test_a_plan_whose_bytes_were_changed_never_runs(waiting: Deployment, ada: User, bob: User) -> None:
    approve(waiting, ada)
    document = waiting.plan
    document.text = document.text.replace('"MemorySize":512', '"MemorySize":1024')
    document.save()
    orders.start(deployment_id=waiting.pk, actor=bob, inline=True)
    assert execution.run(deployment_id=waiting.pk).status == Status.STALE


def test_run_when_approved_starts_by_itself(
    prod: Environment, bob: User, ada: User, sample: Configuration, cloud: str
) -> None:
    deployment = plan(prod, bob, run_when_approved=True)
    assert approve(deployment, ada).status == Status.QUEUED


def test_a_token_can_neither_approve_nor_reject(waiting: Deployment, ada: User) -> None:
    ada.scope = Scope(frozenset(Action))
    for act in (approvals.approve, approvals.reject):
        with pytest.raises(NotAllowed, match="A token can never"):
            act(deployment_id=waiting.pk, actor=ada, review=Review(waiting.plan.digest))
    assert not waiting.approvals.exists()
