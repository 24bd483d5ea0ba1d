"""Whether a newer plan is a part of an approved one: what holds for every two, and a few told one by one."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.engine.covering import _SUBJECT, _WORDS, Coverage, cover
from deployments.engine.fake_cloud import FakeCloud
from deployments.engine.plan import Action, Change, Origin, Plan, PlanKind, PropertyChange, Reason, Subject
from deployments.engine.resources import Resource
from tests.engine.stage import deployed, planned
from tests.engine.worlds import specs

Resources = tuple[Resource, ...]

SUBJECT = Subject(
    kind=PlanKind.DEPLOY,
    project="support-desk",
    environment="prod",
    account="123456789012",
    region="us-east-1",
    base_serial=3,
    base_digest="b" * 64,
    live_fingerprint="f" * 64,
    configuration_number=7,
    configuration_digest="c" * 64,
    source_digest="s" * 64,
)
ROWS = (
    PropertyChange("Memory", 128, 256),
    PropertyChange("Timeout", 3, 9, Origin.OUTSIDE),
    PropertyChange("Role", "old", {"Ref": "Alpha"}, unknown=True),
)


def update(name: str = "Desk", rows: tuple[PropertyChange, ...] = ROWS, **more: Any) -> Change:
    """An update in place of a function."""
    target = Resource("desk", name, "Test::Function", {"Memory": 256, "Timeout": 9}, volatile_tags={"version": "7"})
    known: dict[str, Any] = {
        "action": Action.UPDATE,
        "reason": Reason.CONFIGURATION_AND_OUTSIDE,
        "physical_id": name.lower(),
        "notes": ("desk may newly read", "desk may newly write"),
        "cost_before": 1.0,
        "cost_after": 3.0,
        "target": target,
    }
    return Change("desk", name, "Test::Function", properties=rows, **{**known, **more})


def delete(name: str = "Old", **more: Any) -> Change:
    """The deletion of a table with data in it."""
    known: dict[str, Any] = {"reason": Reason.REMOVED, "data_loss": True, "cost_before": 2.0, "notes": ("all of it",)}
    return Change("desk", name, "Test::Table", Action.DELETE, physical_id=name.lower(), **{**known, **more})


def held(approved: Change, now: Change) -> Coverage:
    """Two plans of one change each."""
    return cover(approved=Plan(SUBJECT, (approved,)), now=Plan(SUBJECT, (now,)))


def doing(plan: Plan) -> list[Change]:
    """The changes that do something."""
    return [change for change in plan.changes if change.action is not Action.NO_CHANGE]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A plan from one random environment to another."""
    cloud = FakeCloud()
    return planned(draw(specs()), deployed(draw(specs(retain=True)), cloud), cloud)


def part_of(plan: Plan, draw: st.DataObject) -> Plan:
    """The plan with fewer changes, and with fewer properties in those that are made in place."""
    kept = []
    for change in plan.changes:
        match draw.draw(st.sampled_from(["keep", "drop", "leave", "less"])):
            case "keep":
                kept.append(change)
            case "leave":
                kept.append(replace(change, action=Action.NO_CHANGE, reason=Reason.UNCHANGED, properties=()))
            case "less" if change.action is Action.UPDATE:
                rows = draw.draw(st.lists(st.sampled_from(change.properties), unique_by=lambda row: row.path))
                kept.append(replace(change, properties=tuple(row for row in change.properties if row in rows)))
    return replace(plan, changes=tuple(kept))


@given(plans())
def test_a_plan_covers_itself(plan: Plan) -> None:
    found = cover(approved=plan, now=plan)
    assert found.covered
    assert list(found.same) == doing(plan)
    assert not (found.gone or found.lessened)


@given(plans(), st.data())
def test_a_plan_covers_its_parts_and_their_parts(plan: Plan, data: st.DataObject) -> None:
    part = part_of(plan, data)
    found = cover(approved=plan, now=part)
    assert found.covered
    kept = {change.logical_id for change in doing(part)}
    assert {change.logical_id for change in found.gone} == {change.logical_id for change in doing(plan)} - kept
    assert cover(approved=plan, now=part_of(part, data)).covered


@given(plans(), st.data())
def test_what_was_not_approved_is_added(plan: Plan, data: st.DataObject) -> None:
    changes = (
        st.lists(st.sampled_from(plan.changes), unique_by=lambda change: change.logical_id)
        if plan.changes
        else st.just([])
    )
    left_out = data.draw(changes)
    fewer = replace(plan, changes=tuple(change for change in plan.changes if change not in left_out))
    found = cover(approved=fewer, now=plan)
    assert list(found.added) == [change for change in doing(plan) if change in left_out]
    assert found.covered == (not found.added)
    assert not found.altered


@given(specs(), specs(), specs())
def test_every_change_of_either_is_told_once(first: Resources, second: Resources, third: Resources) -> None:
    cloud = FakeCloud()
    state = deployed(first, cloud)
    approved, now = planned(second, state, cloud), planned(third, state, cloud)
    found = cover(approved=approved, now=now)
    told = [*found.same, *found.lessened, *found.added, *(altered.now for altered in found.altered)]
    assert sorted(change.logical_id for change in told) == sorted(change.logical_id for change in doing(now))
    before = [*found.same, *found.lessened, *found.gone, *(altered.approved for altered in found.altered)]
    assert sorted(change.logical_id for change in before) == sorted(change.logical_id for change in doing(approved))
    if found.covered:  # nothing is written that was not approved
        agreed = {change.logical_id: change for change in doing(approved)}
        for change in doing(now):
            assert change.action is agreed[change.logical_id].action
            assert set(map(str, change.properties)) <= set(map(str, agreed[change.logical_id].properties))


@given(plans(), plans(), st.randoms(use_true_random=False))
def test_the_order_of_changes_does_not_matter(one: Plan, other: Plan, random: Any) -> None:
    shuffled = list(other.changes)
    random.shuffle(shuffled)
    found, again = cover(approved=one, now=other), cover(approved=one, now=replace(other, changes=tuple(shuffled)))
    assert found.covered == again.covered
    assert set(map(str, found.altered)) == set(map(str, again.altered))


@given(plans())
def test_who_deploys_which_version_does_not_matter(plan: Plan) -> None:
    changes = tuple(
        replace(change, target=replace(change.target, volatile_tags={"version": "8"})) if change.target else change
        for change in plan.changes
    )
    assert len(cover(approved=plan, now=replace(plan, changes=changes)).same) == len(doing(plan))


def test_no_part_of_a_plan_is_forgotten() -> None:
    full = {field.name: True for field in fields(Change)}
    told = update(
        data_loss=True, dependencies=("A",), used=("A",), awaits=("A",), replaced_as="X", agent="desk"
    ).as_dict()
    assert len(told) == len(full)
    assert set(told) == {*_WORDS, "logicalId", "properties"}
    about = replace(SUBJECT, targets=("desk",)).as_dict()
    assert set(about) == {*_SUBJECT, "base", "liveFingerprint"}


OTHER_PARTS: dict[str, tuple[Any, str]] = {
    "stack": ("other", "its stack"),
    "type": ("Test::Table", "its type"),
    "action": (Action.REPLACE, "what is done"),
    "reason": (Reason.CONFIGURATION, "why it is done"),
    "physical_id": ("other", "which resource it is"),
    "data_loss": (True, "whether data is lost"),
    "notes": (("desk may newly read",), "what is said about it"),
    "cost_before": (0.5, "what it costs"),
    "cost_after": (2.0, "what it will cost"),
    "target": (None, "what is written"),
    "dependencies": (("A",), "what it needs"),
    "used": (("A",), "what it needed so far"),
    "awaits": (("A",), "what has to be gone first"),
    "replaced_as": ("A", "which of old and new is first"),
    "agent": ("desk", "its agent"),
}


@pytest.mark.parametrize("part", OTHER_PARTS)
def test_a_change_that_differs_in_any_part_is_altered(part: str) -> None:
    value, words = OTHER_PARTS[part]
    found = held(update(), replace(update(), **{part: value}))
    assert not found.covered
    assert [altered.parts for altered in found.altered] == [(words,)]


def test_every_part_is_tried() -> None:
    assert {*OTHER_PARTS, "logical_id", "properties"} == {field.name for field in fields(Change)}


@pytest.mark.parametrize(
    ("row", "covered"),
    [
        (ROWS[0], True),
        (replace(ROWS[0], before=64), False),
        (replace(ROWS[0], after=512), False),
        (replace(ROWS[0], after=256.5), False),
        (replace(ROWS[0], origin=Origin.OUTSIDE), False),
        (replace(ROWS[0], replaces=True), False),
        (replace(ROWS[0], sensitive=True), False),
        (replace(ROWS[0], path="MemorySize"), False),
    ],
)
def test_a_property_has_to_be_as_it_was_approved(row: PropertyChange, covered: bool) -> None:
    found = held(update(), update(rows=(row, *ROWS[1:])))
    assert found.covered is covered
    if not covered:
        assert found.altered[0].parts == (row.path,)


def test_one_and_true_are_not_the_same() -> None:
    rows = [(PropertyChange("Count", 0, value),) for value in (1, True)]
    assert not held(update(rows=rows[0]), update(rows=rows[1])).covered


def test_fewer_properties_are_less() -> None:
    found = held(update(), update(rows=ROWS[:1], reason=Reason.CONFIGURATION, notes=("desk may newly read",)))
    assert found.covered
    assert [change.properties for change in found.lessened] == [ROWS[:1]]


@pytest.mark.parametrize(
    ("more", "parts"),
    [
        ({"notes": ("desk may newly delete",)}, ("what is said about it", "properties that are no longer changed")),
        ({"cost_before": 0.5}, ("what it costs", "properties that are no longer changed")),
        ({"target": None}, ("what is written",)),
        ({"rows": (replace(ROWS[0], after=1),)}, ("Memory", "properties that are no longer changed")),
    ],
)
def test_fewer_properties_with_other_consequences_are_not(more: dict[str, Any], parts: tuple[str, ...]) -> None:
    (altered,) = held(update(), update(**{"rows": ROWS[:1], **more})).altered
    assert altered.parts == parts


def test_a_replacement_with_fewer_properties_is_another() -> None:
    approved, now = update(action=Action.REPLACE), update(action=Action.REPLACE, rows=ROWS[:1])
    assert held(approved, now).altered[0].parts == ("properties that are no longer changed",)


def test_what_is_already_gone_may_be_forgotten_where_it_was_to_be_deleted() -> None:
    gone = delete(reason=Reason.ALREADY_GONE, data_loss=False, cost_before=None, notes=())
    assert held(delete(), gone).lessened == (gone,)
    assert held(delete(), replace(gone, physical_id="other")).altered[0].parts == ("which resource it is",)
    assert held(gone, delete()).altered[0].parts == (
        "why it is done",
        "whether data is lost",
        "what is said about it",
        "what it costs",
    )
    assert not held(update(name="Old"), gone).covered


SUBJECT_PARTS: dict[str, tuple[Any, str]] = {
    "kind": (PlanKind.ROLLBACK, "what the plan is for"),
    "project": ("other", "the project"),
    "environment": ("dev", "the environment"),
    "account": ("210987654321", "the account"),
    "region": ("eu-west-1", "the region"),
    "base_serial": (4, ""),
    "base_digest": ("x", ""),
    "live_fingerprint": ("x", ""),
    "configuration_number": (8, "the configuration"),
    "configuration_digest": ("x", "the configuration"),
    "source_digest": ("x", "the sources"),
    "rollback_to": ("x", "the deployment to go back to"),
    "targets": (("desk",), "what the plan is limited to"),
}


@pytest.mark.parametrize("part", [field.name for field in fields(Subject)])
def test_both_plans_are_about_the_same_though_the_world_moved(part: str) -> None:
    value, words = SUBJECT_PARTS[part]
    found = cover(approved=Plan(SUBJECT, (update(),)), now=Plan(replace(SUBJECT, **{part: value}), (update(),)))
    assert found.subject == ((words,) if words else ())
    assert found.covered is (not words)
