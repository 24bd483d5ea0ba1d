"""What every provisioner must do, as tests to inherit: subclass `ProvisionerContract` and let its fixture `case`
answer a `Case(provisioner=Queue(aws), wanted=Resource(...), changed=Resource(...), ...)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from deployments.engine.errors import Category, CloudError
from deployments.engine.kinds import always
from deployments.engine.plan import Action, Change, Origin, PlanKind, Reason
from deployments.engine.planner import Wanted, make_plan
from deployments.engine.ports import Live, Made, Provisioner, Target
from deployments.engine.resources import Resource
from deployments.engine.state import State, StateResource


@dataclass(frozen=True)
class Case:
    """One provisioner and what to try it with.

    `wanted` has literal properties only and, where the kind carries tags, at least `strands:project` and
    `strands:environment`; `changed` is the same resource with something (tags too) that can change in place, None
    where nothing can; `drift` changes something that `wanted` manages behind our back; `writes` counts the write
    calls made so far; `taggable` is false for kinds that carry no tags.
    """

    provisioner: Provisioner
    wanted: Resource
    changed: Resource | None = None
    drift: Callable[[Live], None] | None = None
    writes: Callable[[], int] | None = None
    taggable: bool = True


class ProvisionerContract:
    """Create, read, plan empty, update, drift, delete, delete again, create again."""

    @pytest.fixture
    def case(self) -> Case:
        raise NotImplementedError("answer a Case")

    def test_absent_before_it_is_created(self, case: Case) -> None:
        assert case.provisioner.find(target(case.wanted)) is None

    def test_read_and_find_see_what_create_made(self, case: Case) -> None:
        made = case.provisioner.create(target(case.wanted))
        read = case.provisioner.read(made.physical_id, case.wanted.properties)
        found = case.provisioner.find(target(case.wanted))
        assert read is not None and found is not None
        assert read.physical_id == found.physical_id == made.physical_id
        assert made.attributes.items() <= read.attributes.items()
        if case.taggable:
            assert {**case.wanted.tags, **case.wanted.volatile_tags}.items() <= read.tags.items()

    def test_planning_what_was_just_created_is_empty(self, case: Case) -> None:
        made = case.provisioner.create(target(case.wanted))
        change = planned(case, case.wanted, made, case.wanted)
        assert (change.action, change.properties) == (Action.NO_CHANGE, ())

    def test_create_can_be_repeated(self, case: Case) -> None:
        first = case.provisioner.create(target(case.wanted))
        again = case.provisioner.create(target(case.wanted))
        assert again == first
        case.provisioner.delete(recorded(case.wanted, first))
        assert case.provisioner.find(target(case.wanted)) is None, "a second one was made"

    def test_a_creation_beside_another_takes_nothing_over(self, case: Case) -> None:
        if case.provisioner.kind.side_by_side is not always:
            pytest.skip("two of it need something that tells them apart")
        old = case.provisioner.create(target(case.wanted))
        beside = replace(target(case.wanted), token="1" * 32, besides=frozenset({old.physical_id}))
        assert case.provisioner.find(beside) is None
        new = case.provisioner.create(beside)
        assert new.physical_id != old.physical_id
        assert case.provisioner.create(beside) == new, "what an interrupted attempt made is found"
        case.provisioner.delete(recorded(case.wanted, old))
        assert case.provisioner.read(new.physical_id, case.wanted.properties) is not None

    def test_create_never_touches_what_belongs_to_somebody_else(self, case: Case) -> None:
        if not (case.taggable and case.provisioner.kind.name_property):
            pytest.skip("found by keys of ours, not by a name others could hold")
        theirs = replace(case.wanted, tags={**case.wanted.tags, "strands:project": "somebody-else"})
        made = case.provisioner.create(target(theirs))
        with pytest.raises(CloudError) as refused:
            case.provisioner.create(target(case.wanted))
        assert refused.value.category is Category.CONFLICT
        left = case.provisioner.read(made.physical_id, theirs.properties)
        assert left is not None and left.tags["strands:project"] == "somebody-else"

    def test_update_changes_what_differs_and_then_planning_is_empty(self, case: Case) -> None:
        if case.changed is None:
            pytest.skip("nothing of it can be changed in place")
        made = case.provisioner.create(target(case.wanted))
        change = planned(case, case.wanted, made, case.changed)
        assert change.action is Action.UPDATE and change.properties
        updated = case.provisioner.update(target(case.changed), live(case, made, case.wanted))
        assert updated.physical_id == made.physical_id
        assert set(updated.attributes) == set(made.attributes), "update must answer every attribute"
        after = planned(case, case.changed, updated, case.changed)
        assert (after.action, after.properties) == (Action.NO_CHANGE, ())

    def test_update_back_again_is_complete(self, case: Case) -> None:
        if case.changed is None:
            pytest.skip("nothing of it can be changed in place")
        made = case.provisioner.create(target(case.changed))
        case.provisioner.update(target(case.wanted), live(case, made, case.changed))
        after = planned(case, case.wanted, made, case.wanted)
        assert (after.action, after.properties) == (Action.NO_CHANGE, ())

    def test_update_to_what_it_is_writes_nothing(self, case: Case) -> None:
        if case.writes is None:
            pytest.skip("writes are not counted here")
        made = case.provisioner.create(target(case.wanted))
        before = case.writes()
        case.provisioner.update(target(case.wanted), live(case, made, case.wanted))
        assert case.writes() == before

    def test_drift_is_seen_as_made_outside_and_repaired(self, case: Case) -> None:
        if case.drift is None:
            pytest.skip("nothing of it can be changed behind our back")
        made = case.provisioner.create(target(case.wanted))
        case.drift(live(case, made, case.wanted))
        change = planned(case, case.wanted, made, case.wanted)
        assert change.drifted and {row.origin for row in change.properties} == {Origin.OUTSIDE}
        if change.action is Action.UPDATE:
            case.provisioner.update(target(case.wanted), live(case, made, case.wanted))
            assert planned(case, case.wanted, made, case.wanted).action is Action.NO_CHANGE

    def test_delete_removes_it_and_can_be_repeated(self, case: Case) -> None:
        made = case.provisioner.create(target(case.wanted))
        case.provisioner.delete(recorded(case.wanted, made))
        assert case.provisioner.read(made.physical_id, case.wanted.properties) is None
        assert case.provisioner.find(target(case.wanted)) is None
        case.provisioner.delete(recorded(case.wanted, made))

    def test_deleted_outside_is_planned_as_a_creation(self, case: Case) -> None:
        made = case.provisioner.create(target(case.wanted))
        case.provisioner.delete(recorded(case.wanted, made))
        change = planned(case, case.wanted, made, case.wanted)
        assert (change.action, change.reason) == (Action.CREATE, Reason.DELETED_OUTSIDE)

    def test_it_can_be_created_again_after_a_deletion(self, case: Case) -> None:
        made = case.provisioner.create(target(case.wanted))
        case.provisioner.delete(recorded(case.wanted, made))
        again = case.provisioner.create(target(case.wanted))
        assert planned(case, case.wanted, again, case.wanted).action is Action.NO_CHANGE


def target(resource: Resource) -> Target:
    """What an executor would hand to the provisioner."""
    tags = {**resource.tags, **resource.volatile_tags}
    return Target(resource.logical_id, resource.type, resource.properties, tags, token="0" * 32)


def recorded(resource: Resource, made: Made) -> StateResource:
    """What an executor would write into the state."""
    return StateResource(
        stack=resource.stack,
        logical_id=resource.logical_id,
        type=resource.type,
        physical_id=made.physical_id,
        properties=resource.properties,
        attributes=made.attributes,
        tags=resource.tags,
    )


def live(case: Case, made: Made, resource: Resource) -> Live:
    """It as the cloud reports it; it must be there."""
    seen = case.provisioner.read(made.physical_id, resource.properties)
    assert seen is not None
    return seen


def planned(case: Case, was: Resource, made: Made, desired: Resource) -> Change:
    """The plan's one row for `desired`, when `was` is recorded as `made`."""
    entry = recorded(was, made)
    state = State(1, "lineage", "dev", "us-east-1", "123456789012").with_resources([entry])
    plan = make_plan(
        Wanted(kind=PlanKind.DEPLOY, project="support-desk", resources=(desired,)),
        state=state,
        live={was.logical_id: case.provisioner.read(made.physical_id, was.properties)},
        kinds={case.provisioner.kind.type: case.provisioner.kind},
    )
    (change,) = plan.changes
    return change
