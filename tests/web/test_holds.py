"""Holds: what automation does not bring back, how people say that they mean it, and who resumes; and their pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from deployments import admission, leases, orders, planning, sweeping
from deployments.deciding import decisions, emergencies
from deployments.deciding.words import said_of
from deployments.engine.plan import PlanKind
from deployments.errors import NotAllowed, OnHold, OutOfDate, WorkflowError
from deployments.holding import lifting, placing
from deployments.holding.concerning import said, standing_before
from deployments.holding.models import Hold, HoldPass
from deployments.models import Deployment, Method, Status, Step
from deployments.telling.models import Channel, Delivery
from projects.audit.models import AuditEntry
from projects.models import Configuration, Environment, Membership, Project, SourceBundle, User
from projects.people.api_tokens import make_token
from projects.people.models import EnvironmentRole
from projects.protection.deciding import NeedKind
from projects.roles import Action, Scope
from tests.conftest import protect
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
Propose = Callable[..., Deployment]


@pytest.fixture
def newer(project: Project, alice: User, configuration: Configuration) -> Configuration:
    """Revision 2, another text."""
    text = configuration.text + "\n# more\n"
    return Configuration.objects.create(
        project=project, number=2, text=text, digest=Configuration.digest_of(text), author=alice, author_text="alice"
    )


def program(user: User) -> User:
    """The same account as a token acts for it."""
    user.scope = Scope(frozenset({Action.PROPOSE, Action.RUN}))
    return user


def ran(deployment: Deployment, *, steps: int = 1) -> Deployment:
    """With steps that did something."""
    for position in range(steps):
        Step.objects.create(
            deployment=deployment, position=position, step_id=f"update:{position}", logical_id=f"R{position}",
            stack="s", type="AWS::SNS::Topic", operation="update", status=Step.Status.SUCCEEDED,
        )  # fmt: skip
    return deployment


def begun(propose: Propose, environment: Environment, by: User, **fields: Any) -> Deployment:
    """A rollback whose run begins."""
    rollback = propose(
        environment, Status.RUNNING, kind=PlanKind.ROLLBACK, run_by=by, message="The answers are wrong", **fields
    )
    rollback.placed = placing.after_rollback(rollback, timezone.now())
    return rollback


def quarantined(environment: Environment, by: User, bringer: Deployment, **more: Any) -> Hold:
    return placing.place(environment=environment, actor=by, reason="Wrong answers.", bringer=bringer, **more)


def weighed(deployment: Deployment) -> Deployment:
    return Deployment.objects.get(pk=deployment.pk) if decisions.settle(deployment) else deployment


def needs(deployment: Deployment) -> list[NeedKind]:
    return [need.kind for need in decisions.decision(deployment).needs]


def test_a_rollback_quarantines_what_it_takes_away_from_its_first_call_on(
    propose: Propose, dev: Environment, bob: User, newer: Configuration, project: Project
) -> None:
    Channel.objects.create(
        project=project, name="room", kind="slack", host="x", sealed_address="x", occasions=["hold.placed"]
    )
    now = timezone.now()
    ran(propose(dev, Status.SUCCEEDED, started_at=now, configuration=newer))
    rollback = begun(propose, dev, bob, rollback_to="2026-then")
    hold = Hold.objects.get()
    assert (hold.environment, hold.configuration_number, hold.because_of) == (dev, 2, rollback)
    assert (hold.configuration_digest, hold.placed_by, hold.reason) == (newer.digest, bob, "The answers are wrong")
    assert said(hold).startswith("Revision 2 · source ") and "quarantined in dev: The answers are wrong (bob)." in said(
        hold
    )
    (entry,) = AuditEntry.objects.filter(deed="hold.placed")
    assert (entry.actor_text, entry.detail["becauseOf"]) == ("bob", rollback.public_id)
    assert Delivery.objects.get().occasion == "hold.placed"
    placing.after_rollback(rollback, now)
    assert Hold.objects.count() == 1, "once is enough"


@pytest.mark.parametrize(
    ("kind", "steps", "revision"),
    [
        (PlanKind.DEPLOY, 0, 1),  # it changed nothing, so what was there before it is taken away
        (PlanKind.ROLLBACK, 1, 2),
        (PlanKind.DESTROY, 1, None),  # nothing is there that could be taken away
    ],
)
def test_what_is_taken_away_is_what_a_run_had_really_brought(
    kind: PlanKind, steps: int, revision: int | None, propose: Propose, dev: Environment, bob: User,
    newer: Configuration, project: Project, alice: User,
) -> None:  # fmt: skip
    third = Configuration.objects.create(
        project=project, number=3, text="x", digest="3" * 64, author=alice, author_text="alice"
    )
    now = timezone.now()
    ran(propose(dev, Status.SUCCEEDED, started_at=now))
    ran(propose(dev, Status.FAILED, kind=kind, started_at=now + timedelta(1), configuration=newer), steps=steps)
    begun(propose, dev, bob, configuration=third)
    assert list(Hold.objects.values_list("configuration_number", flat=True)) == ([revision] if revision else [])


def test_going_back_to_the_same_release_takes_none_away(propose: Propose, dev: Environment, bob: User) -> None:
    ran(propose(dev, Status.SUCCEEDED, started_at=timezone.now()))
    begun(propose, dev, bob)
    assert not Hold.objects.exists()
    assert placing.after_rollback(propose(dev, Status.RUNNING), timezone.now()) is None, "it is no rollback"


def test_a_failed_run_that_is_taken_back_by_itself_quarantines_its_release(
    propose: Propose, dev: Environment, bob: User
) -> None:
    failed = ran(propose(dev, Status.FAILED, started_at=timezone.now()))
    undo = propose(dev, Status.RUNNING, kind=PlanKind.ROLLBACK, undoes=failed.public_id)
    hold = placing.after_rollback(undo, timezone.now())
    assert hold is not None
    assert (hold.by_itself, hold.placed_by, hold.placed_by_text) == (True, None, "strandsweb")
    assert hold.reason == f"{failed.public_id} failed and was taken back by itself."
    assert standing_before(undo) == [], "and nothing holds the taking back"


def test_a_run_begins_only_with_what_is_not_held_and_waits_else(propose: Propose, dev: Environment, ada: User) -> None:
    queued = propose(dev, Status.QUEUED)
    held = leases.take(environment_id=dev.pk, holder="me", deployment_id=queued.pk)
    assert held is not None
    quarantined(dev, ada, queued)
    found = Deployment.objects.get(pk=queued.pk)
    answer = decisions.decision(found, found.plan.value())
    assert [need.kind for need in answer.needs] == [NeedKind.HOLD]
    assert "can let this plan pass, saying why, or resume." in answer.words[0]


def test_programs_bring_nothing_that_is_held_and_hear_why(
    propose: Propose, dev: Environment, ada: User, bob: User, configuration: Configuration,
    newer: Configuration, source: SourceBundle,
) -> None:  # fmt: skip
    quarantined(dev, ada, propose(dev, Status.SUCCEEDED))
    wish: dict[str, Any] = {"environment": dev, "configuration": configuration, "source": source}
    new = wish | {"configuration": newer}
    before = Deployment.objects.count()
    with pytest.raises(OnHold, match=r"Revision 1 .* is quarantined in dev: Wrong answers \(ada\)"):
        planning.propose(actor=program(bob), method=Method.API, **wish)
    with pytest.raises(OnHold):
        planning.propose(actor=ada, method=Method.SCHEDULE, **wish)
    assert Deployment.objects.count() == before
    assert planning.propose(actor=bob, method=Method.API, **new).pk, "a new release may come"
    placing.place(environment=dev, actor=ada, reason="Moving house")
    with pytest.raises(OnHold, match="dev is on hold: Moving house"):
        planning.propose(actor=bob, method=Method.API, **new)
    assert planning.propose(actor=bob, method=Method.API, kind=PlanKind.ROLLBACK, **new).pk
    with pytest.raises(OnHold):
        planning.propose(actor=bob, method=Method.API, kind=PlanKind.ROLLBACK, **wish)
    with pytest.raises(OnHold):
        planning.propose(actor=bob, method=Method.API, kind=PlanKind.DESTROY, **wish)
    bob.scope = None
    assert planning.propose(actor=bob, method=Method.WEB, **wish).pk, "people are warned by the plan's page"


def test_the_token_that_is_refused_gets_a_code_of_its_own(
    propose: Propose, dev: Environment, ada: User, bob: User, client: Any
) -> None:
    waiting = propose(dev, Status.READY)
    quarantined(dev, ada, waiting)
    decisions.settle(waiting)
    _, key = make_token(user=bob, name="ci", actions=[Action.PROPOSE, Action.RUN], days=1, made_by=bob)
    sent = {"headers": {"Authorization": f"Bearer {key}"}, "content_type": "application/json"}
    for address in (
        reverse("api-plans", args=["support-desk", "dev"]),
        reverse("api-run", args=["support-desk", waiting.public_id]),
    ):
        answer = client.post(address, {}, **sent)
        assert (answer.status_code, answer.json()["error"]) == (409, "on-hold"), answer.content
        assert "quarantined in dev" in answer.json()["message"]


def test_a_plan_of_a_person_waits_until_somebody_lets_exactly_it_pass(
    propose: Propose, dev: Environment, ada: User, bob: User, vera: User
) -> None:
    plan = propose(dev, Status.READY)
    hold = quarantined(dev, ada, plan)
    assert weighed(plan).status == Status.WAITING
    assert needs(plan) == [NeedKind.HOLD]
    assert set(plan.awaited.values_list("person__username", flat=True)) == {"ada", "alice"}
    say = {"deployment_id": plan.pk, "hold_id": hold.pk, "plan_digest": plan.plan.digest}
    with pytest.raises(NotAllowed, match="Only those who may resume"):
        lifting.let_pass(actor=bob, reason="I mended it", **say)
    with pytest.raises(WorkflowError, match="Say why"):
        lifting.let_pass(actor=ada, reason=" ", **say)
    with pytest.raises(OutOfDate, match="no longer the one"):
        lifting.let_pass(actor=ada, reason="x", **(say | {"plan_digest": "0" * 64}))
    with pytest.raises(OutOfDate, match="does not hold this plan back"):
        lifting.let_pass(actor=ada, reason="x", **(say | {"hold_id": hold.pk + 1}))
    with pytest.raises(NotAllowed):
        lifting.let_pass(actor=program(vera), reason="x", **say)
    for _ in range(2):
        assert lifting.let_pass(actor=ada, reason="The data is mended", **say).status == Status.READY
    assert HoldPass.objects.count() == AuditEntry.objects.filter(deed="hold.passed").count() == 1
    assert Hold.objects.standing().count() == 1, "it stands for everything else"
    orders.start(deployment_id=plan.pk, actor=bob)
    (said_later,) = said_of(plan)
    assert (said_later["comment"], said_later["actor"]["name"]) == ("The data is mended", "ada")
    assert said_later["hold"] == said(hold)


def test_what_holds_everything_or_was_placed_by_itself_deployers_may_pass(
    propose: Propose, dev: Environment, ada: User, bob: User
) -> None:
    failed = ran(propose(dev, Status.FAILED, started_at=timezone.now()))
    undo = propose(dev, Status.RUNNING, kind=PlanKind.ROLLBACK, undoes=failed.public_id)
    by_itself = placing.after_rollback(undo, timezone.now())
    everything = placing.place(environment=dev, actor=ada, reason="Audit week")
    plan = propose(dev, Status.READY)
    assert by_itself is not None
    for hold in (by_itself, everything):
        assert weighed(plan).status == Status.WAITING
        assert "Whoever may deploy here can let this plan pass" in decisions.decision(plan).words[0]
        lifting.let_pass(
            deployment_id=plan.pk, hold_id=hold.pk, actor=bob, reason="It was AWS", plan_digest=plan.plan.digest
        )
    assert Deployment.objects.get(pk=plan.pk).status == Status.READY


def test_a_plan_that_deploys_by_itself_waits_for_whoever_resumes(
    propose: Propose, prod: Environment, ada: User, bob: User
) -> None:
    protect(prod, approvals=0)
    plan = propose(prod, Status.READY, run_when_approved=True)
    hold = quarantined(prod, ada, plan)
    weighed(plan)
    assert sweeping.weigh() == []
    lifting.lift(hold_id=hold.pk, environment=prod, actor=ada, reason="It was the model")
    assert sweeping.weigh() == [plan.pk]
    assert Deployment.objects.get(pk=plan.pk).status == Status.QUEUED


def test_a_release_that_is_quarantined_upstream_or_in_the_whole_project_is_held_on_its_way(
    propose: Propose, dev: Environment, prod: Environment, ada: User, alice: User
) -> None:
    protect(prod, approvals=0)
    bringer = propose(dev, Status.SUCCEEDED)
    onward, other = propose(prod, Status.READY, promoted_from="dev"), propose(prod, Status.READY)
    hold = quarantined(dev, ada, bringer)
    assert (standing_before(onward), standing_before(other)) == ([hold], [])
    lifting.lift(hold_id=hold.pk, environment=dev, actor=ada, reason="Fine again")
    everywhere = quarantined(dev, alice, bringer, everywhere=True)
    assert standing_before(other) == [everywhere]
    assert (everywhere.where, str(everywhere)) == ("all environments", f"{everywhere.what} held in all environments")


def test_only_who_may_everywhere_holds_everywhere(
    propose: Propose, dev: Environment, prod: Environment, ada: User, project: Project
) -> None:
    mine = Membership.objects.get(project=project, user=ada)
    EnvironmentRole.objects.create(membership=mine, environment=prod, role="viewer")
    bringer = propose(dev, Status.SUCCEEDED)
    with pytest.raises(NotAllowed, match="all the environments"):
        quarantined(dev, ada, bringer, everywhere=True)
    with pytest.raises(NotAllowed):
        placing.place(environment=dev, actor=program(ada), reason="x")
    ada.scope = None
    with pytest.raises(WorkflowError, match="Say why"):
        placing.place(environment=dev, actor=ada, reason=" ")
    assert quarantined(dev, ada, bringer).environment == dev
    with pytest.raises(OutOfDate, match="held already"):
        quarantined(dev, ada, bringer)


def test_of_two_who_resume_the_second_hears_so(propose: Propose, dev: Environment, ada: User, alice: User) -> None:
    hold = placing.place(environment=dev, actor=ada, reason="Audit week")
    lift = {"hold_id": hold.pk, "environment": dev}
    with pytest.raises(WorkflowError, match="Say why"):
        lifting.lift(actor=alice, reason="", **lift)  # type: ignore[arg-type]
    lifted = lifting.lift(actor=alice, reason="It is over", **lift)  # type: ignore[arg-type]
    assert (lifted.lifted_by, lifted.lift_reason) == (alice, "It is over")
    with pytest.raises(OutOfDate, match="alice has resumed it already"):
        lifting.lift(actor=ada, reason="Mine", **lift)  # type: ignore[arg-type]
    with pytest.raises(OutOfDate, match="no such hold"):
        lifting.lift(hold_id=hold.pk + 1, environment=dev, actor=ada, reason="x")
    placing.place(environment=dev, actor=ada, reason="Again")
    assert Hold.objects.standing().count() == 1, "what was resumed can be held again"


def test_an_emergency_passes_what_is_held(propose: Propose, prod: Environment, ada: User) -> None:
    plan = propose(prod, Status.WAITING)
    quarantined(prod, ada, plan)
    shown = timezone.now()
    emergencies.declare(
        deployment_id=plan.pk, actor=ada, reason="Nobody can sign in", plan_digest=plan.plan.digest, factor_at=shown
    )
    assert Deployment.objects.get(pk=plan.pk).status == Status.QUEUED


def test_pages_say_what_is_held_and_people_resume_there(
    propose: Propose, dev: Environment, ada: User, vera: User, visit: Visit
) -> None:
    plan = propose(dev, Status.READY)
    page = visit(ada)
    address = reverse("environment-holds", args=["support-desk", "dev"])
    assert "Nothing is held here" in page.get(address).content.decode()
    answer = page.post(address, {"release": str(plan.pk), "reason": "Wrong answers"})
    assert answer.status_code == 302, answer.content
    twice = page.post(address, {"release": str(plan.pk), "reason": "Wrong answers"})
    assert (twice.status_code, "held already" in twice.content.decode()) == (422, True)
    weighed(plan)
    for name, arguments in (
        ("environment", ["dev"]), ("project", []), ("deployments", []), ("deployment", [plan.public_id]),
        ("environment-holds", ["dev"]),
    ):  # fmt: skip
        shown = visit(vera).get(reverse(name, args=["support-desk", *arguments])).content.decode()
        assert "Wrong answers" in shown, name
        assert "Let this plan pass" not in shown and "Resume</button>" not in shown
    hold = Hold.objects.get()
    asked = {"hold": hold.pk, "plan_digest": plan.plan.digest}
    letting = reverse("deployment-pass-hold", args=["support-desk", plan.public_id])
    assert "Say why" in page.post(letting, asked, follow=True).content.decode()
    assert "let it pass" in page.post(letting, asked | {"reason": "I looked"}, follow=True).content.decode()
    resuming = reverse("environment-hold-lift", args=["support-desk", "dev", hold.pk])
    assert "Say why" in page.post(resuming, {}, follow=True).content.decode()
    done = page.post(resuming, {"reason": "It was the model"}, follow=True).content.decode()
    assert "Resumed: revision 1" in done and "It was the model" in done


def test_a_hold_placed_between_queue_and_first_call_stops_the_run(
    propose: Propose, dev: Environment, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = propose(dev, Status.QUEUED)
    monkeypatch.setattr(admission, "_compare", lambda *_: None)
    held = leases.take(environment_id=dev.pk, holder="me", deployment_id=queued.pk)
    assert held is not None
    placing.place(environment=dev, actor=ada, reason="Audit week")
    assert not admission.begin(queued, held)
    assert (Deployment.objects.get(pk=queued.pk).status, queued.steps.count()) == (Status.WAITING, 0)
