"""What a run does: order, durability, failures, cancelling, and what it writes down."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from deployments.engine import journal
from deployments.engine.clock import SystemClock
from deployments.engine.errors import Category, LostLease, PlanMismatch, Refused
from deployments.engine.events import STEP_ENDS, Code, Event
from deployments.engine.executor import Outcome, execute
from deployments.engine.fake_cloud import FakeCloud, FakeProvisioner, fake_provisioners
from deployments.engine.fakes import CancelAfter, FixedClock, NeverCancel, RecordingLedger
from deployments.engine.inbox import Inbox
from deployments.engine.plan import Plan, PlanKind
from deployments.engine.planner import Wanted, make_plan
from deployments.engine.ports import Live, Made, Target
from deployments.engine.resources import Resource
from deployments.engine.state import StateResource
from deployments.engine.story import Status, fold
from tests.engine.stage import KINDS, deployed, empty_state, planned, resource, run

ROLE = resource("Role", "Role", {"RoleName": "role"}, volatile_tags={"strands:version": "1"})
DESK = resource(
    "Desk", "Function", {"FunctionName": "desk", "Role": {"Fn::GetAtt": ["Role", "Arn"]}}, agent="desk", stack="desk"
)
HOURLY = resource("Hourly", "Rule", {"Target": {"Ref": "Desk"}})
TICKETS = resource("Tickets", "Table", {"TableName": "tickets"})
ALL = (ROLE, DESK, HOURLY, TICKETS)


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


@pytest.fixture
def ledger() -> RecordingLedger:
    return RecordingLedger(empty_state())


def codes(events: Sequence[Event], *wanted: Code) -> list[tuple[str, str]]:
    return [(event.code.value, event.step) for event in events if event.code in wanted]


def ends(ledger: RecordingLedger) -> dict[str, str]:
    return {event.step: event.code.value for event in ledger.events if event.code in STEP_ENDS}


def test_a_first_deployment(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    outcome = run(planned(ALL, ledger.state, cloud), ledger, cloud)
    assert (outcome.status, outcome.counts) == (
        Status.SUCCEEDED,
        {"succeeded": 4, "failed": 0, "skipped": 0, "cancelled": 0},
    )
    assert outcome.state.resources == ledger.state.resources
    assert outcome.state.serial == 1
    assert outcome.state.timestamp == "2025-11-19T10:30:00.000Z"
    assert outcome.state.resources["Desk"] == StateResource(
        stack="desk",
        logical_id="Desk",
        type="Test::Function",
        physical_id="desk",
        properties={"FunctionName": "desk", "Role": "arn:fake:Test::Role/role"},
        attributes={"Arn": "arn:fake:Test::Function/desk", "Id": "desk"},
        dependencies=("Role",),
        tags=DESK.tags,
        agent="desk",
    )
    assert cloud.inventory()["Test::Role/role"]["tags"] == {**ROLE.tags, "strands:version": "1"}
    assert "strands:version" not in outcome.state.resources["Role"].tags


def test_events_are_numbered_without_gaps_and_survive_being_written(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    run(planned(ALL, ledger.state, cloud), ledger, cloud)
    assert [event.number for event in ledger.events] == list(range(1, len(ledger.events) + 1))
    assert [Event.from_dict(event.as_dict()) for event in ledger.events] == ledger.events
    assert (ledger.events[0].code, ledger.events[-1].code) == (Code.RUN_STARTED, Code.RUN_ENDED)
    assert ledger.events[-1].data == {
        "status": "succeeded",
        "seconds": 0.0,
        "counts": {"succeeded": 4, "failed": 0, "skipped": 0, "cancelled": 0},
    }


def test_calls_and_log_lines_belong_to_their_step(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    run(planned(ALL, ledger.state, cloud), ledger, cloud)
    calls = [event for event in ledger.events if event.code is Code.CALL_ENDED]
    assert {(event.step, event.logical_id, event.data["operation"]) for event in calls} == {
        ("create:Role", "Role", "Create"),
        ("create:Desk", "Desk", "Create"),
        ("create:Desk", "Desk", "Configure"),
        ("create:Hourly", "Hourly", "Create"),
        ("create:Hourly", "Hourly", "Configure"),
        ("create:Tickets", "Tickets", "Create"),
    }
    assert calls[0].data.keys() == {
        "service", "operation", "seconds", "status", "attempts", "requestId", "write", "error",
    }  # fmt: skip


def test_intents_are_durable_before_the_first_call_and_outcomes_before_dependants_start(cloud: FakeCloud) -> None:
    """Each call looks at what the ledger holds at that very moment."""

    class Watched(FakeCloud):
        def _call(self, call: Any, effect: Any) -> Any:
            if call.operation == "Create":
                seen[call.name] = list(ledger.events)
            return super()._call(call, effect)

    seen: dict[str, list[Event]] = {}
    ledger = RecordingLedger(empty_state())
    run(planned(ALL, ledger.state, cloud), ledger, Watched())
    assert ("step.started", "create:Role") in codes(seen["role"], Code.STEP_STARTED)
    assert ("step.succeeded", "create:Role") not in codes(seen["role"], Code.STEP_SUCCEEDED)
    assert ("step.succeeded", "create:Role") in codes(seen["desk"], Code.STEP_SUCCEEDED)
    assert ("step.started", "create:Desk") in codes(seen["desk"], Code.STEP_STARTED)


def test_a_step_tells_its_intent(cloud: FakeCloud) -> None:
    state = deployed(ALL, cloud)
    ledger = RecordingLedger(state)
    changed = replace(DESK, properties={**DESK.properties, "Memory": 512})
    run(planned((ROLE, changed, HOURLY, TICKETS), state, cloud), ledger, cloud)
    (started,) = [event for event in ledger.events if event.code is Code.STEP_STARTED]
    token = started.data["token"]
    assert started.data == {
        "action": "update", "type": "Test::Function", "operation": "update", "physicalId": "desk", "token": token,
    }  # fmt: skip
    assert len(token) == 32
    (succeeded,) = [event for event in ledger.events if event.code is Code.STEP_SUCCEEDED]
    assert succeeded.data == {"physicalId": "desk", "seconds": 0.0, "adopted": False}


def test_an_empty_plan_makes_no_call_and_leaves_the_state(cloud: FakeCloud) -> None:
    state = deployed(ALL, cloud)
    plan = planned(ALL, state, cloud)
    ledger, before = RecordingLedger(state), len(cloud.calls)
    outcome = run(plan, ledger, cloud)
    assert plan.is_empty
    assert (outcome.status, outcome.state) == (Status.SUCCEEDED, state)
    assert len(cloud.calls) == before


def test_a_failed_step_skips_what_needs_it_and_nothing_else(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    cloud.fail("Create", "role")
    outcome = run(planned(ALL, ledger.state, cloud), ledger, cloud)
    assert outcome.status is Status.FAILED
    assert outcome.counts == {"succeeded": 1, "failed": 1, "skipped": 2, "cancelled": 0}
    assert ends(ledger) == {
        "create:Role": "step.failed",
        "create:Desk": "step.skipped",
        "create:Hourly": "step.skipped",
        "create:Tickets": "step.succeeded",
    }
    assert set(outcome.state.resources) == {"Tickets"}
    failed = next(event for event in ledger.events if event.code is Code.STEP_FAILED)
    assert failed.data["error"] == {
        "message": "Create of role is denied",
        "service": "fake",
        "operation": "",
        "code": "AccessDenied",
        "category": "denied",
        "requestId": "request-1",
        "advice": "",
    }
    skipped = {event.step: event.data["because"] for event in ledger.events if event.code is Code.STEP_SKIPPED}
    assert skipped == {"create:Desk": ["create:Role"], "create:Hourly": ["create:Role"]}


def test_a_failed_run_is_finished_by_the_next_plan(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    cloud.fail("Configure", "desk")
    state = run(planned(ALL, ledger.state, cloud), ledger, cloud).state
    assert set(state.resources) == {"Role", "Tickets", "Desk"}, "Desk is there, though not as it should be"
    again = RecordingLedger(state)
    assert run(planned(ALL, state, cloud), again, cloud).status is Status.SUCCEEDED
    assert len(cloud.inventory()) == 4


def test_what_a_failed_creation_left_is_deleted_when_nobody_wants_it_any_more(
    cloud: FakeCloud, ledger: RecordingLedger
) -> None:
    cloud.fail("Configure", "desk")
    outcome = run(planned(ALL, ledger.state, cloud), ledger, cloud)
    failed = next(event for event in ledger.events if event.code is Code.STEP_FAILED)
    assert (failed.step, failed.data["physicalId"]) == ("create:Desk", "desk")
    assert deployed((), cloud, outcome.state).resources == {}
    assert cloud.inventory() == {}


@pytest.mark.parametrize("why", ["it is not ours", "nobody can tell"])
def test_what_may_be_somebody_elses_is_not_recorded(why: str, cloud: FakeCloud, ledger: RecordingLedger) -> None:
    cloud.fail("Configure", "desk")
    if why == "it is not ours":
        cloud.create("Test::Function", "desk", {}, {"strands:project": "another"}, named=True)
    else:
        cloud.fail("Describe", "desk")
    outcome = run(planned(ALL, ledger.state, cloud), ledger, cloud)
    assert set(outcome.state.resources) == {"Role", "Tickets"}
    assert "physicalId" not in next(event for event in ledger.events if event.code is Code.STEP_FAILED).data


def test_a_skipped_step_names_every_failure_it_waits_behind(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    cloud.fail("Create", "role")
    cloud.fail("Create", "tickets")
    both = replace(DESK, depends_on=("Tickets",))
    run(planned((ROLE, both, HOURLY, TICKETS), ledger.state, cloud), ledger, cloud)
    skipped = {event.step: event.data["because"] for event in ledger.events if event.code is Code.STEP_SKIPPED}
    assert skipped["create:Hourly"] == skipped["create:Desk"] == ["create:Role", "create:Tickets"]


def test_a_replacement_deletes_and_creates_and_moves_what_refers_to_it(cloud: FakeCloud) -> None:
    state = deployed(ALL, cloud)
    renamed = replace(DESK, properties={**DESK.properties, "FunctionName": "desk-2"})
    ledger = RecordingLedger(state)
    outcome = run(planned((ROLE, renamed, HOURLY, TICKETS), state, cloud), ledger, cloud, parallelism=1)
    order = [step for _, step in codes(ledger.events, Code.STEP_SUCCEEDED)]
    assert order == ["create:Desk", "delete:Hourly", "create:Hourly", "delete:Desk"]
    assert outcome.state.resources["Hourly"].properties == {"Target": "desk-2"}
    assert outcome.state.resources["Hourly"].physical_id == "Hourly-2"
    assert "Test::Function/desk" not in cloud.inventory()


def test_a_replacement_whose_creation_fails_leaves_a_true_state(cloud: FakeCloud) -> None:
    state = deployed(ALL, cloud)
    keyed = replace(TICKETS, properties={**TICKETS.properties, "KeySchema": ["at"]})
    cloud.fail("Create", "tickets")
    ledger = RecordingLedger(state)
    outcome = run(planned((ROLE, DESK, HOURLY, keyed), state, cloud), ledger, cloud)
    assert outcome.status is Status.FAILED
    assert "Tickets" not in outcome.state.resources
    assert outcome.state.resources == ledger.state.resources


def test_uses_that_cross_a_replacement_do_not_make_a_circle(cloud: FakeCloud) -> None:
    """Hourly used Desk, and Desk the role; the role is replaced, Desk goes, and Hourly turns to the new role."""
    hourly = resource("Hourly", "Table", {"TableName": "hourly", "Note": {"Ref": "Desk"}})
    state = deployed((ROLE, DESK, hourly), cloud)
    moved = replace(hourly, properties={**hourly.properties, "Note": {"Ref": "Role"}})
    elsewhere = replace(ROLE, properties={**ROLE.properties, "Path": "/elsewhere/"})
    ledger = RecordingLedger(state)
    outcome = run(planned((elsewhere, moved), state, cloud), ledger, cloud, parallelism=1)
    order = [step for _, step in codes(ledger.events, Code.STEP_SUCCEEDED)]
    assert order == ["delete:Role", "create:Role", "update:Hourly", "delete:Desk"]
    assert set(outcome.state.resources) == {"Role", "Hourly"}


def test_destroy_removes_all_but_what_is_retained(cloud: FakeCloud) -> None:
    state = deployed((ROLE, DESK, HOURLY, replace(TICKETS, retain=True)), cloud)
    ledger = RecordingLedger(state)
    outcome = run(planned((), state, cloud, PlanKind.DESTROY), ledger, cloud)
    assert set(outcome.state.resources) == {"Tickets"}
    assert list(cloud.inventory()) == ["Test::Table/tickets"]


def test_what_was_gone_at_planning_is_not_deleted_even_if_it_came_back(cloud: FakeCloud) -> None:
    state = deployed((TICKETS,), cloud)
    cloud.remove("Test::Table", "tickets")
    plan = planned((), state, cloud)
    cloud.create("Test::Table", "tickets", {}, {}, named=True)
    outcome = run(plan, RecordingLedger(state), cloud)
    assert outcome.state.resources == {}
    assert list(cloud.inventory()) == ["Test::Table/tickets"]


def test_an_update_of_what_vanished_after_planning_asks_for_a_new_plan(cloud: FakeCloud) -> None:
    state = deployed((TICKETS,), cloud)
    plan = planned((replace(TICKETS, properties={"TableName": "tickets", "Units": 4}),), state, cloud)
    cloud.remove("Test::Table", "tickets")
    ledger = RecordingLedger(state)
    assert run(plan, ledger, cloud).status is Status.FAILED
    failed = next(event for event in ledger.events if event.code is Code.STEP_FAILED)
    assert failed.data["error"]["message"] == "Tickets was deleted after the plan was made; a new plan is needed"


def test_attributes_that_an_update_changes_reach_those_that_are_written_after_it(cloud: FakeCloud) -> None:
    state = deployed(ALL, cloud)

    class NewArn(FakeProvisioner):
        def update(self, target: Target, live: Live) -> Made:
            return replace(super().update(target, live), attributes={"Arn": "arn:new"})

    described = replace(ROLE, properties={"RoleName": "role", "Description": "d"})
    bigger = replace(DESK, properties={**DESK.properties, "Memory": 512})
    plan = planned((described, bigger, HOURLY, TICKETS), state, cloud)
    provisioners = {**fake_provisioners(KINDS, cloud), "Test::Role": NewArn(KINDS["Test::Role"], cloud)}
    outcome = run_with(plan, RecordingLedger(state), provisioners)
    assert outcome.state.resources["Desk"].properties["Role"] == "arn:new"


def test_what_does_not_change_but_is_organised_anew_is_recorded_anew(cloud: FakeCloud) -> None:
    state = deployed(ALL, cloud)
    moved = replace(TICKETS, stack="elsewhere", agent="desk")
    bigger = replace(DESK, properties={**DESK.properties, "Memory": 512})
    ledger = RecordingLedger(state)
    outcome = run(planned((ROLE, bigger, HOURLY, moved), state, cloud), ledger, cloud)
    assert (outcome.state.resources["Tickets"].stack, outcome.state.resources["Tickets"].agent) == ("elsewhere", "desk")
    assert outcome.state.resources["Role"] == state.resources["Role"]
    assert ledger.state.resources == outcome.state.resources


def test_a_bug_in_a_provisioner_fails_its_step_and_says_where_but_not_what(cloud: FakeCloud) -> None:
    cloud.fail("Create", "role", ValueError("the password is hunter2"))
    ledger = RecordingLedger(empty_state())
    outcome = run(planned((ROLE, TICKETS), ledger.state, cloud), ledger, cloud)
    assert outcome.counts["succeeded"] == 1
    failed = next(event for event in ledger.events if event.code is Code.STEP_FAILED)
    assert failed.data["error"] == {
        "message": "ValueError in strandsweb itself; the log says where",
        "category": Category.INTERNAL.value,
    }
    (log,) = [event for event in ledger.events if event.code is Code.LOG]
    assert log.step == "create:Role"
    assert log.data["level"] == "error"
    assert "engine/fake_cloud.py" in log.data["message"]
    assert "hunter2" not in str([event.as_dict() for event in ledger.events])


def test_a_refusal_by_a_provisioner_is_a_failure_with_its_own_words(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    cloud.fail("Create", "role", Refused("the code of desk is not in the bundle"))
    run(planned((ROLE,), ledger.state, cloud), ledger, cloud)
    failed = next(event for event in ledger.events if event.code is Code.STEP_FAILED)
    assert failed.data["error"] == {"message": "the code of desk is not in the bundle", "category": "invalid"}


def test_cancelling_lets_running_steps_end_and_starts_no_more(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    outcome = run(planned(ALL, ledger.state, cloud), ledger, cloud, parallelism=1, control=CancelAfter(1))
    assert outcome.status is Status.CANCELLED
    assert outcome.counts == {"succeeded": 1, "failed": 0, "skipped": 0, "cancelled": 3}
    (cancelling,) = [event for event in ledger.events if event.code is Code.RUN_CANCELLING]
    assert cancelling.data == {"by": "bob"}
    assert sorted(ends(ledger).values()) == ["step.cancelled"] * 3 + ["step.succeeded"]
    assert len([event for event in ledger.events if event.code in STEP_ENDS]) == 4
    assert len(outcome.state.resources) == 1


def test_cancelling_before_the_first_step_makes_no_call(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    outcome = run(planned(ALL, ledger.state, cloud), ledger, cloud, control=CancelAfter(0))
    assert outcome.counts["cancelled"] == 4
    assert (cloud.calls, outcome.state) == ([], empty_state())


def test_the_control_is_asked_until_the_end_and_may_end_the_run_itself(cloud: FakeCloud) -> None:
    """A slow step is still under way after the wish to stop; the control then finds the lease gone."""

    class Impatient:
        asked = 0

        def cancelled_by(self) -> str | None:
            self.asked += 1
            if self.asked == 4:
                gone.set()
                raise LostLease("another worker holds the environment")
            return "bob" if self.asked > 1 else None

    gone = threading.Event()
    slow = FakeCloud(sleep=lambda _: ended.append(gone.wait(5)), seconds_per_call=1)
    ended: list[bool] = []
    ledger = RecordingLedger(empty_state())
    with pytest.raises(LostLease):
        run(planned(ALL, ledger.state, cloud), ledger, slow, parallelism=1, control=Impatient(), clock=SystemClock())
    assert ended == [True]
    assert Code.STEP_SUCCEEDED not in {event.code for event in ledger.events}


def test_a_plan_made_from_another_state_is_refused_before_any_call(cloud: FakeCloud) -> None:
    plan = planned(ALL, empty_state(), cloud)
    ledger = RecordingLedger(deployed((TICKETS,), cloud))
    before = len(cloud.calls)
    with pytest.raises(PlanMismatch, match="made from state 0, the environment is at 1 now"):
        run(plan, ledger, cloud)
    assert (len(cloud.calls), ledger.commits) == (before, 0)


def test_a_plan_that_needs_a_provisioner_nobody_has_is_refused(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    with pytest.raises(PlanMismatch, match="no provisioner for Test::Table"):
        run_with(planned((TICKETS,), ledger.state, cloud), ledger, {})


def test_a_lost_lease_stops_at_once_and_writes_nothing_more(cloud: FakeCloud) -> None:
    ledger = RecordingLedger(empty_state(), lose_at=2)
    with pytest.raises(LostLease):
        run(planned(ALL, ledger.state, cloud), ledger, cloud)
    assert ledger.commits == 2
    assert Code.STEP_SUCCEEDED not in {event.code for event in ledger.events}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("step")]


def test_a_second_delivery_of_a_finished_run_does_nothing(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    plan = planned(ALL, ledger.state, cloud)
    first = run(plan, ledger, cloud)
    commits, calls = ledger.commits, len(cloud.calls)
    second = run(plan, ledger, cloud)
    assert (second.status, second.counts, second.state.resources) == (first.status, first.counts, first.state.resources)
    assert (ledger.commits, len(cloud.calls)) == (commits, calls)


def test_an_update_whose_entry_left_the_state_asks_for_a_new_plan(cloud: FakeCloud) -> None:
    state = deployed((TICKETS,), cloud)
    plan = planned((replace(TICKETS, properties={"TableName": "tickets", "Units": 4}),), state, cloud)
    started = Event(1, "2025-11-19T10:30:00.000Z", Code.RUN_STARTED, data={"steps": 1, "worker": "w"})
    ledger = RecordingLedger(state.with_resources([]), events=[started])
    assert run(plan, ledger, cloud).status is Status.FAILED
    failed = next(event for event in ledger.events if event.code is Code.STEP_FAILED)
    assert "is not in the state" in failed.data["error"]["message"]


def test_long_chains_go_first_when_there_is_little_room(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    run(planned((resource("Alone", "Role", {"RoleName": "alone"}), *ALL), ledger.state, cloud), ledger, cloud,
        parallelism=1)  # fmt: skip
    assert codes(ledger.events, Code.STEP_STARTED)[0][1] == "create:Role"


def test_steps_run_side_by_side_up_to_the_limit(ledger: RecordingLedger) -> None:
    """Three at a time: all three meet at a barrier, and never is a fourth among them."""
    now, most = [0], [0]
    lock, barrier = threading.Lock(), threading.Barrier(3, timeout=5)

    def meet(seconds: float) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        barrier.wait()
        with lock:
            now[0] -= 1

    cloud = FakeCloud(sleep=meet, seconds_per_call=1)
    roles = [resource(f"Role{index}", "Role", {"RoleName": f"r{index}"}) for index in range(6)]
    assert run(planned(roles, ledger.state, cloud), ledger, cloud, parallelism=3).status is Status.SUCCEEDED
    assert most[0] == 3


def test_events_of_a_long_step_are_durable_while_it_still_runs(cloud: FakeCloud) -> None:
    """The step waits until the ledger holds what it said."""
    ledger = RecordingLedger(empty_state())
    clock = SystemClock()
    inbox = Inbox(clock)

    class Talkative(FakeProvisioner):
        def create(self, target: Target) -> Made:
            inbox.log("info", "half-way")
            until = time.monotonic() + 5
            while not [event for event in ledger.events if event.code is Code.LOG] and time.monotonic() < until:
                time.sleep(0.005)
            heard.append([event.code for event in ledger.events])
            return super().create(target)

    heard: list[list[Code]] = []
    provisioners = {**fake_provisioners(KINDS, cloud, inbox), "Test::Role": Talkative(KINDS["Test::Role"], cloud)}
    run_with(planned((ROLE,), ledger.state, cloud), ledger, provisioners, inbox=inbox, clock=clock)
    assert heard == [[Code.RUN_STARTED, Code.STEP_STARTED, Code.LOG]]


def test_calls_alone_are_committed_at_most_ten_times_a_second() -> None:
    ledger, clock = RecordingLedger(empty_state()), SystemClock()
    inbox = Inbox(clock)
    cloud = FakeCloud()

    class Chatty(FakeProvisioner):
        def create(self, target: Target) -> Made:
            for _ in range(60):
                inbox.log("info", "still at it")
                time.sleep(0.005)
            return super().create(target)

    began = time.monotonic()
    provisioners = {"Test::Role": Chatty(KINDS["Test::Role"], cloud)}
    run_with(planned((ROLE,), ledger.state, cloud), ledger, provisioners, inbox=inbox, clock=clock)
    allowed = (time.monotonic() - began) / journal.COMMIT_SECONDS + 3  # start, the step's end, the run's end
    assert 4 <= ledger.commits <= allowed


def test_what_is_told_outside_of_any_step_belongs_to_the_run(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    clock = FixedClock()
    inbox = Inbox(clock)
    inbox.log("warning", "before it began")
    run_with(planned((ROLE,), ledger.state, cloud), ledger, fake_provisioners(KINDS, cloud, inbox), inbox=inbox)
    (log,) = [event for event in ledger.events if event.code is Code.LOG]
    assert (log.step, log.logical_id, log.data) == ("", "", {"level": "warning", "message": "before it began"})


def test_the_story_of_a_run(ledger: RecordingLedger) -> None:
    clock = FixedClock()
    cloud = FakeCloud(seconds_per_call=1.5, sleep=clock.advance)
    cloud.fail("Create", "Hourly")
    plan = planned(ALL, ledger.state, cloud)
    outcome = run(plan, ledger, cloud, parallelism=1, clock=clock)
    story = fold(ledger.events)
    assert (story.status, story.seconds()) == (Status.FAILED, outcome.seconds)
    assert story.counts() == {**outcome.counts, "pending": 0, "running": 0}


def run_with(
    plan: Plan,
    ledger: RecordingLedger,
    provisioners: Mapping[str, Any],
    *,
    inbox: Inbox | None = None,
    clock: Any = None,
) -> Outcome:
    """A run with provisioners of the test's own."""
    clock = clock or FixedClock()
    return execute(
        plan=plan,
        state=ledger.state,
        provisioners=provisioners,
        ledger=ledger,
        clock=clock,
        control=NeverCancel(),
        inbox=inbox or Inbox(clock),
        parallelism=2,
        worker="worker-1",
        run_token="run-1",
    )


def test_the_stage_itself_is_strict() -> None:
    """A guard for the tests above: creating in the wrong order fails in this cloud."""
    cloud = FakeCloud()
    provisioner = FakeProvisioner(KINDS["Test::Function"], cloud)
    target = Target("Desk", "Test::Function", {"FunctionName": "desk", "Role": "arn:fake:Test::Role/role"})
    with pytest.raises(Exception, match="does not exist"):
        provisioner.create(target)


def test_unordered_input_resources_are_accepted(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    backwards: tuple[Resource, ...] = tuple(reversed(ALL))
    assert run(planned(backwards, ledger.state, cloud), ledger, cloud).status is Status.SUCCEEDED


def test_a_failed_update_leaves_the_resource_recorded_as_it_was(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    before = resource("Tickets", "Table", {"TableName": "tickets", "Mode": "a"})
    state = deployed((before,), cloud)
    cloud.fail("Configure", "tickets")
    again = RecordingLedger(state)
    outcome = run(
        planned((resource("Tickets", "Table", {"TableName": "tickets", "Mode": "b"}),), state, cloud), again, cloud
    )
    assert outcome.status is Status.FAILED
    assert ends(again) == {"update:Tickets": "step.failed"}
    assert outcome.state.resources == state.resources


def test_a_plan_of_parts_carries_what_was_chosen(cloud: FakeCloud, ledger: RecordingLedger) -> None:
    wanted = Wanted(kind=PlanKind.DEPLOY, project="support-desk", resources=ALL, targets=("Role",))
    plan = make_plan(wanted, state=ledger.state, live={}, kinds=KINDS)
    assert [change.logical_id for change in plan.changes] == ["Role"]
    assert plan.subject.targets == ("Role",)
