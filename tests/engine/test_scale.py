"""Large environments: nothing grows faster than the environment does."""

from __future__ import annotations

import time

from deployments.engine.clock import SystemClock
from deployments.engine.fake_cloud import FakeCloud
from deployments.engine.fakes import RecordingLedger
from deployments.engine.resources import Resource
from deployments.engine.story import Status
from tests.engine.stage import empty_state, planned, resource, run


def estate(agents: int) -> list[Resource]:
    """One shared role; for each agent a function that uses it, and a table and a rule that hang on that."""
    found = [resource("Role", "Role", {"RoleName": "role"})]
    for number in range(agents):
        role = {"Fn::GetAtt": ["Role", "Arn"]}
        found.append(resource(f"Fn{number}", "Function", {"FunctionName": f"f{number}", "Role": role}))
        found.append(resource(f"Rule{number}", "Rule", {"Target": {"Ref": f"Fn{number}"}}))
    return found


def test_a_run_of_four_hundred_steps_costs_little_more_than_its_calls() -> None:
    """The cloud answers at once and the ledger does nothing, so what is left is ours: well under 5 ms a step."""
    desired, cloud, ledger = estate(200), FakeCloud(), RecordingLedger(empty_state())
    plan = planned(desired, ledger.state, cloud)
    began = time.perf_counter()
    outcome = run(plan, ledger, cloud, parallelism=8, clock=SystemClock())
    per_step = (time.perf_counter() - began) / len(desired)
    assert outcome.status is Status.SUCCEEDED
    assert per_step < 0.005
    assert ledger.commits < 2 * len(desired)


def test_planning_grows_with_the_environment_and_no_faster() -> None:
    def seconds(agents: int) -> float:
        desired = estate(agents)
        began = time.process_time()
        assert len(planned(desired, empty_state(), FakeCloud()).changes) == len(desired)
        return time.process_time() - began

    seconds(10)
    assert seconds(800) < 8 * 3 * max(seconds(100), 0.01)
