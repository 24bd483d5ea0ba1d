"""A replacement that creates first: nobody is without what they use, and nothing is left over where it breaks off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployments.engine import steps
from deployments.engine.errors import CloudError, DependencyCycle
from deployments.engine.events import Code
from deployments.engine.fake_cloud import FakeCloud, arn
from deployments.engine.fakes import Killed, RecordingLedger
from deployments.engine.kinds import Kind, any_differs
from deployments.engine.plan import Action, Change, Plan, PlanKind, Reason
from deployments.engine.resources import Resource
from deployments.engine.state import State, replaced_id, replacer_of
from deployments.engine.story import Status
from deployments.engine.targeting import narrowed
from tests.engine.stage import KINDS, deployed, empty_state, planned, resource, run

OFFICE = resource("Office", "Net", {"Range": "a"})
FLOOR = resource("Floor", "Net", {"Range": "a1", "In": {"Fn::GetAtt": ["Office", "Arn"]}})
DESK = resource("Desk", "Function", {"FunctionName": "desk", "Floors": [{"Fn::GetAtt": ["Floor", "Arn"]}]})
BEFORE = (OFFICE, FLOOR, DESK)
AFTER = (replace(OFFICE, properties={"Range": "b"}), FLOOR, DESK)
THERE = {"Test::Function/desk", "Test::Net/Floor-2", "Test::Net/Office-2"}


class Move:
    """An office whose range changes, in a cloud that gives up nothing that is still used."""

    def __init__(self, before: tuple[Resource, ...] = BEFORE, after: tuple[Resource, ...] = AFTER) -> None:
        self.cloud = FakeCloud(guarded={"Test::Net"})
        self.state = deployed(before, self.cloud)
        self.plan = planned(after, self.state, self.cloud)
        self.ledger = RecordingLedger(self.state)
        self.cloud.revive()

    def run(self, parallelism: int = 1) -> Move:
        self.outcome = run(self.plan, self.ledger, self.cloud, parallelism=parallelism)
        return self

    def killed(self) -> Move:
        with pytest.raises(Killed):
            self.run()
        self.cloud.revive()
        self.ledger = RecordingLedger(self.ledger.state, events=self.ledger.events)
        return self

    def ended(self, code: Code) -> list[str]:
        return [event.step for event in self.ledger.events if event.code is code]


WHOLE = Move().run()


def test_the_new_ones_are_made_the_users_move_and_the_old_ones_go_in_order() -> None:
    assert WHOLE.ended(Code.STEP_SUCCEEDED) == [
        "create:Office",
        "create:Floor",
        "update:Desk",
        "delete:Floor",
        "delete:Office",
    ]
    assert set(WHOLE.cloud.inventory()) == THERE
    assert set(WHOLE.outcome.state.resources) == {"Office", "Floor", "Desk"}
    assert WHOLE.outcome.state.resources["Desk"].dependencies == ("Floor",)
    assert planned(AFTER, WHOLE.outcome.state, WHOLE.cloud).is_empty


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, len(WHOLE.cloud.calls) + 1))
def test_killed_at_a_call(number: int, after: bool) -> None:
    move = Move()
    move.cloud.die_at(number, after=after)
    assert_as_whole(move.killed().run(4))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, WHOLE.ledger.commits + 1))
def test_killed_at_a_commit(number: int, after: bool) -> None:
    move = Move()
    move.ledger.die_at, move.ledger.die_after = number, after
    assert_as_whole(move.killed().run(4))


def assert_as_whole(move: Move) -> None:
    assert move.outcome.status is Status.SUCCEEDED
    assert move.outcome.state == WHOLE.outcome.state
    assert move.cloud.inventory() == WHOLE.cloud.inventory()


def test_while_a_user_has_not_moved_the_old_one_is_kept_and_the_next_plan_finishes() -> None:
    move = Move()
    move.cloud.fail("Configure", "desk")
    move.run()
    assert move.ended(Code.STEP_SKIPPED) == ["delete:Floor", "delete:Office"]
    state = move.outcome.state
    assert set(state.resources) == {"Desk", "Floor", "Floor.replaced", "Office", "Office.replaced"}
    assert state.resources["Desk"].dependencies == ("Floor.replaced",)
    assert state.resources["Floor.replaced"].dependencies == ("Office.replaced",)
    assert State.from_dict(state.as_dict()) == state
    whole = state.without_replaced().resources
    assert {name: entry.dependencies for name, entry in whole.items()} == {
        "Desk": ("Floor",),
        "Floor": ("Office",),
        "Office": (),
    }
    plan = planned(AFTER, state, move.cloud)
    assert {change.logical_id: change.reason for change in plan.changes if change.action is Action.DELETE} == {
        "Floor.replaced": Reason.REPLACED,
        "Office.replaced": Reason.REPLACED,
    }
    ledger = RecordingLedger(state)
    assert run(plan, ledger, move.cloud, parallelism=1).status is Status.SUCCEEDED
    assert set(move.cloud.inventory()) == THERE
    assert set(ledger.state.resources) == {"Office", "Floor", "Desk"}


def test_what_was_replaced_twice_is_kept_twice_and_never_taken_for_the_new_one() -> None:
    move = Move()
    move.cloud.fail("Configure", "desk", times=2)
    move.cloud.fail("Delete", "Office-2")
    move.run()
    third = (replace(OFFICE, properties={"Range": "c"}), FLOOR, DESK)
    ledger = RecordingLedger(move.outcome.state)
    state = run(planned(third, ledger.state, move.cloud), ledger, move.cloud, parallelism=1).state
    assert set(state.resources) == {
        *("Desk", "Floor", "Floor.replaced"),
        *("Office", "Office.replaced", "Office.replaced.2"),  # nobody had moved to the second floor yet
    }
    state = deployed(third, move.cloud, state)
    assert set(move.cloud.inventory()) == {"Test::Function/desk", "Test::Net/Floor-3", "Test::Net/Office-3"}
    assert planned(third, state, move.cloud).is_empty


def test_a_destroy_takes_what_was_kept_along() -> None:
    move = Move()
    move.cloud.fail("Configure", "desk")
    state = move.run().outcome.state
    plan = planned((), state, move.cloud, PlanKind.DESTROY)
    assert {change.reason for change in plan.changes} == {Reason.DESTROY}
    assert run(plan, RecordingLedger(state), move.cloud).state.resources == {}
    assert move.cloud.inventory() == {}


def test_a_creation_that_fails_moves_nobody() -> None:
    move = Move()
    move.cloud.fail("Create", "Office")
    move.run()
    assert set(move.outcome.state.resources) == {"Office", "Floor", "Desk"}
    assert move.outcome.state.resources["Office"].physical_id == "Office-1"


def test_a_creation_that_fails_half_way_is_recorded_beside_the_old_one() -> None:
    move = Move()
    move.cloud.fail("Configure", "Office")
    state = move.run().outcome.state
    assert (state.resources["Office"].physical_id, state.resources["Office.replaced"].physical_id) == (
        "Office-2",
        "Office-1",
    )
    state = deployed(AFTER, move.cloud, state)
    assert len(move.cloud.inventory()) == 3
    assert planned(AFTER, state, move.cloud).is_empty


def test_who_turns_to_another_while_it_is_replaced_lets_the_old_one_go() -> None:
    """Desk leaves the floor, and a new attic's users were never in the old office."""
    left = replace(DESK, properties={"FunctionName": "desk"})
    move = Move(after=(AFTER[0], FLOOR, left)).run()
    assert move.outcome.status is Status.SUCCEEDED
    assert set(move.cloud.inventory()) == THERE


def test_a_user_that_was_replaced_before_needs_the_old_one_under_its_new_key() -> None:
    """The floor leaves the office for good, and is made anew before the office is."""
    move = Move(after=(AFTER[0], replace(FLOOR, properties={"Range": "a1"}), DESK))
    move.cloud.fail("Configure", "desk")
    move.plan = replace(move.plan, changes=tuple(_after_floor(change) for change in move.plan.changes))
    state = move.run().outcome.state
    assert state.resources["Floor.replaced"].dependencies == ("Office.replaced",)
    assert state.resources["Floor"].dependencies == ()


def _after_floor(change: Change) -> Change:
    return replace(change, dependencies=("Floor",)) if change.logical_id == "Office" else change


def test_what_the_cloud_answers_with_the_old_resource_is_not_deleted() -> None:
    """Some kinds publish nothing twice: the physical id says that there is no other."""
    move = Move((OFFICE,), (AFTER[0],))

    def same(*args: object, **more: object) -> object:
        return move.cloud.describe("Test::Net", physical_id="Office-1")

    move.cloud.create = same  # type: ignore[method-assign, assignment]
    move.run()
    assert (move.outcome.status, set(move.cloud.inventory())) == (Status.SUCCEEDED, {"Test::Net/Office-1"})
    assert set(move.outcome.state.resources) == {"Office"}


def test_choosing_a_resource_chooses_what_is_left_of_its_replacement() -> None:
    move = Move()
    move.cloud.fail("Configure", "desk")
    state = move.run().outcome.state
    chosen = narrowed(planned(AFTER, state, move.cloud).changes, ["Office"])
    assert {change.logical_id: change.action for change in chosen if change.action is not Action.NO_CHANGE} == {
        "Office.replaced": Action.DELETE,
        "Floor.replaced": Action.DELETE,
        "Desk": Action.UPDATE,
    }
    left = narrowed(WHOLE.plan.changes, [])
    assert {(change.action, change.replaced_as, change.awaits) for change in left} == {(Action.NO_CHANGE, None, ())}


def test_a_failing_creation_does_not_record_the_old_one_as_what_it_left() -> None:
    """A kind found by a key that the old one has, too."""
    move = Move((OFFICE,), (AFTER[0],))
    find = move.cloud.describe
    move.cloud.describe = lambda type, *, physical_id="", name="", besides=(): find(  # type: ignore[method-assign]
        type, physical_id=physical_id, name=name
    )
    move.cloud.fail("Create", "Office")
    move.run()
    assert move.outcome.state.resources == move.state.resources


def test_replacements_that_wait_for_each_other_by_their_records_are_refused() -> None:
    """An imported state may say that each of two used the other."""
    cloud = FakeCloud()
    state = deployed((OFFICE, replace(FLOOR, properties={"Range": "a1"})), cloud)
    entangled = [
        replace(state.resources["Office"], dependencies=("Floor",)),
        replace(state.resources["Floor"], dependencies=("Office",)),
    ]
    after = (AFTER[0], replace(FLOOR, properties={"Range": "b1"}))
    with pytest.raises(DependencyCycle, match="delete:Floor -> delete:Office -> delete:Floor"):
        planned(after, state.with_resources(entangled), cloud)


def test_plans_of_earlier_versions_waited_for_a_name_among_their_dependencies() -> None:
    gone = Change("shared", "Old", "Test::Net", Action.DELETE, Reason.REMOVED)
    new = replace(gone, logical_id="Office", action=Action.CREATE, reason=Reason.NEW, target=OFFICE)
    plan = Plan(WHOLE.plan.subject, (replace(new, dependencies=("Old",)), gone))
    assert [(step.id, step.needs) for step in steps.steps_of(plan)] == [
        ("delete:Old", ()),
        ("create:Office", ("delete:Old",)),
    ]


def test_two_exist_at_once_where_the_kind_or_the_name_says_so() -> None:
    beside = Kind("Test::Floor", "floor", side_by_side=any_differs("Range", "In"))
    assert beside.can_coexist({"Range": "a", "In": "x"}, {"Range": "a", "In": {"Ref": "Office"}})
    assert not beside.can_coexist({"Range": "a", "Light": "on"}, {"Range": "a"})
    named = KINDS["Test::Role"]
    assert named.can_coexist({"RoleName": "a"}, {"RoleName": "b"})
    assert not named.can_coexist({"RoleName": "a"}, {"RoleName": "a", "Path": "/x/"})
    assert not named.can_coexist({"RoleName": "a"}, {"RoleName": {"Fn::Sub": "${Office}"}}), "it may be the same"
    assert not KINDS["Test::Rule"].can_coexist({"Pattern": "a"}, {"Pattern": "b"})


def test_the_cloud_gives_up_nothing_that_is_used() -> None:
    with pytest.raises(CloudError, match="Test::Net Office-1 is used by Floor-1"):
        Move().cloud.delete("Test::Net", "Office-1")


def test_keys_of_what_was_replaced() -> None:
    assert replaced_id("Vpc", {}) == "Vpc.replaced"
    assert replaced_id("Vpc", {"Vpc.replaced", "Vpc.replaced.2"}) == "Vpc.replaced.3"
    assert replacer_of("Vpc.replaced.2") == "Vpc"
    assert replacer_of("Vpc") is None


def test_it_survives_being_written() -> None:
    assert Plan.from_dict(WHOLE.plan.as_dict()) == WHOLE.plan
    assert {change.logical_id: change.replaced_as for change in WHOLE.plan.changes if change.replaced_as} == {
        "Office": "Office.replaced",
        "Floor": "Floor.replaced",
    }
    assert arn("Test::Net", "Office-2") in str(WHOLE.outcome.state.resources["Floor"].properties)
    assert empty_state().resources == {}
