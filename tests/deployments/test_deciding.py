"""What the protection in force makes of a plan, from proposal to record; and what follows when the world moves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from deployments import approvals, execution, orders, promotions, sweeping
from deployments.approvals import Review
from deployments.deciding import decisions, emergencies, facts, freezes, renderings
from deployments.deciding.successors import outdate
from deployments.engine.plan import PlanKind
from deployments.errors import NotAllowed, OutOfDate, WorkflowError
from deployments.models import Deployment, Emergency, Method, Rendering, Status
from deployments.planning import make_plan
from history.models import Record
from history.reading import open_record
from projects import protecting
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import Configuration, Environment, Membership, User
from projects.people.models import EnvironmentRole
from projects.protection.deciding import NeedKind
from projects.protection.model import Budget, Freeze, Once, Protection, Requirement, Running
from projects.roles import Role
from tests.conftest import protect
from tests.deployments.conftest import plan, run
from tests.deployments.test_admission import Edit, set_visibility

pytestmark = pytest.mark.django_db


def freeze(name: str = "the freeze", *, hours: int = 1, running: Running = Running.FINISH) -> Freeze:
    """One that began an hour ago, in UTC."""
    now = datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0)
    return Freeze(name, "UTC", Once(now - timedelta(hours=1), now + timedelta(hours=hours)), running)


def approve(deployment: Deployment, actor: User, **review: object) -> Deployment:
    said = Review(deployment.plan.digest, **review)  # type: ignore[arg-type]
    return approvals.approve(deployment_id=deployment.pk, actor=actor, review=said, inline=True)


def fresh(deployment: Deployment) -> Deployment:
    return Deployment.objects.get(pk=deployment.pk)


def test_an_approval_keeps_what_it_was_given_for(
    prod: Environment, bob: User, ada: User, sample: Configuration, cloud: str
) -> None:
    protect(prod, approvals_expire_hours=4)
    waiting = plan(prod, bob)
    seen = renderings.rendering_of(waiting)
    shown = timezone.now()
    approve(waiting, ada, comment="Read it", saw=renderings.digest_of(seen), factor_at=shown)
    row, subject = waiting.approvals.get(), waiting.plan.value().subject
    assert (row.plan_digest, row.base_digest) == (waiting.plan.digest, subject.base_digest)
    assert (row.live_fingerprint, row.protection, row.factor_at) == (subject.live_fingerprint, 2, shown)
    assert row.expires_at is not None and row.expires_at - row.created_at > timedelta(hours=3, minutes=59)
    assert row.saw == Rendering.objects.get() and row.saw.text == seen and "CustomerSupportFunction" in seen
    done = run(fresh(waiting), bob)
    assert done.status == Status.SUCCEEDED, done.error
    (said,) = open_record(Record.objects.get(deployment_id=done.public_id)).approvals()
    assert (said["protection"], said["saw"], said["comment"]) == (2, row.saw_id, "Read it")
    assert said["liveFingerprint"] == subject.live_fingerprint


def test_what_was_seen_otherwise_is_not_signed(
    prod: Environment, bob: User, ada: User, sample: Configuration, cloud: str
) -> None:
    waiting = plan(prod, bob)
    with pytest.raises(OutOfDate, match="otherwise than when you looked"):
        approve(waiting, ada, saw="0" * 64)
    assert not waiting.approvals.exists() and not Rendering.objects.exists()


def test_an_approval_of_another_world_is_not_believed_by_the_worker(
    prod: Environment, bob: User, ada: User, sample: Configuration, cloud: str
) -> None:
    waiting = plan(prod, bob)
    approve(waiting, ada)
    orders.start(deployment_id=waiting.pk, actor=bob, inline=True)
    waiting.approvals.update(live_fingerprint="0" * 64)
    assert execution.run(deployment_id=waiting.pk).status == Status.WAITING


def test_who_edited_last_does_not_approve_and_who_proposed_does_not(
    prod: Environment, bob: User, alice: User, ada: User, sample: Configuration, cloud: str
) -> None:
    protect(prod, editor_may_approve=False)
    waiting = plan(prod, bob)
    with pytest.raises(NotAllowed, match="You edited the configuration"):
        approve(waiting, alice)
    assert set(waiting.awaited.values_list("person", flat=True)) == {ada.pk}
    assert approve(waiting, ada).status == Status.READY


def test_a_comment_and_a_fresh_factor_are_asked_for(
    prod: Environment, bob: User, ada: User, sample: Configuration, cloud: str
) -> None:
    protect(prod, comment_required=True, fresh_factor=True)
    waiting = plan(prod, bob)
    with pytest.raises(WorkflowError, match="needs a comment"):
        approve(waiting, ada, comment=" ", factor_at=timezone.now())
    for shown in (None, timezone.now() - timedelta(minutes=6), timezone.now() + timedelta(minutes=1)):
        with pytest.raises(NotAllowed, match="second factor"):
            approve(waiting, ada, comment="Fine", factor_at=shown)
    assert approve(waiting, ada, comment="Fine", factor_at=timezone.now()).status == Status.READY


def test_over_budget_more_people_are_asked(
    prod: Environment, bob: User, ada: User, alice: User, sample: Configuration, cloud: str
) -> None:
    protect(prod, budget=Budget(resources=2, new_permissions=0))
    waiting = plan(prod, bob)
    answer = decisions.decision(waiting)
    assert answer.required == 2 and len(answer.over_budget) == 2
    assert waiting.plan.impact["new_permissions"] > 5
    assert approve(waiting, ada).status == Status.WAITING
    assert approve(waiting, alice).status == Status.READY


def test_what_is_over_a_budget_that_refuses_ends(
    prod: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    protect(prod, budget=Budget(resources=2, refuses=True))
    refused = plan(prod, bob)
    assert refused.status == Status.REJECTED and "the budget has 2" in refused.error


def test_time_lets_a_plan_run_and_takes_it_back(
    prod: Environment, bob: User, ada: User, sample: Configuration, cloud: str
) -> None:
    protect(prod, minimum_wait_minutes=10, approvals_expire_hours=1)
    waiting = approve(plan(prod, bob), ada)
    assert waiting.status == Status.WAITING and sweeping.weigh() == []
    Deployment.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert sweeping.weigh() == [waiting.pk] and fresh(waiting).status == Status.READY
    waiting.approvals.update(created_at=timezone.now() - timedelta(hours=2))
    with pytest.raises(OutOfDate, match="is missing"):
        orders.start(deployment_id=waiting.pk, actor=bob, inline=True)
    assert fresh(waiting).status == Status.WAITING


def test_another_protection_holds_for_plans_that_wait(
    prod: Environment, bob: User, ada: User, sample: Configuration, cloud: str
) -> None:
    ready = approve(plan(prod, bob), ada)
    protect(prod, approvals=2)
    assert sweeping.weigh() == [ready.pk] and fresh(ready).status == Status.WAITING
    protect(prod)
    assert sweeping.weigh() == [ready.pk] and fresh(ready).status == Status.READY


def test_a_freeze_holds_a_plan_back_until_an_owner_lets_it_pass(
    dev: Environment, bob: User, ada: User, alice: User, sample: Configuration, cloud: str
) -> None:
    ready = plan(dev, bob)
    protect(dev, approvals=0, freezes=(freeze(),))
    with pytest.raises(OutOfDate, match="Nothing starts here during the freeze"):
        orders.start(deployment_id=ready.pk, actor=bob, inline=True)
    waiting = fresh(ready)
    assert waiting.status == Status.WAITING
    ask = {"deployment_id": ready.pk, "freeze": "the freeze", "reason": "the fix cannot wait", "inline": True}
    with pytest.raises(NotAllowed):
        freezes.override(actor=ada, plan_digest=ready.plan.digest, **ask)  # type: ignore[arg-type]
    with pytest.raises(OutOfDate):
        freezes.override(actor=alice, plan_digest="0" * 64, **ask)  # type: ignore[arg-type]
    freezes.override(actor=alice, plan_digest=ready.plan.digest, **ask)  # type: ignore[arg-type]
    done = run(fresh(ready), bob)
    assert done.status == Status.SUCCEEDED, done.error
    (said,) = open_record(Record.objects.get(deployment_id=done.public_id)).approvals()
    assert (said["freeze"], said["comment"]) == ("the freeze", "the fix cannot wait")
    assert AuditEntry.objects.filter(deed=Deed.FREEZE_OVERRIDDEN, actor_id=alice.pk).count() == 1


def test_a_freeze_that_ends_what_runs_asks_it_to_stop(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    running = plan(dev, bob)
    Deployment.objects.filter(pk=running.pk).update(status=Status.RUNNING, started_at=timezone.now())
    assert freezes.end_running() == 0
    protect(dev, approvals=0, freezes=(freeze(), freeze("the other", running=Running.END)))
    assert (freezes.end_running(), freezes.end_running()) == (1, 0)
    assert fresh(running).cancelled_by_text == "the freeze the other"


def test_only_what_came_through_staging_is_deployed(
    dev: Environment, prod: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    protect(prod, approvals=0, promoted_from=("dev",), upstream=("dev",))
    refused = plan(prod, bob)
    assert refused.status == Status.REJECTED and "promoted from dev" in refused.error
    first = run(plan(dev, bob), bob)
    promoted = promotions.propose(deployment=first, to=prod, actor=bob, method=Method.WEB, inline=True)
    ready = make_plan(deployment_id=promoted.pk)
    assert (ready.status, ready.promoted_from) == (Status.READY, "dev"), ready.error
    assert (ready.configuration, ready.source) == (first.configuration, first.source)
    with pytest.raises(WorkflowError, match="succeeded"):
        promotions.propose(deployment=ready, to=dev, actor=bob, method=Method.WEB)


def test_an_emergency_runs_without_approval_and_is_a_debt(
    prod: Environment, bob: User, ada: User, alice: User, sample: Configuration, cloud: str
) -> None:
    waiting = plan(prod, bob)
    ask = {"deployment_id": waiting.pk, "plan_digest": waiting.plan.digest, "inline": True}
    why = "customers cannot sign in"
    with pytest.raises(NotAllowed, match="approvers and owners"):
        emergencies.declare(actor=bob, reason=why, factor_at=timezone.now(), **ask)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed, match="second factor"):
        emergencies.declare(actor=ada, reason=why, factor_at=None, **ask)  # type: ignore[arg-type]
    with pytest.raises(WorkflowError, match="what the emergency is"):
        emergencies.declare(actor=ada, reason="fix", factor_at=timezone.now(), **ask)  # type: ignore[arg-type]
    assert not Emergency.objects.exists()
    emergencies.declare(actor=ada, reason=why, factor_at=timezone.now(), **ask)  # type: ignore[arg-type]
    done = execution.run(deployment_id=waiting.pk)
    assert done.status == Status.SUCCEEDED, done.error
    (said,) = open_record(Record.objects.get(deployment_id=done.public_id)).approvals()
    assert said["emergency"] and said["actor"]["name"] == "ada"
    assert AuditEntry.objects.filter(deed=Deed.GLASS_BROKEN, actor_id=ada.pk).count() == 1
    assert [each.deployment for each in emergencies.owed(prod.project.slug)] == [done]

    following = plan(prod, bob, kind=PlanKind.DESTROY)
    need = next(need for need in decisions.decision(following).needs if need.kind is NeedKind.DEBT)
    assert "in an emergency" in need.text and ada.pk not in need.people
    approve(following, alice)
    assert fresh(following).status == Status.WAITING
    with pytest.raises(NotAllowed, match="second person"):
        emergencies.look_at(deployment_id=done.pk, actor=ada, findings="fine")
    emergencies.look_at(deployment_id=done.pk, actor=alice, findings="It was needed")
    with pytest.raises(NotAllowed, match="has reviewed it"):
        emergencies.look_at(deployment_id=done.pk, actor=alice, findings="again")
    assert sweeping.weigh() == [following.pk] and fresh(following).status == Status.READY
    assert emergencies.owed(prod.project.slug) == []


def test_when_the_world_moved_a_plan_that_does_less_stays_approved(
    prod: Environment, bob: User, ada: User, sample: Configuration, edit: Edit, cloud: str
) -> None:
    assert run(approve(plan(prod, bob), ada), bob).status == Status.SUCCEEDED
    edit("memory: 256", "memory: 320")
    edit("visibility_timeout: 360", "visibility_timeout: 400")
    waiting = approve(plan(prod, bob), ada)
    assert waiting.status == Status.READY, waiting.error
    set_visibility(prod, 400)  # somebody did a part of it by hand
    orders.start(deployment_id=waiting.pk, actor=bob, inline=True)
    stale = execution.run(deployment_id=waiting.pk)
    assert stale.status == Status.STALE
    successor = Deployment.objects.get(predecessor=stale)
    assert (successor.status, successor.proposed_by) == (Status.PLANNING, bob)
    again = make_plan(deployment_id=successor.pk)
    assert again.status == Status.QUEUED, (again.status, again.error)
    held = facts.coverage_of(again, again.plan.value())
    assert held is not None and held[1].covered
    done = execution.run(deployment_id=again.pk)
    assert done.status == Status.SUCCEEDED, done.error
    (said,) = open_record(Record.objects.get(deployment_id=done.public_id)).approvals()
    assert said["planDigest"] == waiting.plan.digest != again.plan.digest


def test_when_the_world_moved_further_only_the_difference_is_approved_anew(
    prod: Environment, bob: User, ada: User, sample: Configuration, edit: Edit, cloud: str
) -> None:
    assert run(approve(plan(prod, bob), ada), bob).status == Status.SUCCEEDED
    edit("memory: 256", "memory: 320")
    waiting = approve(plan(prod, bob), ada)
    set_visibility(prod, 77)
    orders.start(deployment_id=waiting.pk, actor=bob, inline=True)
    assert execution.run(deployment_id=waiting.pk).status == Status.STALE
    again = make_plan(deployment_id=Deployment.objects.get(predecessor=waiting).pk)
    assert again.status == Status.WAITING
    held = facts.coverage_of(again, again.plan.value())
    assert held is not None and held[0] == waiting
    assert [change.type for change in held[1].added] == ["AWS::SQS::Queue"] and not held[1].altered
    assert approve(again, ada).status == Status.READY


def test_plans_that_another_run_overtook_are_made_again_a_few_times(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    first, second = plan(dev, bob), plan(dev, bob)
    run(first, bob)
    chain = [second]
    for _ in range(4):
        successor = Deployment.objects.filter(predecessor=chain[-1]).first()
        if successor is None:
            break
        chain.append(successor)
        outdate(successor, "The world moved again.", standing=(Status.PLANNING,))
    assert [each.status for each in map(fresh, chain)] == [Status.STALE] * 4


def test_a_role_lost_in_the_environment_alone_counts(
    prod: Environment, bob: User, ada: User, sample: Configuration, cloud: str
) -> None:
    ready = approve(plan(prod, bob), ada)
    EnvironmentRole.objects.create(
        membership=Membership.objects.get(user=ada, project=prod.project), environment=prod, role=Role.VIEWER
    )
    with pytest.raises(OutOfDate, match="is missing"):
        orders.start(deployment_id=ready.pk, actor=bob, inline=True)


def test_named_people_are_the_ones_who_are_awaited(
    prod: Environment, bob: User, ada: User, alice: User, sample: Configuration, cloud: str
) -> None:
    protect(prod, approvals=0, editor_may_approve=True)
    asked = Protection(approvals=(Requirement(people=("alice",)),), editor_may_approve=True)
    protecting.put_in_force(environment=prod, protection=asked, author=None)
    waiting = plan(prod, bob)
    assert set(waiting.awaited.values_list("person", flat=True)) == {alice.pk}
    assert approve(waiting, ada).status == Status.WAITING
    assert approve(waiting, alice).status == Status.READY


def test_impact_is_kept_as_it_is_worked_out(dev: Environment, bob: User, sample: Configuration, cloud: str) -> None:
    made = plan(dev, bob)
    assert json.loads(json.dumps(made.plan.impact)) == facts.impact_fields(made.plan.value())
