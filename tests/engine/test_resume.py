"""A run that is killed, anywhere, and resumed ends as one that was not."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.engine.events import STEP_ENDS, Code
from deployments.engine.fake_cloud import FakeCloud
from deployments.engine.fakes import CancelAfter, Killed, RecordingLedger
from deployments.engine.plan import Plan
from deployments.engine.resources import Resource
from deployments.engine.state import State
from deployments.engine.story import Status
from tests.engine.stage import deployed, empty_state, planned, resource, run
from tests.engine.test_properties import assert_told_properly
from tests.engine.worlds import specs

ROLE = resource("Role", "Role", {"RoleName": "role", "Note": "a"})
DESK = resource("Desk", "Function", {"FunctionName": "desk", "Role": {"Fn::GetAtt": ["Role", "Arn"]}})
HOURLY = resource("Hourly", "Rule", {"Target": {"Ref": "Desk"}, "Pattern": "h"})
TICKETS = resource("Tickets", "Table", {"TableName": "tickets", "Units": 1})
OLD = resource("Old", "Table", {"TableName": "old"})
BEFORE = (ROLE, DESK, HOURLY, OLD)
AFTER = (  # an update, a replacement that replaces a dependant, a creation and a deletion
    replace(ROLE, properties={"RoleName": "role", "Note": "b"}),
    replace(DESK, properties={**DESK.properties, "FunctionName": "desk-2"}),
    HOURLY,
    TICKETS,
)


class Scene:
    """The same environment before the same run, again and again."""

    def __init__(self, before: tuple[Resource, ...] = BEFORE, after: tuple[Resource, ...] = AFTER) -> None:
        self.cloud = FakeCloud()
        self.state: State = deployed(before, self.cloud)
        self.plan: Plan = planned(after, self.state, self.cloud)
        self.ledger = RecordingLedger(self.state)
        self.cloud.revive()

    def resumed(self, parallelism: int = 4) -> Scene:
        """Another worker takes over from what is durable."""
        self.cloud.revive()
        self.ledger = RecordingLedger(self.ledger.state, events=self.ledger.events)
        self.outcome = run(self.plan, self.ledger, self.cloud, parallelism=parallelism)
        return self

    def killed(self, parallelism: int = 4) -> Scene:
        with pytest.raises(Killed):
            run(self.plan, self.ledger, self.cloud, parallelism=parallelism)
        return self


def unkilled() -> Scene:
    scene = Scene()
    scene.outcome = run(scene.plan, scene.ledger, scene.cloud)
    return scene


WHOLE = unkilled()
CALLS = len(WHOLE.cloud.calls)
COMMITS = WHOLE.ledger.commits


def assert_as_if_nothing_had_happened(scene: Scene, whole: Scene = WHOLE) -> None:
    assert scene.outcome.status is Status.SUCCEEDED
    assert scene.outcome.state == whole.outcome.state
    assert scene.ledger.state.resources == whole.outcome.state.resources
    assert scene.cloud.inventory() == whole.cloud.inventory()
    assert_told_properly(scene.plan, scene.ledger.events)
    assert [event.number for event in scene.ledger.events] == list(range(1, len(scene.ledger.events) + 1))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_killed_at_a_call(number: int, after: bool) -> None:
    for parallelism in (1, 4):
        scene = Scene()
        scene.cloud.die_at(number, after=after)
        assert_as_if_nothing_had_happened(scene.killed(parallelism).resumed(5 - parallelism))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 5))
def test_killed_at_a_commit(number: int, after: bool) -> None:
    assert COMMITS >= 4
    scene = Scene()
    scene.ledger.die_at, scene.ledger.die_after = number, after
    assert_as_if_nothing_had_happened(scene.killed(1).resumed())


def test_killed_again_and_again() -> None:
    """Each worker dies one call later than the one before it."""
    scene = Scene()
    scene.cloud.die_at(1)
    scene.killed(1)
    for number in range(2, 8):
        scene.cloud.revive()
        scene.cloud.die_at(number, after=number % 2 == 0)
        scene.ledger = RecordingLedger(scene.ledger.state, events=scene.ledger.events)
        scene.killed(1)
    assert [event.code for event in scene.ledger.events].count(Code.RUN_RESUMED) == 6
    assert_as_if_nothing_had_happened(scene.resumed())


@given(specs(), specs(), st.integers(1, 12), st.booleans(), st.sampled_from([1, 3]), st.booleans())
def test_killed_anywhere_in_any_run(
    first: tuple[Resource, ...],
    second: tuple[Resource, ...],
    number: int,
    after: bool,
    parallelism: int,
    in_ledger: bool,
) -> None:
    whole = Scene(first, second)
    whole.outcome = run(whole.plan, whole.ledger, whole.cloud)
    scene = Scene(first, second)
    if in_ledger:
        scene.ledger.die_at, scene.ledger.die_after = number, after
    else:
        scene.cloud.die_at(number, after=after)
    with suppress(Killed):
        run(scene.plan, scene.ledger, scene.cloud, parallelism=parallelism)
    assert_as_if_nothing_had_happened(scene.resumed(), whole)


def test_the_resumed_run_names_what_was_under_way_and_adopts_what_it_finds() -> None:
    scene = Scene((), (TICKETS,))
    scene.cloud.die_at(1, after=True)
    scene.killed().resumed()
    resumed = next(event for event in scene.ledger.events if event.code is Code.RUN_RESUMED)
    assert resumed.data == {"worker": "worker-1", "pending": ["create:Tickets"]}
    succeeded = next(event for event in scene.ledger.events if event.code is Code.STEP_SUCCEEDED)
    assert succeeded.data["adopted"] is True
    assert [event.code for event in scene.ledger.events].count(Code.STEP_STARTED) == 1
    (thing,) = scene.cloud.inventory().values()
    assert thing["properties"] == TICKETS.properties


def test_what_was_not_made_yet_is_made_and_not_called_adopted() -> None:
    scene = Scene((), (TICKETS,))
    scene.cloud.die_at(1)
    scene.killed().resumed()
    succeeded = next(event for event in scene.ledger.events if event.code is Code.STEP_SUCCEEDED)
    assert succeeded.data["adopted"] is False


def test_a_failure_before_the_kill_still_skips_what_waited_behind_two() -> None:
    """Desk needs Role, which failed, and Tickets, which was under way when the worker died."""
    both = replace(DESK, depends_on=("Tickets",))
    scene = Scene((), (ROLE, both, TICKETS))
    scene.cloud.fail("Create", "role")
    scene.cloud.die_at(3)  # after the failed creation and the look for what it left
    scene.killed(1).resumed()
    assert scene.outcome.counts == {"succeeded": 1, "failed": 1, "skipped": 1, "cancelled": 0}
    skipped = next(event for event in scene.ledger.events if event.code is Code.STEP_SKIPPED)
    assert (skipped.step, skipped.data) == ("create:Desk", {"because": ["create:Role"]})


def test_a_cancelled_run_that_was_killed_only_finishes_what_was_under_way() -> None:
    cloud = FakeCloud()
    ledger = RecordingLedger(empty_state())
    plan = planned((ROLE, DESK, TICKETS), ledger.state, cloud)
    cloud.die_at(1, after=True)
    ledger.die_at, ledger.die_after = 1, True
    with pytest.raises(Killed):  # the intent is durable, nothing else
        run(plan, ledger, cloud, parallelism=1)
    cloud.revive()
    ledger = RecordingLedger(ledger.state, events=ledger.events, die_at=1, die_after=True)
    with pytest.raises(Killed):  # the next worker hears of the wish to stop, and dies too
        run(plan, ledger, cloud, parallelism=1, control=CancelAfter(0))
    assert Code.RUN_CANCELLING in {event.code for event in ledger.events}
    assert sorted(event.step for event in ledger.events if event.code in STEP_ENDS) == ["create:Desk", "create:Tickets"]
    ledger = RecordingLedger(ledger.state, events=ledger.events)
    outcome = run(plan, ledger, cloud, parallelism=1)
    assert (outcome.status, outcome.counts) == (
        Status.CANCELLED,
        {"succeeded": 1, "failed": 0, "skipped": 0, "cancelled": 2},
    )
    assert set(outcome.state.resources) == {"Role"}
