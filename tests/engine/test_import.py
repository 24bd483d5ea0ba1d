"""Taking over what exists already: planned like anything else, and nothing is written that the plan does not show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from deployments.engine.errors import NotPlannable
from deployments.engine.events import Code
from deployments.engine.fake_cloud import FakeCloud, fake_provisioners
from deployments.engine.fakes import Killed, RecordingLedger
from deployments.engine.plan import Action, Plan, PlanKind, Reason
from deployments.engine.planner import Wanted, make_plan
from deployments.engine.ports import Live
from deployments.engine.resources import Resource
from deployments.engine.state import State
from tests.engine.stage import KINDS, OWN, deployed, empty_state, planned, resource, run, seen

TICKETS = resource("Tickets", "Table", {"TableName": "strands-tickets", "Units": 2, "Seed": "s"})
DESK = resource("Desk", "Function", {"FunctionName": "desk", "Table": {"Fn::GetAtt": ["Tickets", "Arn"]}})


def legacy(cloud: FakeCloud, **properties: Any) -> Mapping[str, Live]:
    """A table somebody made by hand, as Tickets."""
    cloud.create("Test::Table", "legacy", {"TableName": "legacy", **properties}, {"CostCenter": "7"}, named=True)
    cloud.calls.clear()
    live = fake_provisioners(KINDS, cloud)["Test::Table"].read("legacy", {})
    assert live is not None
    return {"Tickets": live}


def plan_of(
    desired: tuple[Resource, ...], imports: Mapping[str, Live], cloud: FakeCloud, state: State | None = None
) -> Plan:
    state = state or empty_state()
    wanted = Wanted(PlanKind.DEPLOY, "support-desk", desired, imports=imports)
    return make_plan(wanted, state=state, live=seen(cloud, state), kinds=KINDS)


def test_an_import_shows_what_it_will_write_and_keeps_the_name_it_finds() -> None:
    cloud = FakeCloud()
    plan = plan_of((TICKETS, DESK), legacy(cloud, Units=1), cloud)
    tickets, desk = plan.changes
    assert (tickets.action, tickets.reason, tickets.physical_id) == (Action.IMPORT, Reason.IMPORTED, "legacy")
    assert [(row.path, row.origin) for row in tickets.properties] == [
        ("Units", "configuration"),
        *((f"Tags.{key}", "configuration") for key in sorted(OWN)),
    ]
    assert not tickets.drifted
    assert tickets.target is not None
    assert (tickets.target.properties["TableName"], tickets.target.keeps_name) == ("legacy", True)
    assert (tickets.cost_before, tickets.cost_after) == (0.5, 1.0)
    assert desk.target is not None
    assert desk.target.properties["Table"] == {"Fn::GetAtt": ["Tickets", "Arn"]}
    assert [row.after for row in desk.properties if row.path == "Table"] == ["arn:fake:Test::Table/legacy"]
    assert Plan.from_dict(plan.as_dict()) == plan


def test_what_was_imported_is_ours_and_keeps_its_name_and_the_tags_of_others_for_good() -> None:
    cloud = FakeCloud()
    plan = plan_of((TICKETS, DESK), legacy(cloud, Units=1, Spare="x"), cloud)
    ledger = RecordingLedger(empty_state())
    outcome = run(plan, ledger, cloud)
    assert outcome.status == "succeeded"
    entry = outcome.state.resources["Tickets"]
    assert (entry.physical_id, entry.keeps_name) == ("legacy", True)
    table = cloud.inventory()["Test::Table/legacy"]
    assert table["tags"] == {**OWN, "CostCenter": "7"}
    assert (table["properties"]["Units"], table["properties"]["Spare"]) == (2, "x")
    intent = next(
        event for event in ledger.events if event.code is Code.STEP_STARTED and event.step == "import:Tickets"
    )
    assert (intent.data["action"], intent.data["physicalId"]) == ("import", "legacy")
    assert planned((TICKETS, DESK), outcome.state, cloud).is_empty
    more = replace(TICKETS, properties={**TICKETS.properties, "Units": 3})
    [change] = [each for each in planned((more, DESK), outcome.state, cloud).changes if each.action is Action.UPDATE]
    assert [row.path for row in change.properties] == ["Units"]
    assert change.target is not None
    assert change.target.keeps_name


def test_another_type_under_the_same_id_takes_the_name_of_the_configuration_again() -> None:
    cloud = FakeCloud()
    ledger = RecordingLedger(empty_state())
    state = run(plan_of((TICKETS,), legacy(cloud), cloud), ledger, cloud).state
    [change] = planned((resource("Tickets", "Role", {"RoleName": "tickets"}),), state, cloud).changes
    assert change.target is not None
    assert (change.action, change.target.keeps_name) == (Action.REPLACE, False)


def test_what_is_already_as_wanted_is_imported_without_a_write() -> None:
    cloud = FakeCloud()
    wanted = replace(TICKETS, properties={"TableName": "legacy", "Seed": "s"}, tags={"CostCenter": "7"})
    plan = plan_of((wanted,), legacy(cloud), cloud)
    assert plan.changes[0].properties == ()
    assert not plan.is_empty
    outcome = run(plan, RecordingLedger(empty_state()), cloud)
    assert outcome.state.resources["Tickets"].physical_id == "legacy"
    assert not outcome.state.resources["Tickets"].keeps_name
    assert cloud.writes == []


def test_a_kind_without_a_name_is_imported_by_its_id_alone() -> None:
    cloud = FakeCloud()
    cloud.create("Test::Rule", "theirs", {"Target": "a", "Pattern": "h"}, {}, named=False)
    live = fake_provisioners(KINDS, cloud)["Test::Rule"].read("theirs-1", {})
    assert live is not None
    hourly = resource("Hourly", "Rule", {"Target": "a", "Pattern": "h"})
    [change] = plan_of((hourly,), {"Hourly": live}, cloud).changes
    assert (change.physical_id, [row.path for row in change.properties]) == (
        "theirs-1",
        [f"Tags.{k}" for k in sorted(OWN)],
    )
    with pytest.raises(NotPlannable, match="Pattern differs and cannot be changed in place"):
        plan_of((resource("Hourly", "Rule", {"Target": "a", "Pattern": "d"}),), {"Hourly": live}, cloud)


def test_what_refers_to_an_import_may_stay_as_it_is() -> None:
    cloud = FakeCloud()
    state = deployed((TICKETS, DESK), cloud)
    live = fake_provisioners(KINDS, cloud)["Test::Table"].read("strands-tickets", {})
    assert live is not None
    forgotten = state.with_resources([state.resources["Desk"]])
    plan = plan_of((TICKETS, DESK), {"Tickets": live}, cloud, forgotten)
    assert [change.action for change in plan.changes] == [Action.IMPORT, Action.NO_CHANGE]
    outcome = run(plan, RecordingLedger(forgotten), cloud)
    assert outcome.status == "succeeded"
    assert outcome.state.resources == state.resources


def test_only_what_is_wanted_and_not_yet_managed_can_be_imported() -> None:
    cloud = FakeCloud()
    imports = legacy(cloud)
    with pytest.raises(NotPlannable, match=r"no resource Tickets .* \(did you mean Ticket\?\)"):
        plan_of((replace(TICKETS, logical_id="Ticket"),), imports, cloud)
    state = run(plan_of((TICKETS,), imports, cloud), RecordingLedger(empty_state()), cloud).state
    with pytest.raises(NotPlannable, match="Tickets is deployed already"):
        plan_of((TICKETS,), imports, cloud, state)
    with pytest.raises(NotPlannable, match="legacy is managed already, as Tickets; it cannot be Orders too"):
        plan_of((replace(TICKETS, logical_id="Orders"),), {"Orders": imports["Tickets"]}, cloud, state)


def test_what_changed_after_the_plan_was_made_is_not_overwritten() -> None:
    cloud = FakeCloud()
    plan = plan_of((TICKETS, DESK), legacy(cloud, Units=2), cloud)
    cloud.change("Test::Table", "legacy", Units=9)
    cloud.calls.clear()
    ledger = RecordingLedger(empty_state())
    outcome = run(plan, ledger, cloud)
    assert (outcome.status, outcome.state.resources, cloud.writes) == ("failed", {}, [])
    [error] = [event.data["error"]["message"] for event in ledger.events if event.code is Code.STEP_FAILED]
    assert error == "legacy was changed after the plan was made (Units); a new plan is needed"


def test_what_was_deleted_after_the_plan_was_made_is_not_made_again() -> None:
    cloud = FakeCloud()
    plan = plan_of((TICKETS,), legacy(cloud), cloud)
    cloud.remove("Test::Table", "legacy")
    outcome = run(plan, RecordingLedger(empty_state()), cloud)
    assert (outcome.status, cloud.inventory()) == ("failed", {})


@pytest.mark.parametrize("call", range(1, 5))
@pytest.mark.parametrize("after", [False, True])
def test_an_import_killed_at_any_call_is_finished_by_another_worker(call: int, after: bool) -> None:
    cloud = FakeCloud()
    plan = plan_of((TICKETS,), legacy(cloud, Units=1), cloud)
    cloud.calls.clear()
    cloud.die_at(call, after=after)
    ledger = RecordingLedger(empty_state())
    with pytest.raises(Killed):
        run(plan, ledger, cloud)
    cloud.revive()
    outcome = run(plan, RecordingLedger(ledger.state, events=ledger.events), cloud)
    assert outcome.status == "succeeded"
    assert cloud.inventory()["Test::Table/legacy"]["properties"]["Units"] == 2
    assert planned((TICKETS,), outcome.state, cloud).is_empty


def test_an_imported_resource_that_goes_from_the_configuration_is_deleted_by_its_own_name() -> None:
    cloud = FakeCloud()
    state = run(plan_of((TICKETS,), legacy(cloud), cloud), RecordingLedger(empty_state()), cloud).state
    assert deployed((), cloud, state).resources == {}
    assert cloud.inventory() == {}
