"""The small world the engine's tests play in: a few kinds, short ways to write resources, plan and run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deployments.engine.executor import Outcome, execute
from deployments.engine.fake_cloud import FakeCloud, fake_provisioners
from deployments.engine.fakes import FixedClock, NeverCancel, RecordingLedger
from deployments.engine.inbox import Inbox
from deployments.engine.kinds import Kind, always
from deployments.engine.plan import Plan, PlanKind
from deployments.engine.planner import Wanted, make_plan
from deployments.engine.ports import Clock, Control, Live
from deployments.engine.resources import Resource
from deployments.engine.state import State

OWN = {"strands:project": "support-desk", "strands:environment": "dev"}


def lower_case_mode(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """A normal form as services have them: the mode's case does not matter."""
    if isinstance(properties.get("Mode"), str):
        return {**properties, "Mode": properties["Mode"].lower()}
    return properties


KINDS: Mapping[str, Kind] = {
    kind.type: kind
    for kind in (
        Kind(
            type="Test::Role",
            label="role",
            name_property="RoleName",
            immutable=frozenset({"RoleName", "Path"}),
            policies=frozenset({"AssumeRolePolicyDocument", "Policies"}),
        ),
        Kind(
            type="Test::Function",
            label="function",
            name_property="FunctionName",
            immutable=frozenset({"FunctionName"}),
            defaults={"Memory": 128, "Tracing": {"Mode": "PassThrough"}},
            unordered=frozenset({"Layers"}),
            maps=frozenset({"Environment.Variables"}),
            sensitive=frozenset({"Environment.Variables.TOKEN"}),
        ),
        Kind(
            type="Test::Table",
            label="table",
            name_property="TableName",
            immutable=frozenset({"TableName", "KeySchema"}),
            stateful=True,
            write_only=frozenset({"Seed"}),
            normalise=lower_case_mode,
            fixed_monthly_usd=lambda properties: 0.5 * float(properties.get("Units", 1)),
        ),
        # Has no name of its own: its physical id is new with every creation, and all of it is immutable.
        Kind(type="Test::Rule", label="rule", immutable=frozenset({"Target", "Pattern"})),
        # As networks are: there may be any number of them, all found by their tags.
        Kind(type="Test::Net", label="net", immutable=frozenset({"Range", "In"}), side_by_side=always),
        # Keeps the rules as they are when it is made.
        Kind(
            type="Test::Shot",
            label="shot",
            immutable=frozenset({"Of"}),
            side_by_side=always,
            pictures=frozenset({"Test::Rule"}),
        ),
    )
}


def resource(logical_id: str, type: str, properties: Mapping[str, Any] | None = None, **more: Any) -> Resource:
    """A resource in stack `shared`, with our tags."""
    more.setdefault("stack", "shared")
    tags = {**OWN, **more.pop("tags", {})}
    return Resource(logical_id=logical_id, type=f"Test::{type}", properties=properties or {}, tags=tags, **more)


def empty_state() -> State:
    return State(0, "lineage", "dev", "us-east-1", "123456789012")


def seen(cloud: FakeCloud, state: State) -> dict[str, Live | None]:
    """What is live of everything recorded."""
    provisioners = fake_provisioners(KINDS, cloud)
    return {
        name: provisioners[entry.type].read(entry.physical_id, entry.properties)
        for name, entry in state.resources.items()
    }


def planned(desired: Sequence[Resource], state: State, cloud: FakeCloud, kind: PlanKind = PlanKind.DEPLOY) -> Plan:
    """The plan for `desired`, as a worker would make it."""
    wanted = Wanted(kind=kind, project="support-desk", resources=tuple(desired))
    return make_plan(wanted, state=state, live=seen(cloud, state), kinds=KINDS)


def run(
    plan: Plan,
    ledger: RecordingLedger,
    cloud: FakeCloud,
    *,
    parallelism: int = 4,
    clock: Clock | None = None,
    control: Control | None = None,
) -> Outcome:
    """Runs or resumes a plan from what the ledger holds."""
    clock = clock or FixedClock()
    inbox = Inbox(clock)
    return execute(
        plan=plan,
        state=ledger.state,
        provisioners=fake_provisioners(KINDS, cloud, inbox),
        ledger=ledger,
        clock=clock,
        control=control or NeverCancel(),
        inbox=inbox,
        parallelism=parallelism,
        told=tuple(ledger.events),
        worker="worker-1",
        run_token="run-1",
    )


def deployed(desired: Sequence[Resource], cloud: FakeCloud, state: State | None = None) -> State:
    """Plans and runs; it must succeed."""
    ledger = RecordingLedger(state or empty_state())
    outcome = run(planned(desired, ledger.state, cloud), ledger, cloud)
    assert outcome.status == "succeeded", [event.as_dict() for event in ledger.events if event.data.get("error")]
    return outcome.state
