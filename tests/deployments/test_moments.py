"""Instants as texts, and the state in the middle of a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.engine.state import State, StateResource
from deployments.moments import instants
from deployments.moments.folding import Middle, in_the_middle

START = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T10:30Z",
        "2026-11-20T10:30",
        "2026-11-20 10:30",
        "2026-11-20T12:30+02:00",
        "2026-11-20T12:30 02:00",
        "2026-11-20T10:30:00.000Z",
    ],
)
def test_one_moment_is_written_in_many_ways(text: str) -> None:
    assert instants.parse(text) == START
    assert instants.written(START) == "2026-11-20T10:30Z"


@pytest.mark.parametrize("text", ["", "now", "2026-11-20", "2026-13-01T00:00Z", "0001-01-01T00:00+14:00", "\0"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert instants.parse(text) is None


@given(st.datetimes(min_value=START.replace(tzinfo=None, year=1990), timezones=st.just(UTC)))
def test_a_written_moment_is_the_same_moment(moment: datetime) -> None:
    assert instants.parse(instants.written(moment)) == moment


def resource(name: str, physical_id: str = "", **properties: Any) -> StateResource:
    """A recorded resource."""
    return StateResource("s", name, "AWS::SQS::Queue", physical_id or name.lower(), properties)


def state(*resources: StateResource) -> State:
    """A state of these."""
    return State(1, "l" * 32, "dev", "us-east-1", "1" * 12).with_resources(resources)


STEPS = [
    ("create:New", "New"),
    ("update:Old", "Old"),
    ("create:Moved", "Moved"),
    ("delete:Moved", "Moved"),
    ("delete:Gone", "Gone"),
]
BEFORE = state(resource("Old", size=1), resource("Moved", "first"), resource("Gone"))
AFTER = state(resource("New"), resource("Old", size=2), resource("Moved", "second"))
CHANGES = [{"logicalId": "Moved", "replacedAs": "Moved.replaced"}, {"logicalId": "New"}]


def events(end: str = "step.succeeded") -> list[dict[str, Any]]:
    """One step after the other, each of one second; a second after the start of the run."""
    found = [event(0, "run.started", steps=len(STEPS))]
    for number, (step, name) in enumerate(STEPS):
        found += [event(1 + number, "step.started", step, name), event(2 + number, end, step, name)]
    return found


def event(seconds: int, code: str, step: str = "", name: str = "", **data: Any) -> dict[str, Any]:
    """One event as records keep it."""
    time = (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    return {"time": time, "code": code, "step": step, "logicalId": name, "data": data}


def after(seconds: float, story: list[dict[str, Any]] | None = None) -> Middle:
    """The run so many seconds after its start."""
    return in_the_middle(BEFORE, AFTER, CHANGES, story or events(), START + timedelta(seconds=seconds))


def held(middle: Middle) -> dict[str, str]:
    """Physical ids by logical id."""
    return {name: entry.physical_id for name, entry in middle.state.resources.items()}


def test_the_steps_that_had_ended_are_laid_on_what_was_before() -> None:
    assert held(after(0.5)) == {"Old": "old", "Moved": "first", "Gone": "gone"}
    second = after(2.5)
    assert held(second) == {"New": "new", "Old": "old", "Moved": "first", "Gone": "gone"}
    assert (second.ended, second.steps, second.under_way, second.done) == (1, 5, {"Old"}, {"New"})
    assert after(3.5).state.resources["Old"].properties == {"size": 2}


def test_what_is_replaced_is_there_twice_until_the_old_one_is_deleted() -> None:
    assert held(after(4.5)) == {
        "New": "new",
        "Old": "old",
        "Moved": "second",
        "Moved.replaced": "first",
        "Gone": "gone",
    }
    assert "Moved.replaced" not in held(after(5.5))


def test_at_its_end_the_run_has_led_to_what_was_recorded() -> None:
    assert after(60).state.resources == AFTER.resources
    assert after(60).ended == 5


def test_what_failed_is_as_it_was_recorded_and_what_was_skipped_as_before() -> None:
    skipped = after(60, events("step.skipped"))
    assert (skipped.state.resources, skipped.ended, skipped.done) == (BEFORE.resources, 5, frozenset())
    failed = after(60, events("step.failed"))
    assert failed.failed == {name for _, name in STEPS}
    assert held(failed) == {"New": "new", "Old": "old", "Moved": "second", "Gone": "gone"}


def test_a_replacement_that_deletes_first_leaves_nothing_between() -> None:
    story = [event(1, "step.succeeded", "delete:Moved", "Moved"), event(2, "step.succeeded", "create:Moved", "Moved")]
    one = in_the_middle(BEFORE, AFTER, [], story, START + timedelta(seconds=1))
    assert "Moved" not in one.state.resources
    two = in_the_middle(BEFORE, AFTER, [], story, START + timedelta(seconds=2))
    assert two.state.resources["Moved"] == replace(AFTER.resources["Moved"])
    assert two.steps == 2
