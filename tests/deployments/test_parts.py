"""Failures taken back by themselves, retried in part, and parts rolled back, on a real sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deployments import approvals, clouds, execution, rollbacks, states
from deployments.models import Deployment, Method, Status
from deployments.planning import make_plan
from history.models import Record
from projects.models import Configuration, Environment, User
from tests.deployments.conftest import actions, plan, run, sandbox_call
from tests.deployments.test_admission import set_visibility

pytestmark = pytest.mark.django_db
Edit = Callable[[str, str], Configuration]


@pytest.fixture
def broken_tables(cloud: str) -> None:
    """Nobody may make a table."""
    fault = {"service": "dynamodb", "operation": "CreateTable", "code": "AccessDeniedException", "status": 400}
    sandbox_call(cloud, "/_sandbox/faults", fault | {"message": "no", "times": 100}, "POST")


def undo_of(failed: Deployment) -> Deployment:
    """The deployment that takes it back, planned and run as workers would."""
    undo = Deployment.objects.get(undoes=failed.public_id)
    undo = make_plan(deployment_id=undo.pk)
    assert undo.status == Status.QUEUED, (undo.status, undo.error)
    return execution.run(deployment_id=undo.pk)


def test_a_failed_first_run_is_taken_back_and_nothing_is_left(
    dev: Environment, account: str, bob: User, sample: Configuration, broken_tables: None, cloud: str
) -> None:
    dev.automatic_rollback = True
    dev.save()
    failed = run(plan(dev, bob), bob)
    assert failed.status == Status.FAILED
    made = set(states.load(dev).resources)
    assert made
    done = undo_of(failed)
    assert done.status == Status.SUCCEEDED, done.error
    assert set(actions(done)) == made and set(actions(done).values()) == {"delete"}
    assert states.load(dev).resources == {}
    assert sandbox_call(cloud, "/_sandbox/inventory")["accounts"].get(account, {}) == {}
    kept = Record.objects.get(deployment_id=failed.public_id)
    assert (kept.status, Record.objects.get(deployment_id=done.public_id).kind) == ("failed", "rollback")
    assert not Deployment.objects.filter(undoes=done.public_id).exists()


def test_taking_back_leaves_alone_what_was_there_before_even_where_it_drifted(
    prod: Environment, ada: User, bob: User, sample: Configuration, edit: Edit, cloud: str
) -> None:
    prod.protected, prod.automatic_rollback = False, True
    prod.save()
    first = run(plan(prod, bob), bob)
    assert first.status == Status.SUCCEEDED, first.error
    before = states.load(prod).resources
    prod.protected = True
    prod.save()
    more = "  - {name: extra, type: sqs}\n  - {name: more, type: dynamodb, properties: {partition_key: id}}\n"
    edit("resources:\n", "resources:\n" + more)
    fault = {"service": "dynamodb", "operation": "CreateTable", "code": "AccessDeniedException", "status": 400}
    sandbox_call(cloud, "/_sandbox/faults", fault | {"message": "no", "times": 100}, "POST")
    proposed = plan(prod, bob)
    approvals.approve(deployment_id=proposed.pk, actor=ada, comment="", plan_digest=proposed.plan.digest, inline=True)
    proposed.refresh_from_db()
    failed = run(proposed, bob)
    assert failed.status == Status.FAILED
    assert "ExtraQueue" in states.load(prod).resources
    set_visibility(prod, 77)
    done = undo_of(failed)
    assert done.status == Status.SUCCEEDED, done.error
    deleted = {"ExtraQueue": "delete", "ExtraDeadLetterQueue": "delete"}
    assert actions(done) == deleted, "and nobody had to approve it"
    after = states.load(prod).resources
    assert {name: each.properties for name, each in after.items()} == {
        name: each.properties for name, each in before.items()
    }
    with clouds.reach(prod, purpose="look") as provisioners:
        jobs = after["JobsQueue"]
        live = provisioners["AWS::SQS::Queue"].read(jobs.physical_id, jobs.properties)
    assert live is not None and live.properties["VisibilityTimeout"] == 77


def test_nothing_is_taken_back_where_nobody_asked_for_it(
    dev: Environment, bob: User, sample: Configuration, broken_tables: None
) -> None:
    assert run(plan(dev, bob), bob).status == Status.FAILED
    assert not Deployment.objects.exclude(undoes="").exists()


def test_a_plan_that_claims_to_take_back_and_does_more_never_runs(
    dev: Environment, bob: User, sample: Configuration, broken_tables: None, cloud: str
) -> None:
    failed = run(plan(dev, bob), bob)
    sandbox_call(cloud, "/_sandbox/faults", method="DELETE")
    forged = plan(dev, bob)
    Deployment.objects.filter(pk=forged.pk).update(undoes=failed.public_id)
    stopped = run(forged, bob)
    assert stopped.status == Status.STALE
    assert "does more than to take the failed run back" in stopped.error


def test_what_failed_is_retried_with_what_it_needs_and_nothing_else(
    dev: Environment, bob: User, sample: Configuration, edit: Edit, broken_tables: None, cloud: str
) -> None:
    failed = run(plan(dev, bob), bob)
    left = list(failed.steps.exclude(status="succeeded").values_list("logical_id", flat=True))
    sandbox_call(cloud, "/_sandbox/faults", method="DELETE")
    edit("visibility_timeout: 360", "visibility_timeout: 390")
    retry = plan(dev, bob, targets=left)
    assert retry.plan.value().subject.targets == tuple(left)
    assert set(left) <= set(actions(retry))
    assert run(retry, bob).status == Status.SUCCEEDED
    assert set(states.load(dev).resources) >= set(left)


def test_one_agent_is_deployed_alone_and_the_rest_waits_for_the_next_plan(
    dev: Environment, bob: User, sample: Configuration, edit: Edit, cloud: str
) -> None:
    first = run(plan(dev, bob), bob)
    edit("memory: 512", "memory: 1024")
    edit("memory: 256", "memory: 300")
    part = plan(dev, bob, targets=["customer-support"])
    assert actions(part) == {"CustomerSupportFunction": "update"}
    done = run(part, bob)
    assert done.status == Status.SUCCEEDED
    rest = plan(dev, bob)
    assert actions(rest) == {"ReporterFunction": "update"}
    assert run(rest, bob).status == Status.SUCCEEDED
    assert plan(dev, bob).status == Status.UNCHANGED

    def back(to: Deployment, **parts: Any) -> Deployment:
        record = Record.objects.get(deployment_id=to.public_id)
        made = rollbacks.propose(environment=dev, record=record, actor=bob, method=Method.WEB, inline=True, **parts)
        return make_plan(deployment_id=made.pk)

    assert actions(back(first, targets=["reporter"])) == {"ReporterFunction": "update"}
    assert set(actions(back(first))) == {"ReporterFunction", "CustomerSupportFunction"}
    refused = back(done)
    assert refused.status == Status.INVALID
    assert "was limited to customer-support" in refused.error


def test_an_unknown_part_is_refused(dev: Environment, bob: User, sample: Configuration, cloud: str) -> None:
    refused = plan(dev, bob, targets=["JobQueue"])
    assert (refused.status, "Did you mean JobsQueue?" in refused.error) == (Status.INVALID, True)
