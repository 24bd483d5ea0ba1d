"""What keeps others as they are when it is made is made when those are gone that are to be in it no more."""

from __future__ import annotations

from dataclasses import replace

from deployments.engine.events import Code
from deployments.engine.fake_cloud import FakeCloud
from deployments.engine.fakes import RecordingLedger
from deployments.engine.plan import Action
from deployments.engine.resources import Resource
from deployments.engine.story import Status
from deployments.engine.targeting import narrowed
from tests.engine.stage import deployed, planned, resource, run

WALL, DOOR = (resource(name, "Rule", {"Pattern": name.lower()}) for name in ("Wall", "Door"))
SHOT = resource("Shot", "Shot", {"Of": "wall and door"}, depends_on=("Wall", "Door"))
FRAME = resource("Frame", "Function", {"FunctionName": "frame", "Holds": {"Ref": "Shot"}})
AGAIN = replace(SHOT, properties={"Of": "wall"}, depends_on=("Wall",))


def order(*after: Resource) -> list[str]:
    """The steps that turn the first picture into the second, one after the other."""
    cloud = FakeCloud(guarded={"Test::Shot"})
    state = deployed((WALL, DOOR, SHOT, FRAME), cloud)
    plan = planned(after, state, cloud)
    ledger = RecordingLedger(state)
    outcome = run(plan, ledger, cloud, parallelism=1)
    assert outcome.status is Status.SUCCEEDED
    assert planned(after, outcome.state, cloud).is_empty
    return [event.step for event in ledger.events if event.code is Code.STEP_SUCCEEDED]


def test_what_goes_goes_before_the_new_picture_and_the_old_picture_goes_last() -> None:
    assert order(WALL, AGAIN, FRAME) == ["delete:Door", "create:Shot", "update:Frame", "delete:Shot"]


def test_what_is_replaced_is_in_the_new_picture_as_it_then_is() -> None:
    steps = order(
        replace(WALL, properties={"Pattern": "white"}), DOOR, replace(SHOT, properties={"Of": "white"}), FRAME
    )
    assert steps == ["delete:Wall", "create:Wall", "create:Shot", "update:Frame", "delete:Shot"]


def test_without_a_picture_all_goes_in_the_usual_order() -> None:
    assert order(WALL) == ["delete:Frame", "delete:Shot", "delete:Door"]


def test_choosing_what_goes_chooses_the_picture() -> None:
    cloud = FakeCloud()
    state = deployed((WALL, DOOR, SHOT, FRAME), cloud)
    chosen = narrowed(planned((WALL, AGAIN, FRAME), state, cloud).changes, ("Door",))
    actions = {change.logical_id: change.action for change in chosen}
    assert actions == {
        "Door": Action.DELETE,
        "Shot": Action.REPLACE,
        "Frame": Action.UPDATE,
        "Wall": Action.NO_CHANGE,
    }
