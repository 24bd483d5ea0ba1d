"""What must hold for every environment: tried on random ones, with failures and drift."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from deployments.engine.events import STEP_ENDS, Code, Event
from deployments.engine.fake_cloud import FakeCloud
from deployments.engine.fakes import RecordingLedger
from deployments.engine.plan import Action, Plan, PlanKind
from deployments.engine.resources import Resource
from deployments.engine.state import State, StateResource, replacer_of
from deployments.engine.steps import Operation, steps_of
from deployments.engine.story import Status, apply, fold
from tests.engine.stage import deployed, empty_state, planned, run
from tests.engine.worlds import NAMES, specs

Resources = tuple[Resource, ...]
OPERATIONS = ("Create", "Configure", "Delete")
failures = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(NAMES), st.integers(1, 2)), max_size=3)


@given(specs(retain=True), specs())
def test_planning_what_was_just_executed_is_empty(first: Resources, second: Resources) -> None:
    cloud = FakeCloud()
    state = deployed(first, cloud)
    assert planned(first, state, cloud).is_empty
    state = deployed(second, cloud, state)
    assert planned(second, state, cloud).is_empty
    wanted = {resource.logical_id for resource in second}
    assert {name for name, entry in state.resources.items() if not entry.retain} == wanted & set(state.resources)
    assert wanted <= set(state.resources)
    assert_true(state, cloud)


@given(specs(), st.data())
def test_drift_is_repaired_whatever_it_was(first: Resources, data: st.DataObject) -> None:
    cloud = FakeCloud()
    state = deployed(first, cloud)
    for entry in state.resources.values():
        name = next(thing["name"] for key, thing in cloud.inventory().items() if key.endswith(f"/{entry.physical_id}"))
        match data.draw(st.sampled_from(["leave", "change", "retag", "remove"])):
            case "change":
                cloud.change(entry.type, name, Size=99)
            case "retag":
                cloud.retag(entry.type, name, {"strands:project": "mine now"})
            case "remove":
                cloud.remove(entry.type, name)
    state = deployed(first, cloud, state)
    assert planned(first, state, cloud).is_empty


@given(specs(), specs(), failures)
def test_whatever_fails_the_state_is_true_and_the_next_run_finishes(
    first: Resources, second: Resources, failing: list[tuple[str, str, int]]
) -> None:
    cloud = FakeCloud()
    state = deployed(first, cloud)
    for operation, name, variant in failing:
        cloud.fail(operation, f"{name.lower()}-{variant}")
        cloud.fail(operation, name)  # rules have no names of their own
    ledger = RecordingLedger(state)
    plan = planned(second, state, cloud)
    outcome = run(plan, ledger, cloud)
    assert_told_properly(plan, ledger.events)
    assert outcome.state.resources == ledger.state.resources == expected(plan, ledger, state)
    cloud._failures.clear()
    state = deployed(second, cloud, outcome.state)
    assert planned(second, state, cloud).is_empty
    assert_true(state, cloud)


@given(specs(), specs(), failures)
def test_one_worker_and_eight_end_in_the_same_state(
    first: Resources, second: Resources, failing: list[tuple[str, str, int]]
) -> None:
    ends = []
    for parallelism in (1, 8):
        cloud = FakeCloud()
        state = deployed(first, cloud)
        for operation, name, variant in failing:
            cloud.fail(operation, f"{name.lower()}-{variant}")
        ledger = RecordingLedger(state)
        outcome = run(planned(second, state, cloud), ledger, cloud, parallelism=parallelism)
        became = {event.step: (event.code, event.data.get("because")) for event in ledger.events if ends_step(event)}
        ends.append((outcome.state, outcome.counts, cloud.inventory(), became))
    assert ends[0] == ends[1]


@given(specs(retain=True))
def test_a_destroy_leaves_only_what_is_retained(first: Resources) -> None:
    cloud = FakeCloud()
    state = deployed(first, cloud)
    ledger = RecordingLedger(state)
    plan = planned((), state, cloud, PlanKind.DESTROY)
    outcome = run(plan, ledger, cloud)
    assert outcome.status is Status.SUCCEEDED
    assert set(outcome.state.resources) == {resource.logical_id for resource in first if resource.retain}
    assert_told_properly(plan, ledger.events)
    assert_true(outcome.state, cloud)


@given(specs(), specs(), st.randoms(use_true_random=False))
def test_plans_are_canonical(first: Resources, second: Resources, chance: random.Random) -> None:
    cloud = FakeCloud()
    state = deployed(first, cloud)
    plan = planned(second, state, cloud)
    shuffled = list(second)
    chance.shuffle(shuffled)
    entries = list(state.resources.values())
    chance.shuffle(entries)
    again = planned(shuffled, state.with_resources(entries), cloud)
    assert again.to_json() == plan.to_json()
    assert again.digest() == plan.digest()
    assert Plan.from_dict(json.loads(plan.to_json())) == plan
    assert State.from_dict(json.loads(json.dumps(state.as_dict()))) == state
    assert [Resource.from_dict(resource.as_dict()) for resource in second] == list(second)


@given(specs(), st.integers(0, 60))
def test_a_story_is_the_same_however_it_is_cut(first: Resources, cut: int) -> None:
    cloud = FakeCloud()
    ledger = RecordingLedger(empty_state())
    run(planned(first, ledger.state, cloud), ledger, cloud)
    whole = fold(ledger.events)
    assert fold(ledger.events, fold(ledger.events[:cut])) == whole
    story = fold(())
    for event in ledger.events:
        story = apply(story, event)
    assert story == whole
    assert story.aws_calls() == {"read": 0, "write": len(cloud.writes)}


def ends_step(event: Event) -> bool:
    return event.code in STEP_ENDS


def assert_told_properly(plan: Plan, events: Sequence[Event]) -> None:
    """Every step ends exactly once, and none starts before all it needs has succeeded."""
    steps = steps_of(plan)
    assert Counter(event.step for event in events if ends_step(event)) == Counter(step.id for step in steps)
    started = {event.step: event.number for event in events if event.code is Code.STEP_STARTED}
    succeeded = {event.step: event.number for event in events if event.code is Code.STEP_SUCCEEDED}
    for step in steps:
        if step.id in started:
            assert all(succeeded[need] < started[step.id] for need in step.needs)
        else:
            assert step.id not in succeeded


def assert_true(state: State, cloud: FakeCloud) -> None:
    """The state and the cloud name the same things."""
    assert {f"{entry.type}/{entry.physical_id}" for entry in state.resources.values()} == set(cloud.inventory())


def expected(plan: Plan, ledger: RecordingLedger, before: State) -> dict[str, StateResource]:
    """The state before, with what succeeded put in and taken out and what is half made, as the ledger has it."""
    entries = dict(before.resources)
    ended: defaultdict[str, list[Event]] = defaultdict(list)
    for event in filter(ends_step, ledger.events):
        ended[event.step].append(event)
    succeeded = {event.step for event in ledger.events if event.code is Code.STEP_SUCCEEDED}
    for step in steps_of(plan):
        half_made = any(event.code is Code.STEP_FAILED and "physicalId" in event.data for event in ended[step.id])
        if step.id in succeeded and step.operation is Operation.DELETE:
            del entries[step.entry]
        elif step.id in succeeded or half_made:
            aside = step.change.replaced_as
            if aside:
                entries[aside] = replace(before.resources[step.logical_id], logical_id=aside, retain=False)
            entries[step.logical_id] = ledger.state.resources[step.logical_id]
            assert ledger.state.resources[step.logical_id].physical_id
    for name, entry in entries.items():  # whoever uses what was replaced needs it under its new key
        needs = ledger.state.resources[name].dependencies if name in ledger.state.resources else ()
        if tuple(replacer_of(need) or need for need in needs) == tuple(replacer_of(n) or n for n in entry.dependencies):
            entries[name] = replace(entry, dependencies=needs)
    for change in plan.changes:
        if change.action is Action.NO_CHANGE and change.target:  # may be organised anew
            entries[change.logical_id] = ledger.state.resources[change.logical_id]
    return entries
