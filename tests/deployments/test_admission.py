"""Approved bytes only: what changed since the plan stops the run before it writes; who gets nowhere is parked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import sleep
from typing import Any

import pytest
from django.utils import timezone

from deployments import admission, clouds, execution, leases, occupancy, orders, states
from deployments.engine import story
from deployments.engine.errors import Category, CloudError, LostLease
from deployments.engine.ports import Target
from deployments.ledger import events_of
from deployments.models import Deployment, Lease, RunEvent, Status
from history.models import Record
from projects.models import Configuration, Environment, User
from tests.deployments.conftest import plan, run, sandbox_call

pytestmark = pytest.mark.django_db
Edit = Callable[[str, str], Configuration]


@pytest.fixture
def deployed(dev: Environment, bob: User, sample: Configuration, cloud: str) -> Environment:
    """The sample is in dev."""
    assert run(plan(dev, bob), bob).status == Status.SUCCEEDED
    return dev


def writes(cloud: str) -> list[str]:
    """The calls that changed something, as the sandbox has seen them."""
    calls = sandbox_call(cloud, "/_sandbox/calls")["calls"]
    return [call["operation"] for call in calls if call["write"]]


def set_visibility(environment: Environment, seconds: int) -> None:
    """Somebody changes the jobs queue by hand."""
    recorded = states.load(environment).resources["JobsQueue"]
    with clouds.reach(environment, purpose="test") as provisioners:
        queue = provisioners["AWS::SQS::Queue"]
        live = queue.read(recorded.physical_id, recorded.properties)
        assert live is not None
        properties = {**recorded.properties, "VisibilityTimeout": seconds}
        queue.update(Target("JobsQueue", recorded.type, properties, live.tags), live)


def test_what_changed_since_the_plan_stops_the_run_before_its_first_write(
    deployed: Environment, bob: User, edit: Edit, cloud: str
) -> None:
    edit("memory: 512", "memory: 1024")
    deployment = plan(deployed, bob)
    set_visibility(deployed, 77)
    before, written = states.load(deployed), writes(cloud)
    stopped = run(deployment, bob)
    assert stopped.status == Status.STALE
    assert written and writes(cloud) == written
    assert "JobsQueue (VisibilityTimeout)" in stopped.error
    assert stopped.started_at is None and not stopped.events.exists() and not stopped.steps.exists()
    assert states.load(deployed) == before
    again = plan(deployed, bob)
    assert run(again, bob).status == Status.SUCCEEDED


def test_what_was_deleted_since_the_plan_is_named(deployed: Environment, bob: User, edit: Edit, cloud: str) -> None:
    edit("memory: 512", "memory: 1024")
    deployment = plan(deployed, bob)
    recorded = states.load(deployed).resources["JobsQueue"]
    with clouds.reach(deployed, purpose="test") as provisioners:
        provisioners["AWS::SQS::Queue"].delete(recorded)
    stopped = run(deployment, bob)
    assert stopped.status == Status.STALE
    assert "JobsQueue was deleted" in stopped.error


def test_drift_that_the_plan_shows_does_not_stop_it(deployed: Environment, bob: User, cloud: str) -> None:
    set_visibility(deployed, 77)
    assert run(plan(deployed, bob), bob).status == Status.SUCCEEDED


def test_no_credentials_are_minted_for_a_plan_that_no_longer_fits(
    deployed: Environment, alice: User, bob: User, edit: Edit, cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit("memory: 512", "memory: 1024")
    deployment = plan(deployed, bob)
    orders.start(deployment_id=deployment.pk, actor=bob, inline=True)
    Environment.objects.filter(pk=deployed.pk).update(region="eu-west-1")
    monkeypatch.setattr(clouds, "session_for", lambda access: pytest.fail("credentials were minted"))
    stopped = execution.run(deployment_id=deployment.pk)
    assert stopped.status == Status.STALE
    assert "points somewhere else" in stopped.error


def test_a_plan_discarded_while_the_world_was_read_does_not_run(
    deployed: Environment, bob: User, edit: Edit, cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit("memory: 512", "memory: 1024")
    deployment = plan(deployed, bob)

    def cancelled_meanwhile(*_: Any) -> str:
        orders.cancel(deployment_id=deployment.pk, actor=bob)
        return ""

    monkeypatch.setattr(admission, "changed_since", cancelled_meanwhile)
    assert run(deployment, bob).status == Status.DISCARDED
    assert not RunEvent.objects.filter(deployment=deployment).exists()


def test_missing_credentials_fail_the_run_and_are_recorded(
    dev: Environment, bob: User, sample: Configuration, cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = plan(dev, bob)

    @contextmanager
    def denied(*_: Any, **__: Any) -> Iterator[None]:
        raise CloudError(
            "No way.",
            service="sts",
            operation="AssumeRole",
            code="AccessDenied",
            category=Category.DENIED,
            advice="Ask.",
        )
        yield

    monkeypatch.setattr(clouds, "reach", denied)
    failed = run(deployment, bob)
    assert (failed.status, failed.error) == (Status.FAILED, "No way. Ask.")
    assert Record.objects.get(deployment_id=failed.public_id).status == "failed"


def test_the_lease_is_kept_while_the_world_is_read(dev: Environment, settings: Any) -> None:
    settings.LEASE_SECONDS = 0.2
    held = leases.take(environment_id=dev.pk, holder="a", deployment_id=None)  # type: ignore[arg-type]
    assert held is not None
    waited = leases.kept_while(held, lambda: (sleep(0.5), "read")[1])
    assert waited == "read"
    leases.renew(held)
    Lease.objects.update(holder="b")
    with pytest.raises(LostLease):
        leases.kept_while(held, lambda: sleep(0.2))


def test_a_run_that_goes_nowhere_is_parked_and_its_environment_is_free(
    dev: Environment, bob: User, sample: Configuration, cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = plan(dev, bob)
    orders.start(deployment_id=deployment.pk, actor=bob, inline=True)

    def dies(**_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(execution, "execute", dies)
    for number in range(1, admission.TAKEUPS + 1):
        with pytest.raises(MemoryError):
            execution.run(deployment_id=deployment.pk)
        deployment.refresh_from_db()
        assert (deployment.status, deployment.takeups) == (Status.RUNNING, number)
    parked = execution.run(deployment_id=deployment.pk)
    assert parked.status == Status.FAILED
    assert "taken up 5 times without finishing a single step" in parked.error
    assert set(parked.steps.values_list("status", flat=True)) == {"cancelled"}
    told = events_of(parked)
    assert [event.number for event in told] == list(range(1, len(told) + 1))
    assert story.fold(told).status is story.Status.FAILED
    assert Record.objects.get(deployment_id=parked.public_id).status == "failed"
    assert occupancy.occupancy(dev) is None
    monkeypatch.undo()
    assert run(plan(dev, bob), bob).status == Status.SUCCEEDED


def test_progress_begins_the_count_anew_and_pending_steps_are_named(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    deployment = plan(dev, bob)
    orders.start(deployment_id=deployment.pk, actor=bob, inline=True)
    heard: list[int] = []

    def taken_over(*, last: int, **_: object) -> None:
        heard.append(last)
        if len(heard) == 3:
            Lease.objects.filter(environment=dev).update(holder="x", expires_at=timezone.now() - timedelta(seconds=1))

    Deployment.objects.filter(pk=deployment.pk).update(takeups=3)
    execution.run(deployment_id=deployment.pk, announce=taken_over)
    deployment.refresh_from_db()
    assert deployment.takeups == 4
    found = occupancy.occupancy(dev)
    assert found is not None and found.expired and found.deployment == deployment
    under_way = set(deployment.steps.filter(status="running").values_list("step_id", flat=True))
    assert {each.step.step_id for each in found.pending} == under_way
    ended = deployment.steps.exclude(status__in=("pending", "running")).count()
    execution.run(deployment_id=deployment.pk)
    deployment.refresh_from_db()
    assert deployment.takeups == (1 if ended else 5)
    assert deployment.status == Status.SUCCEEDED


def test_what_was_under_way_when_a_run_is_given_up_is_named_and_taken_over_by_the_next_plan(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    deployment = plan(dev, bob)
    orders.start(deployment_id=deployment.pk, actor=bob, inline=True)

    def taken_over(**_: object) -> None:
        Lease.objects.filter(environment=dev).update(holder="x", expires_at=timezone.now() - timedelta(seconds=1))

    execution.run(deployment_id=deployment.pk, announce=taken_over)
    under_way = set(deployment.steps.filter(status="running").values_list("step_id", flat=True))
    assert under_way
    ended = deployment.steps.exclude(status__in=("pending", "running")).count()
    Deployment.objects.filter(pk=deployment.pk).update(takeups=admission.TAKEUPS, steps_at_takeup=ended)
    parked = execution.run(deployment_id=deployment.pk)
    assert parked.status == Status.FAILED
    assert all(name in parked.error for name in under_way)
    assert set(parked.steps.filter(status="failed").values_list("step_id", flat=True)) == under_way
    again = plan(dev, bob)
    assert run(again, bob).status == Status.SUCCEEDED
    assert plan(dev, bob).status == Status.UNCHANGED


def test_a_queued_run_that_nobody_can_begin_is_parked_too(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    deployment = plan(dev, bob)
    orders.start(deployment_id=deployment.pk, actor=bob, inline=True)
    Deployment.objects.filter(pk=deployment.pk).update(takeups=admission.TAKEUPS)
    parked = execution.run(deployment_id=deployment.pk)
    assert parked.status == Status.FAILED
    assert [event.code.value for event in events_of(parked)][:1] == ["run.started"]
    assert states.load(dev).resources == {}
