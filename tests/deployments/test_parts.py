"""Failures taken back by themselves, retried in part, and parts rolled back, on a real sandbox."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployments import approvals, clouds, execution, rollbacks, states, wishes
from deployments.approvals import Review
from deployments.engine.certificate import Outcome, Verdict
from deployments.engine.errors import Refused
from deployments.holding.models import Hold
from deployments.models import Deployment, Method, Status
from deployments.planning import make_plan
from history.models import Record
from projects import editing
from projects.bundles import read_folder
from projects.models import Configuration, Environment, User
from tests.conftest import SAMPLE, protect
from tests.deployments.conftest import actions, plan, run, sandbox_call
from tests.deployments.test_admission import set_visibility

pytestmark = pytest.mark.django_db
Edit = Callable[[str, str], Configuration]


@pytest.fixture
def broken_tables(cloud: str) -> None:
    """Nobody may make a table."""
    refuse(cloud, "dynamodb", "CreateTable", times=100)


def refuse(cloud: str, service: str, operation: str, times: int) -> None:
    """AWS says no to the next calls of an operation."""
    fault = {"service": service, "operation": operation, "code": "AccessDeniedException", "status": 400}
    sandbox_call(cloud, "/_sandbox/faults", fault | {"message": "no", "times": times}, "POST")


def back(environment: Environment, actor: User, to: Deployment, **parts: Any) -> Deployment:
    """A planned rollback."""
    record = Record.objects.get(deployment_id=to.public_id)
    made = rollbacks.propose(
        environment=environment, record=record, actor=actor, method=Method.WEB, inline=True, **parts
    )
    return make_plan(deployment_id=made.pk)


def package_of(deployment: Deployment, function: str) -> str:
    """The SHA-256 of the code that a deployment wanted a function to have."""
    target = next(c.target for c in deployment.plan.value().changes if c.logical_id == function)
    assert target is not None
    key: str = target.properties["Code"]["S3Key"]
    return key.rpartition("/")[2].removesuffix(".zip")


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
    hold = Hold.objects.get()
    assert (hold.by_itself, hold.because_of, hold.configuration_number) == (True, done, sample.number)
    certificate = done.certificate.value()
    assert certificate.verdict is Verdict.RESTORED
    assert {each.logical_id for each in certificate.entries if each.outcome is Outcome.GONE} == made
    assert plan(dev, bob).status == Status.WAITING, "and the same release is not simply tried again"


def test_taking_back_leaves_alone_what_was_there_before_even_where_it_drifted(
    prod: Environment, ada: User, bob: User, sample: Configuration, edit: Edit, cloud: str
) -> None:
    prod.automatic_rollback = True
    prod.save()
    protect(prod, approvals=0)
    first = run(plan(prod, bob), bob)
    assert first.status == Status.SUCCEEDED, first.error
    before = states.load(prod).resources
    protect(prod)
    more = "  - {name: extra, type: sqs}\n  - {name: more, type: dynamodb, properties: {partition_key: id}}\n"
    edit("resources:\n", "resources:\n" + more)
    refuse(cloud, "dynamodb", "CreateTable", times=100)
    proposed = plan(prod, bob)
    approvals.approve(deployment_id=proposed.pk, actor=ada, review=Review(proposed.plan.digest), inline=True)
    proposed.refresh_from_db()
    failed = run(proposed, bob)
    assert failed.status == Status.FAILED
    made = states.load(prod).resources.keys() - before.keys()
    assert {"ExtraQueue", "ExtraDeadLetterQueue"} <= made
    set_visibility(prod, 77)
    done = undo_of(failed)
    assert done.status == Status.SUCCEEDED, done.error
    assert actions(done) == dict.fromkeys(made, "delete"), "and nobody had to approve it"
    after = states.load(prod).resources
    # What the failed run updated stays updated; of the queues nothing was.
    kept = before.keys() - {name for name, action in actions(failed).items() if action == "update"}
    assert after.keys() == before.keys() and {"JobsQueue", "TicketsTable", "TriageFunction"} <= kept
    assert {name: after[name].properties for name in kept} == {name: before[name].properties for name in kept}
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
    assert run(part, bob).status == Status.SUCCEEDED
    rest = plan(dev, bob)
    assert actions(rest) == {"ReporterFunction": "update"}
    assert run(rest, bob).status == Status.SUCCEEDED
    assert plan(dev, bob).status == Status.UNCHANGED

    assert actions(back(dev, bob, first, targets=["reporter"])) == {"ReporterFunction": "update"}
    assert set(actions(back(dev, bob, first))) == {"ReporterFunction", "CustomerSupportFunction"}


def test_one_can_go_back_to_a_deployment_of_parts(
    dev: Environment, bob: User, sample: Configuration, edit: Edit, cloud: str
) -> None:
    run(plan(dev, bob), bob)
    edit("memory: 512", "memory: 1024")
    edit("memory: 256", "memory: 300")
    refuse(cloud, "lambda", "UpdateFunctionConfiguration", times=1)
    broken = run(plan(dev, bob, targets=["reporter"]), bob)
    assert broken.status == Status.FAILED
    part = run(plan(dev, bob, targets=["customer-support"]), bob)
    edit("memory: 300", "memory: 320")
    edit("visibility_timeout: 360", "visibility_timeout: 390")
    assert run(plan(dev, bob), bob).status == Status.SUCCEEDED
    between = back(dev, bob, part)
    assert actions(between) == {"JobsQueue": "update", "ReporterFunction": "update"}
    assert run(between, bob).status == Status.SUCCEEDED
    resources = states.load(dev).resources
    memory = [resources[name].properties["MemorySize"] for name in ("ReporterFunction", "CustomerSupportFunction")]
    assert memory == [256, 1024], "one agent as deployed alone, the other as before, and not as the failed run wanted"
    again = back(dev, bob, part)
    assert again.status == Status.UNCHANGED


def test_a_package_that_an_earlier_source_holds_is_made_again(
    dev: Environment, alice: User, bob: User, sample: Configuration, edit: Edit, cloud: str, tmp_path: Path
) -> None:
    first = run(plan(dev, bob), bob)
    folder = tmp_path / "desk"
    shutil.copytree(SAMPLE, folder)
    for agent in ("reporter", "customer-support"):
        with (folder / "apps" / agent / "main.py").open("a") as code:
            code.write("\n# changed\n")
    editing.add_source(project=dev.project, bundle=read_folder(folder), origin="folder", author=alice)
    part = run(plan(dev, bob, targets=["customer-support"]), bob)
    made_again = wishes.packages_of(back(dev, bob, part))
    for sha256 in (package_of(first, "ReporterFunction"), package_of(part, "CustomerSupportFunction")):
        assert hashlib.sha256(made_again(sha256)).hexdigest() == sha256
    with pytest.raises(Refused, match="cannot be made again"):
        made_again("0" * 64)


def test_where_no_record_says_how_the_rest_was_the_rollback_is_refused(
    dev: Environment, bob: User, sample: Configuration, edit: Edit, cloud: str
) -> None:
    run(plan(dev, bob), bob)
    edit("memory: 512", "memory: 1024")
    part = run(plan(dev, bob, targets=["customer-support"]), bob)
    Record.objects.filter(environment=dev).exclude(deployment_id=part.public_id).delete()
    refused = back(dev, bob, part)
    assert refused.status == Status.INVALID
    assert "was limited to customer-support" in refused.error and "no record says how the rest" in refused.error
    edit("memory: 1024", "memory: 2048")
    assert run(plan(dev, bob), bob).status == Status.SUCCEEDED
    assert actions(back(dev, bob, part, targets=["customer-support"])) == {"CustomerSupportFunction": "update"}


def test_an_unknown_part_is_refused(dev: Environment, bob: User, sample: Configuration, cloud: str) -> None:
    refused = plan(dev, bob, targets=["JobQueue"])
    assert (refused.status, "Did you mean JobsQueue?" in refused.error) == (Status.INVALID, True)
