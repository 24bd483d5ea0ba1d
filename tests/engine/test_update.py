"""An update writes what its plan shows, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from deployments.engine.events import Code
from deployments.engine.fake_cloud import FakeCloud
from deployments.engine.fakes import RecordingLedger
from deployments.engine.resources import Resource
from deployments.engine.state import State
from deployments.engine.story import Status
from tests.engine.stage import OWN, deployed, planned, resource, run

DESK = resource("Desk", "Function", {"FunctionName": "desk", "Memory": 512, "Timeout": 3}, tags={"tier": "gold"})


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def there(cloud: FakeCloud) -> Mapping[str, Any]:
    return cloud.inventory()["Test::Function/desk"]


def longer(**more: Any) -> Resource:
    return replace(DESK, properties={**DESK.properties, "Timeout": 9}, **more)


def test_tags_and_properties_of_others_stay(cloud: FakeCloud) -> None:
    state = deployed((DESK,), cloud)
    cloud.retag("Test::Function", "desk", {"billing:owner": "finance"})
    cloud.change("Test::Function", "desk", SnapStart="on")
    plan = planned((longer(),), state, cloud)
    assert [row.path for row in plan.changes[0].properties] == ["Timeout"]
    run(plan, RecordingLedger(state), cloud)
    assert there(cloud)["tags"] == {**OWN, "tier": "gold", "billing:owner": "finance"}
    assert there(cloud)["properties"] == {"FunctionName": "desk", "Memory": 512, "Timeout": 9, "SnapStart": "on"}


def test_what_is_taken_out_of_the_configuration_goes(cloud: FakeCloud) -> None:
    """A property back to its default, and a tag of ours away."""
    state = deployed((DESK,), cloud)
    fewer = replace(DESK, properties={"FunctionName": "desk", "Timeout": 3}, tags=OWN)
    plan = planned((fewer,), state, cloud)
    assert [row.path for row in plan.changes[0].properties] == ["Memory", "Tags.tier"]
    state = run(plan, RecordingLedger(state), cloud).state
    assert there(cloud)["tags"] == OWN
    assert there(cloud)["properties"] == {"FunctionName": "desk", "Timeout": 3}
    assert planned((fewer,), state, cloud).is_empty


def test_what_was_changed_outside_after_the_plan_is_refused(cloud: FakeCloud) -> None:
    state = deployed((DESK,), cloud)
    plan = planned((longer(),), state, cloud)
    cloud.change("Test::Function", "desk", Memory=64)
    cloud.retag("Test::Function", "desk", {"tier": "theirs"})
    ledger = RecordingLedger(state)
    assert run(plan, ledger, cloud).status is Status.FAILED
    (failed,) = [event for event in ledger.events if event.code is Code.STEP_FAILED]
    assert failed.data["error"]["message"] == (
        "desk was changed after the plan was made (Memory, Tags.tier); a new plan is needed"
    )
    assert there(cloud)["properties"]["Timeout"] == 3


def test_what_was_changed_back_outside_after_the_plan_is_fine(cloud: FakeCloud) -> None:
    state = deployed((DESK,), cloud)
    cloud.change("Test::Function", "desk", Memory=64)
    plan = planned((longer(),), state, cloud)
    cloud.change("Test::Function", "desk", Memory=512)
    assert run(plan, RecordingLedger(state), cloud).status is Status.SUCCEEDED


def test_volatile_tags_are_written_along(cloud: FakeCloud) -> None:
    state: State = deployed((replace(DESK, volatile_tags={"strands:version": "1"}),), cloud)
    state = deployed((longer(volatile_tags={"strands:version": "2"}),), cloud, state)
    assert there(cloud)["tags"] == {**OWN, "tier": "gold", "strands:version": "2"}
