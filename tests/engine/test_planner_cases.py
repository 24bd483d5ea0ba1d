"""The planner's specification: every case in `cases/*.yaml`."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.engine import errors
from deployments.engine.fake_cloud import arn
from deployments.engine.plan import ABSENT, Change, Origin, Plan, PlanKind, PropertyChange
from deployments.engine.planner import Wanted, make_plan
from deployments.engine.ports import Live
from deployments.engine.resources import Resource
from deployments.engine.state import StateResource
from deployments.engine.steps import steps_of
from tests.engine.stage import KINDS, empty_state

CASES = [
    pytest.param(case, id=f"{path.stem}: {case['case']}")
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]


@dataclass(frozen=True)
class World:
    """A case, as engine values."""

    desired: tuple[Resource, ...]
    recorded: tuple[StateResource, ...]
    live: Mapping[str, Live | None]
    kind: PlanKind

    @classmethod
    def of(cls, case: Mapping[str, Any]) -> World:
        desired = tuple(
            Resource(
                stack=entry.get("stack", "shared"),
                logical_id=name,
                type=f"Test::{entry['type']}",
                properties=entry.get("properties", {}),
                depends_on=tuple(entry.get("depends_on", ())),
                tags=entry.get("tags", {}),
                volatile_tags=entry.get("volatile_tags", {}),
                retain=entry.get("retain", False),
                agent=entry.get("agent"),
            )
            for name, entry in case.get("desired", {}).items()
        )
        recorded = tuple(
            StateResource(
                stack=entry.get("stack", "shared"),
                logical_id=name,
                type=f"Test::{entry['type']}",
                physical_id=entry["id"],
                properties=entry.get("properties", {}),
                attributes=entry.get("attributes", {"Arn": arn(f"Test::{entry['type']}", entry["id"])}),
                dependencies=tuple(entry.get("deps", ())),
                tags=entry.get("tags", {}),
                retain=entry.get("retain", False),
                agent=entry.get("agent"),
            )
            for name, entry in case.get("recorded", {}).items()
        )
        live = {entry.logical_id: seen(entry, case.get("live", {}).get(entry.logical_id, {})) for entry in recorded}
        return cls(desired, recorded, live, PlanKind(case.get("kind", "deploy")))

    def plan(self) -> Plan:
        wanted = Wanted(kind=self.kind, project="support-desk", resources=self.desired)
        state = empty_state().with_resources(self.recorded)
        return make_plan(wanted, state=state, live=self.live, kinds=KINDS, secret_key=b"key")


def seen(recorded: StateResource, differs: Any) -> Live | None:
    if differs == "gone":
        return None
    properties = {**recorded.properties, **differs.get("properties", {}), "LastModified": "yesterday"}
    for name in differs.get("without", ()):
        properties.pop(name, None)
    tags = {**recorded.tags, **differs.get("tags", {}), "billing:owner": "finance"}
    for name in differs.get("without_tags", ()):
        tags.pop(name, None)
    return Live(recorded.physical_id, properties, {**recorded.attributes, **differs.get("attributes", {})}, tags)


@pytest.mark.parametrize("case", CASES)
def test_case(case: Mapping[str, Any]) -> None:
    world = World.of(case)
    if "error" in case:
        name, _, words = case["error"].partition(": ")
        with pytest.raises(getattr(errors, name)) as refused:
            world.plan()
        assert words in str(refused.value)
        return
    plan = world.plan()
    assert [row(change) for change in plan.changes] == case["rows"]
    by_id = {change.logical_id: change for change in plan.changes}
    for logical_id, lines in case.get("details", {}).items():
        assert [line(entry) for entry in by_id[logical_id].properties] == lines
    for logical_id, notes in case.get("notes", {}).items():
        assert list(by_id[logical_id].notes) == notes
    for logical_id, costs in case.get("costs", {}).items():
        assert [by_id[logical_id].cost_before, by_id[logical_id].cost_after] == costs
    steps = {step.id: sorted(step.needs) for step in steps_of(plan)}
    for step_id, needs in case.get("steps", {}).items():
        assert steps[step_id] == needs


@pytest.mark.parametrize("case", [param for param in CASES if "rows" in param.values[0]])
def test_plans_are_the_same_bytes_however_the_input_is_ordered_and_survive_being_written(
    case: Mapping[str, Any],
) -> None:
    text = World.of(case).plan().to_json()
    assert World.of(shuffled(case)).plan().to_json() == text
    again = Plan.from_dict(json.loads(text))
    assert again.to_json() == text
    assert [step.needs for step in steps_of(again)] == [step.needs for step in steps_of(World.of(case).plan())]


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        items = list(value.items())
        random.Random(7).shuffle(items)
        return {key: shuffled(entry) for key, entry in items}
    return value


def row(change: Change) -> str:
    return f"{change.action.value} {change.logical_id} ({change.reason.value})" + " loses data" * change.data_loss


def line(change: PropertyChange) -> str:
    marks = [flag for flag in ("replaces", "unknown", "sensitive") if getattr(change, flag)]
    if change.origin is not Origin.CONFIGURATION:
        marks.append(change.origin.value)
    return f"{change.path}: {side(change.before)} -> {side(change.after)}" + (f" [{', '.join(marks)}]" if marks else "")


def side(value: Any) -> str:
    return "-" if value is ABSENT else value if isinstance(value, str) else json.dumps(value)
