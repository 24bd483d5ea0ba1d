"""Plans, states, stories and small values: what is written down comes back the same, other formats are refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from deployments.engine import canonical
from deployments.engine.clock import SystemClock, seconds_between
from deployments.engine.comparison import aligned, same
from deployments.engine.errors import Category, CloudError, NotPlannable, Refused
from deployments.engine.events import Code, Event
from deployments.engine.fake_cloud import FakeCloud, refusal
from deployments.engine.fakes import FixedClock
from deployments.engine.kinds import Kind
from deployments.engine.plan import (
    ABSENT,
    REASON_TEXT,
    Action,
    Change,
    Origin,
    Plan,
    PlanKind,
    PropertyChange,
    Reason,
)
from deployments.engine.planner import live_fingerprint, make_changes
from deployments.engine.policies import grants, same_meaning
from deployments.engine.resources import Resource
from deployments.engine.state import State
from deployments.engine.steps import needs, steps_of
from deployments.engine.story import Status, fold
from tests.engine.stage import KINDS, deployed, empty_state, planned, resource, seen

TICKETS = resource("Tickets", "Table", {"TableName": "tickets", "Units": 2}, retain=True, agent="desk")
DESK = resource("Desk", "Function", {"FunctionName": "desk", "Table": {"Ref": "Tickets"}}, depends_on=("Tickets",))


def test_every_reason_has_words() -> None:
    assert set(REASON_TEXT) == set(Reason)


def test_a_plan_comes_back_from_its_bytes() -> None:
    plan = planned((TICKETS, DESK), empty_state(), FakeCloud())
    again = Plan.from_dict(json.loads(plan.to_json()))
    assert again == plan
    assert again.digest() == canonical.digest(json.loads(plan.to_json()))


def test_a_property_change_comes_back_with_every_flag_and_null_is_a_value() -> None:
    for change in (
        PropertyChange("a", before=None, after=ABSENT, origin=Origin.BOTH, replaces=True, sensitive=True, unknown=True),
        PropertyChange("a", after=0),
    ):
        assert PropertyChange.from_dict(change.as_dict()) == change
    assert repr(ABSENT).endswith("ABSENT>") or "ABSENT" in repr(ABSENT)


def test_a_cost_of_nothing_is_not_an_unknown_cost() -> None:
    change = Change("shared", "T", "Test::Table", Action.CREATE, Reason.NEW, cost_before=0.0, cost_after=0.5)
    assert Change.from_dict(change.as_dict()) == change


def test_a_plan_counts_and_adds_up() -> None:
    plan = planned((TICKETS, DESK), empty_state(), FakeCloud())
    assert plan.counts() == {"create": 2, "import": 0, "update": 0, "replace": 0, "delete": 0, "no-change": 0}
    assert plan.monthly_usd() == (0.0, 1.0)
    assert (plan.is_empty, plan.destroys_data) == (False, False)
    assert [change.drifted for change in plan.changes] == [False, False]


def test_other_formats_are_refused() -> None:
    plan = planned((), empty_state(), FakeCloud())
    with pytest.raises(Refused, match="plan format '2'"):
        Plan.from_dict({**plan.as_dict(), "format": "2"})
    with pytest.raises(Refused, match=r"state version '0\.8'"):
        State.from_dict({**empty_state().as_dict(), "version": "0.8"})


def test_a_state_comes_back_from_its_file_and_its_digest_ignores_the_time() -> None:
    state = deployed((TICKETS, DESK), FakeCloud())
    assert State.from_dict(json.loads(json.dumps(state.as_dict()))) == state
    assert replace(state, timestamp="later").digest() == state.digest()
    assert replace(state, serial=9).digest() != state.digest()


def test_canonical_json_has_one_form_and_refuses_what_is_no_json() -> None:
    assert canonical.dumps({"b": 1, "a": "é"}) == '{"a":"é","b":1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical.dumps(float("nan"))


def test_a_cloud_error_is_told_in_full() -> None:
    error = CloudError(
        "no", service="s3", operation="PutObject", code="X", category=Category.DENIED, request_id="r", advice="ask"
    )
    assert error.as_dict() == {
        "message": "no", "service": "s3", "operation": "PutObject", "code": "X", "category": "denied",
        "requestId": "r", "advice": "ask",
    }  # fmt: skip
    assert refusal("Y", Category.QUOTA, "full").category is Category.QUOTA


def test_time_as_text() -> None:
    clock = FixedClock()
    clock.advance(1.25)
    assert clock.now() == "2025-11-19T10:30:01.250Z"
    assert seconds_between("2025-11-19T10:30:00.000Z", clock.now()) == clock.monotonic() == 1.25
    assert seconds_between(clock.now(), "2025-11-19T10:30:00.000Z") == 0.0
    system = SystemClock()
    assert seconds_between(system.now(), system.now()) < 5
    assert system.monotonic() <= system.monotonic()


def test_the_live_fingerprint_moves_with_what_we_manage_only() -> None:
    cloud = FakeCloud()
    state = deployed((TICKETS,), cloud)
    before = live_fingerprint(live=seen(cloud, state), state=state, kinds=KINDS)
    cloud.change("Test::Table", "tickets", Encryption="on")
    cloud.retag("Test::Table", "tickets", {"billing:owner": "finance"})
    assert live_fingerprint(live=seen(cloud, state), state=state, kinds=KINDS) == before
    cloud.change("Test::Table", "tickets", Units=3)
    changed = live_fingerprint(live=seen(cloud, state), state=state, kinds=KINDS)
    cloud.retag("Test::Table", "tickets", {"strands:project": "mine"})
    retagged = live_fingerprint(live=seen(cloud, state), state=state, kinds=KINDS)
    cloud.remove("Test::Table", "tickets")
    gone = live_fingerprint(live=seen(cloud, state), state=state, kinds=KINDS)
    assert len({before, changed, retagged, gone}) == 4


def test_planning_without_having_looked_is_refused() -> None:
    state = deployed((TICKETS,), FakeCloud())
    with pytest.raises(NotPlannable, match="live state of Tickets was not read"):
        make_changes(kind=PlanKind.DEPLOY, desired=(), state=state, live={}, kinds=KINDS)


def test_a_logical_id_given_twice_is_refused() -> None:
    with pytest.raises(NotPlannable, match="logical id Tickets is used by two resources"):
        planned((TICKETS, DESK, replace(TICKETS, stack="other")), empty_state(), FakeCloud())


def test_values_are_compared_as_json() -> None:
    assert same(1, 1.0) and same([], None) is False and same({}, ABSENT) and same({"a": []}, {}) and same(ABSENT, [])
    assert not same(True, 1) and not same("1", 1) and not same([1], [1, 2]) and not same({"a": 1}, [1])
    assert aligned("x", ["x"]) == "x"
    assert aligned([3, 2, 1], [1, 9]) == [1, 3, 2]


def test_policies_mean_what_they_say() -> None:
    one = {"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": {"Bool": {"X": True}}}}
    assert same_meaning(one, {"Statement": [{**one["Statement"], "Condition": {"Bool": {"x": ["true"]}}}]})
    assert not same_meaning(one, {"Statement": [{**one["Statement"], "Effect": "Deny"}]})
    assert grants(None) == grants({}) == frozenset()
    odd = {"Statement": {"Action": "a:B", "Resource": {"odd": 1}}}
    assert [grant.resource for grant in grants(odd)] == ['{"odd":1}']


def test_a_kind_needs_no_normal_form_of_its_own() -> None:
    properties = {"a": 1}
    assert Kind(type="T", label="t").normalise(properties) is properties


def test_a_resource_leaves_out_what_is_empty() -> None:
    bare = Resource("shared", "A", "T", {})
    assert bare.as_dict() == {"stack": "shared", "logicalId": "A", "type": "T", "properties": {}}
    assert Resource.from_dict(bare.as_dict()) == bare
    assert Resource.from_dict(TICKETS.as_dict()) == TICKETS


def test_the_story_of_a_run_event_by_event() -> None:
    plan = planned((TICKETS, DESK), empty_state(), FakeCloud())
    graph = needs(steps_of(plan))

    def at(number: int, code: Code, step: str = "", **data: object) -> Event:
        return Event(number, f"2025-11-19T10:30:{number:02}.000Z", code, step, step.partition(":")[2], data)

    call = {
        "service": "s",
        "operation": "o",
        "seconds": 0.1,
        "status": 200,
        "attempts": 1,
        "requestId": "",
        "error": "",
    }
    start = {"action": "create", "operation": "create", "type": "T", "physicalId": None, "token": "t"}
    told = [
        at(1, Code.RUN_STARTED, worker="w1", steps=2),
        at(2, Code.STEP_STARTED, "create:Tickets", **start),
        at(3, Code.CALL_ENDED, "create:Tickets", **call, write=True),
        at(4, Code.CALL_ENDED, "create:Tickets", **call, write=False),
        at(5, Code.LOG, "create:Tickets", level="info", message="hello"),
        at(6, Code.RUN_RESUMED, worker="w2", pending=["create:Tickets"]),
        at(7, Code.STEP_SUCCEEDED, "create:Tickets", physicalId="tickets", seconds=3.5, adopted=True),
        at(8, Code.STEP_STARTED, "create:Desk", **start),
        at(9, Code.STEP_FAILED, "create:Desk", seconds=1.5, error={"message": "no"}),
        at(10, Code.RUN_CANCELLING, by="bob"),
        at(11, Code.RUN_ENDED, status="failed", seconds=10.0, counts={}),
    ]
    half = fold(told[:2])
    assert half.counts() == {
        "pending": 1, "running": 1, "succeeded": 0, "failed": 0, "skipped": 0, "cancelled": 0,
    }  # fmt: skip
    assert half.seconds(now="2025-11-19T10:30:09.000Z") == 8.0
    assert (half.seconds(), fold(()).seconds("2025-11-19T10:30:09.000Z")) == (0.0, 0.0)
    story = fold(told)
    tickets, desk = story.steps["create:Tickets"], story.steps["create:Desk"]
    assert (tickets.status, tickets.physical_id, tickets.adopted) == (Status.SUCCEEDED, "tickets", True)
    assert (tickets.reads, tickets.writes, tickets.seconds) == (1, 1, 3.5)
    assert (desk.status, desk.error, desk.started) == (Status.FAILED, {"message": "no"}, told[7].time)
    assert (story.status, story.worker, story.resumed, story.cancelled_by) == (Status.FAILED, "w2", 1, "bob")
    assert (story.seconds(), story.aws_calls()) == (10.0, {"read": 1, "write": 1})
    assert story.critical_path(graph) == (5.0, ("create:Tickets", "create:Desk"))
