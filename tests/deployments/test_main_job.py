"""The main job through the workflow functions: deploy, change, fail, retry, roll back, destroy, on a real sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deployments import drift, outputs, rollbacks, states
from deployments.models import Method, Status
from deployments.planning import make_plan
from history.models import Record
from projects.models import Configuration, Environment, Project, User
from tests.deployments.conftest import actions, plan, run, sandbox_call

pytestmark = pytest.mark.django_db
Edit = Callable[[str, str], Configuration]


def test_first_deployment_makes_everything_and_a_second_plan_is_empty(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    first = run(plan(dev, bob), bob)
    assert first.status == Status.SUCCEEDED, first.error
    assert first.counts["create"] == len(states.load(dev).resources) > 20
    assert first.recorded
    again = plan(dev, bob)
    assert again.status == Status.UNCHANGED, actions(again)
    assert again.plan.calls["write"] == 0
    assert again.plan.calls["read"] > 0


def test_the_deployed_api_answers(dev: Environment, bob: User, sample: Configuration, cloud: str) -> None:
    run(plan(dev, bob), bob)
    answer = outputs.try_api(
        environment=dev, method="POST", path="/support", body='{"customer": "c-7", "question": "Where is my invoice?"}'
    )
    assert answer.status == 200, answer.body_text
    assert any(output.url for output in outputs.outputs(dev))


def test_a_changed_memory_updates_that_function_and_nothing_else(
    dev: Environment, bob: User, sample: Configuration, edit: Edit, cloud: str
) -> None:
    run(plan(dev, bob), bob)
    edit("memory: 512", "memory: 1024")
    change = plan(dev, bob)
    assert actions(change) == {"CustomerSupportFunction": "update"}
    [row] = [row for row in change.plan.value().changes if row.logical_id == "CustomerSupportFunction"]
    assert [(p.path, p.before, p.after) for p in row.properties] == [("MemorySize", 512, 1024)]
    done = run(change, bob)
    assert done.status == Status.SUCCEEDED
    assert states.load(dev).resources["CustomerSupportFunction"].properties["MemorySize"] == 1024
    assert plan(dev, bob).status == Status.UNCHANGED


def test_an_error_of_aws_fails_its_step_and_what_needs_it_while_the_rest_finishes(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    fault = {
        "service": "dynamodb",
        "operation": "CreateTable",
        "code": "AccessDeniedException",
        "status": 400,
        "message": "not authorized",
        "times": 100,
    }
    sandbox_call(cloud, "/_sandbox/faults", fault, "POST")
    failed = run(plan(dev, bob), bob)
    assert failed.status == Status.FAILED
    steps = {step.logical_id: step for step in failed.steps.all()}
    assert steps["TicketsTable"].status == "failed"
    assert steps["TicketsTable"].error["code"] == "AccessDeniedException"
    assert steps["JobsQueue"].status == "succeeded"
    assert steps["CustomerSupportFunction"].status == "skipped"
    done = {logical_id for logical_id, step in steps.items() if step.status == "succeeded"}
    assert set(states.load(dev).resources) == done
    assert Record.objects.get(deployment_id=failed.public_id).status == "failed"

    sandbox_call(cloud, "/_sandbox/faults", method="DELETE")
    retry = plan(dev, bob)
    assert set(actions(retry)) == set(steps) - done
    assert run(retry, bob).status == Status.SUCCEEDED
    assert plan(dev, bob).status == Status.UNCHANGED


def test_rollback_restores_what_was(dev: Environment, bob: User, sample: Configuration, edit: Edit, cloud: str) -> None:
    first = run(plan(dev, bob), bob)
    before = states.load(dev)
    edit("memory: 512", "memory: 1024")
    run(plan(dev, bob), bob)
    back = rollbacks.propose(
        environment=dev,
        record=Record.objects.get(deployment_id=first.public_id),
        actor=bob,
        method=Method.WEB,
        inline=True,
    )
    back = make_plan(deployment_id=back.pk)
    assert actions(back) == {"CustomerSupportFunction": "update"}
    assert run(back, bob).status == Status.SUCCEEDED
    after = states.load(dev)
    assert {k: dict(r.properties) for k, r in after.resources.items()} == {
        k: dict(r.properties) for k, r in before.resources.items()
    }


def test_destroy_leaves_nothing(dev: Environment, account: str, bob: User, sample: Configuration, cloud: str) -> None:
    def inventory() -> dict[str, Any]:
        return sandbox_call(cloud, "/_sandbox/inventory")["accounts"].get(account, {})

    run(plan(dev, bob), bob)
    assert inventory()["us-east-1"]["AWS::Lambda::Function"]["count"] == 3
    gone = run(plan(dev, bob, kind="destroy"), bob)
    assert gone.status == Status.SUCCEEDED, gone.error
    assert states.load(dev).resources == {}
    assert inventory() == {}


def test_a_change_made_outside_is_seen_and_put_right(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    from deployments import clouds

    run(plan(dev, bob), bob)
    assert drift.check(environment_id=dev.pk).status == "clean"
    recorded = states.load(dev).resources["JobsQueue"]
    with clouds.reach(dev, purpose="test") as provisioners:
        provisioners["AWS::SQS::Queue"].delete(recorded)
    found = drift.check(environment_id=dev.pk)
    assert (found.status, [row["logicalId"] for row in found.rows]) == (
        "drifted",
        ["JobsQueue", "JobsQueuePolicy"],
    )
    repair = plan(dev, bob)
    assert actions(repair)["JobsQueue"] == "create"
    assert run(repair, bob).status == Status.SUCCEEDED
    assert plan(dev, bob).status == Status.UNCHANGED


def test_what_cannot_be_planned_says_why(
    dev: Environment, project: Project, bob: User, sample: Configuration, edit: Edit, cloud: str
) -> None:
    nowhere = Environment.objects.create(project=project, name="qa", account=dev.account, region="us-east-1")
    assert "Add qa under environments" in plan(nowhere, bob).error

    elsewhere = Environment.objects.get(pk=dev.pk)
    elsewhere.account = "111122223333"
    elsewhere.save()
    [problem] = plan(elsewhere, bob).problems
    assert "dev is bound to account 111122223333" in problem["message"]

    elsewhere.account, elsewhere.credentials = dev.account, "role"
    elsewhere.role_arn = "arn:aws:iam::444455556666:role/not-of-this-account"
    elsewhere.save()
    wrong = plan(elsewhere, bob)
    assert wrong.status == Status.INVALID
    assert f"444455556666, but the environment is account {dev.account}" in wrong.error

    edit("path: ./apps/triage", "path: ./apps/traige")
    dev.save()
    [problem] = plan(dev, bob).problems
    assert "did you mean" in problem["message"] + problem["suggestion"]
