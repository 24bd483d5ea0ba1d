"""How what an environment asks for changes: at once, or by two owners; and everything that keeps it from being one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from projects import protecting
from projects.audit.models import AuditEntry
from projects.models import Environment, Membership, Project, ProtectionRevision, RevisionState, User
from projects.people.api_tokens import make_service_account
from projects.people.models import EnvironmentRole
from projects.protection.model import Protection, Requirement
from projects.roles import Role, Scope
from tests.conftest import person, protect

pytestmark = pytest.mark.django_db

STRICT = Protection(approvals=(Requirement(2),), comment_required=True)
LOOSE = Protection(minimum_wait_minutes=5)


@pytest.fixture
def otto(project: Project) -> User:
    """Owns the project too."""
    otto = person("otto")
    Membership.objects.create(project=project, user=otto, role=Role.OWNER)
    return otto


def propose(environment: Environment, author: User, protection: Protection, base: int) -> ProtectionRevision:
    """A change that is one."""
    revision = protecting.propose_change(
        environment=environment, protection=protection, author=author, message="because", base_number=base
    )
    assert revision is not None
    return revision


def deeds(project: Project) -> list[tuple[str, str]]:
    """What the audit log has of protections, and by whom."""
    return [
        (entry.deed, entry.actor_text)
        for entry in AuditEntry.objects.filter(chain=project.pk, deed__startswith="protection").order_by("pk")
    ]


def test_what_is_not_protected_is_protected_at_once(dev: Environment, alice: User, project: Project) -> None:
    revision = propose(dev, alice, STRICT, 0)
    assert revision.state == RevisionState.TOOK_EFFECT
    assert protecting.in_force(dev) == protecting.InForce(1, STRICT)
    assert Environment.objects.get(pk=dev.pk).protected
    assert deeds(project) == [("protection.changed", "alice")]


def test_what_is_protected_changes_when_a_second_owner_consents(
    prod: Environment, alice: User, otto: User, project: Project
) -> None:
    was = protecting.in_force(prod)
    revision = propose(prod, alice, LOOSE, 1)
    assert (revision.state, protecting.in_force(prod), protecting.waiting(prod)) == (RevisionState.WAITS, was, revision)
    consented = protecting.consent(revision=revision, actor=otto)
    assert (consented.state, consented.settled_by_text) == (RevisionState.TOOK_EFFECT, "otto")
    assert protecting.in_force(prod) == protecting.InForce(2, LOOSE)
    assert protecting.waiting(prod) is None
    assert protecting.before(consented) == was
    assert deeds(project)[1:] == [
        ("protection.proposed", "alice"), ("protection.consented", "otto"), ("protection.changed", "otto")
    ]  # fmt: skip
    for entry in AuditEntry.objects.filter(deed__startswith="protection").order_by("-pk")[:3]:
        assert entry.detail["before"] == was.protection.as_dict()
        assert entry.detail["after"] == LOOSE.as_dict()
        assert "Minimum wait: 5 minutes, was 0 minutes" in entry.detail["changes"]
        assert (entry.environment, entry.target) == ("prod", "2")


def test_taking_all_protection_away_needs_two_and_marks_it(prod: Environment, alice: User, otto: User) -> None:
    protecting.consent(revision=propose(prod, alice, Protection(), 1), actor=otto)
    assert not Environment.objects.get(pk=prod.pk).protected
    assert propose(prod, alice, STRICT, 2).state == RevisionState.TOOK_EFFECT


def test_nobody_consents_to_their_own(prod: Environment, alice: User, otto: User) -> None:
    with pytest.raises(protecting.Refused, match="another owner has to"):
        protecting.consent(revision=propose(prod, alice, LOOSE, 1), actor=alice)
    assert protecting.in_force(prod).number == 1


@pytest.mark.parametrize("name", ["bob", "ada", "vera", "mallory"])
def test_only_owners_consent_or_decline(name: str, prod: Environment, alice: User, otto: User, mallory: User) -> None:
    revision, somebody = propose(prod, alice, LOOSE, 1), User.objects.get(username=name)
    for settle in (protecting.consent, protecting.decline, protecting.withdraw):
        with pytest.raises(protecting.Refused):
            settle(revision=revision, actor=somebody)
    assert protecting.waiting(prod) == revision


def test_neither_programs_nor_closed_accounts_consent(prod: Environment, alice: User, otto: User) -> None:
    revision = propose(prod, alice, LOOSE, 1)
    service = make_service_account(project=prod.project, name="ci", role=Role.OWNER, by=alice).user
    otto.scope = Scope(frozenset())
    gone = person("gone")
    Membership.objects.create(project=prod.project, user=gone, role=Role.OWNER)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    for actor in (service, otto, gone):
        with pytest.raises(protecting.Refused, match="Only an owner"):
            protecting.consent(revision=revision, actor=actor)
    assert [owner.username for owner in protecting.owners_of(prod)] == ["alice", "otto"]


def test_a_role_that_was_lost_no_longer_counts(prod: Environment, alice: User, otto: User) -> None:
    revision = propose(prod, alice, LOOSE, 1)
    member = Membership.objects.get(project=prod.project, user=otto)
    narrowed = EnvironmentRole.objects.create(membership=member, environment=prod, role=Role.VIEWER)
    with pytest.raises(protecting.Refused, match="Only an owner"):
        protecting.consent(revision=revision, actor=otto)
    narrowed.delete()
    Membership.objects.filter(project=prod.project, user=alice).update(role=Role.APPROVER)
    with pytest.raises(protecting.Refused, match="is no owner any more"):
        protecting.consent(revision=revision, actor=otto)
    assert protecting.decline(revision=revision, actor=otto).state == RevisionState.DECLINED


def test_an_owner_of_the_environment_alone_consents(prod: Environment, alice: User, bob: User) -> None:
    member = Membership.objects.get(project=prod.project, user=bob)
    EnvironmentRole.objects.create(membership=member, environment=prod, role=Role.OWNER)
    assert protecting.consent(revision=propose(prod, alice, LOOSE, 1), actor=bob).number == 2


def test_declined_and_withdrawn_changes_change_nothing(
    prod: Environment, alice: User, otto: User, project: Project
) -> None:
    was = protecting.in_force(prod)
    declined = protecting.decline(revision=propose(prod, alice, LOOSE, 1), actor=otto)
    withdrawn = protecting.withdraw(revision=propose(prod, alice, STRICT, 1), actor=alice)
    assert (declined.state, withdrawn.state) == (RevisionState.DECLINED, RevisionState.WITHDRAWN)
    assert protecting.in_force(prod) == was
    assert deeds(project)[1:] == [
        ("protection.proposed", "alice"), ("protection.declined", "otto"),
        ("protection.proposed", "alice"), ("protection.withdrawn", "alice"),
    ]  # fmt: skip


def test_who_proposed_withdraws_and_others_decline(prod: Environment, alice: User, otto: User) -> None:
    revision = propose(prod, alice, LOOSE, 1)
    with pytest.raises(protecting.Refused):
        protecting.withdraw(revision=revision, actor=otto)
    with pytest.raises(protecting.Refused):
        protecting.decline(revision=revision, actor=alice)


def test_what_is_settled_stays_settled(prod: Environment, alice: User, otto: User) -> None:
    revision = propose(prod, alice, LOOSE, 1)
    protecting.decline(revision=revision, actor=otto)
    for settle, actor in ((protecting.consent, otto), (protecting.decline, otto), (protecting.withdraw, alice)):
        with pytest.raises(protecting.Refused, match="revision 2 does not wait any more, it was declined"):
            settle(revision=revision, actor=actor)
    assert protecting.in_force(prod).number == 1


def test_a_newer_change_overtakes_the_one_it_started_from(
    prod: Environment, alice: User, otto: User, project: Project
) -> None:
    first = propose(prod, alice, LOOSE, 1)
    second = propose(prod, otto, replace(LOOSE, preflight=True), 2)
    first.refresh_from_db()
    assert (first.state, second.state) == (RevisionState.OVERTAKEN, RevisionState.WAITS)
    with pytest.raises(protecting.Refused, match="overtaken"):
        protecting.consent(revision=first, actor=otto)
    entry = AuditEntry.objects.filter(deed="protection.proposed").latest("pk")
    assert entry.detail["instead_of"] == 2
    assert protecting.consent(revision=second, actor=alice).number == 3


def test_somebody_elses_change_in_between_is_a_conflict(prod: Environment, alice: User, otto: User) -> None:
    propose(prod, otto, LOOSE, 1)
    with pytest.raises(protecting.Conflict, match="otto changed this while you were editing") as caught:
        propose(prod, alice, STRICT, 1)
    assert caught.value.latest == 2
    assert ProtectionRevision.objects.filter(environment=prod).count() == 2


def test_proposing_the_same_is_no_revision(prod: Environment, dev: Environment, alice: User, otto: User) -> None:
    now = protecting.in_force(prod).protection
    waits = propose(prod, alice, LOOSE, 1)
    for environment, protection, base in ((prod, now, 2), (prod, LOOSE, 1), (dev, Protection(), 0)):
        same = protecting.propose_change(
            environment=environment, protection=protection, author=otto, message="", base_number=base
        )
        assert same is None
    assert protecting.waiting(prod) == waits


def test_what_waits_is_overtaken_by_what_is_put_in_force(prod: Environment, alice: User) -> None:
    revision = propose(prod, alice, LOOSE, 1)
    protect(prod, approvals=2)
    revision.refresh_from_db()
    assert revision.state == RevisionState.OVERTAKEN
    assert protecting.in_force(prod).number == 3


def test_who_settled_it_is_known_when_accounts_are_gone(prod: Environment, alice: User, otto: User) -> None:
    declined = protecting.decline(revision=propose(prod, alice, LOOSE, 1), actor=otto)
    withdrawn = protecting.withdraw(revision=propose(prod, alice, STRICT, 1), actor=alice)
    alice.delete()
    otto.delete()
    for row, state in ((declined, RevisionState.DECLINED), (withdrawn, RevisionState.WITHDRAWN)):
        assert ProtectionRevision.objects.get(pk=row.pk).state == state


def test_what_is_marked_as_protected_asks_for_the_usual(project: Project) -> None:
    marked = Environment.objects.create(
        project=project, name="live", account="123456789012", region="us-east-1", protected=True
    )
    assert protecting.in_force(marked) == protecting.InForce(0, protecting.USUAL)
