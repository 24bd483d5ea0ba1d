"""One writer per environment: stale plans, queues, leases, lost leases, sweeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from deployments import execution, leases, orders, planning, states, sweeping
from deployments.engine.errors import LostLease
from deployments.errors import OutOfDate
from deployments.models import Deployment, Lease, Method, Status
from projects.models import Configuration, Environment, User
from tests.deployments.conftest import plan, run, sandbox_call

pytestmark = pytest.mark.django_db
Edit = Callable[[str, str], Configuration]


def test_of_two_plans_made_at_once_the_second_needs_a_new_plan(
    dev: Environment, alice: User, bob: User, sample: Configuration, cloud: str
) -> None:
    first, second = plan(dev, alice), plan(dev, bob)
    run(first, alice)
    second.refresh_from_db()
    assert second.status == Status.STALE
    assert first.public_id in second.error
    with pytest.raises(OutOfDate):
        orders.start(deployment_id=second.pk, actor=bob, inline=True)


def test_a_queued_plan_that_became_stale_makes_no_call(
    dev: Environment, alice: User, bob: User, sample: Configuration, cloud: str
) -> None:
    first, second = plan(dev, alice), plan(dev, bob)
    for deployment, actor in ((first, alice), (second, bob)):
        orders.start(deployment_id=deployment.pk, actor=actor, inline=True)
    assert execution.run(deployment_id=second.pk).status == Status.QUEUED, "it is behind the first"
    assert execution.run(deployment_id=first.pk).status == Status.SUCCEEDED
    assert execution.run(deployment_id=second.pk).status == Status.STALE
    assert not second.events.exists()


def test_starting_twice_is_starting_once(dev: Environment, bob: User, sample: Configuration, cloud: str) -> None:
    deployment = plan(dev, bob)
    orders.start(deployment_id=deployment.pk, actor=bob, inline=True)
    assert orders.start(deployment_id=deployment.pk, actor=bob, inline=True).status == Status.QUEUED


def test_a_lease_is_held_by_one_until_it_expires(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    deployment = plan(dev, bob)
    held = leases.take(environment_id=dev.pk, holder="a", deployment_id=deployment.pk)
    assert held is not None
    assert leases.take(environment_id=dev.pk, holder="b", deployment_id=deployment.pk) is None
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    taken = leases.take(environment_id=dev.pk, holder="b", deployment_id=deployment.pk)
    assert taken is not None and taken.fencing > held.fencing
    with pytest.raises(LostLease):
        leases.renew(held)
    leases.release(held)
    leases.renew(taken)


def test_a_run_that_loses_its_lease_stops_and_another_worker_finishes_it(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    deployment = plan(dev, bob)
    orders.start(deployment_id=deployment.pk, actor=bob, inline=True)
    heard: list[int] = []

    def taken_over(*, last: int, **_: object) -> None:
        heard.append(last)
        if len(heard) == 3:
            Lease.objects.filter(environment=dev).update(holder="somebody else", expires_at=timezone.now())

    interrupted = execution.run(deployment_id=deployment.pk, announce=taken_over)
    assert interrupted.status == Status.RUNNING
    Lease.objects.filter(environment=dev).update(holder="")
    resumed = execution.run(deployment_id=deployment.pk)
    assert resumed.status == Status.SUCCEEDED, resumed.error
    numbers = list(resumed.events.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert resumed.events.filter(code="run.resumed").count() == 1
    assert set(states.load(dev).resources) == set(resumed.steps.values_list("logical_id", flat=True))
    assert plan(dev, bob).status == Status.UNCHANGED


def test_cancel_in_the_queue_and_while_running(dev: Environment, bob: User, sample: Configuration, cloud: str) -> None:
    queued = plan(dev, bob)
    orders.start(deployment_id=queued.pk, actor=bob, inline=True)
    assert orders.cancel(deployment_id=queued.pk, actor=bob).status == Status.DISCARDED

    running = plan(dev, bob)
    orders.start(deployment_id=running.pk, actor=bob, inline=True)
    # The row is looked at twice a second, and without it the whole run may be quicker than that.
    sandbox_call(cloud, "/_sandbox/latency", {"milliseconds": 200}, "POST")
    asked: list[bool] = []

    def cancel_once(**_: object) -> None:
        if not asked:
            asked.append(True)
            orders.cancel(deployment_id=running.pk, actor=bob)

    ended = execution.run(deployment_id=running.pk, announce=cancel_once)
    assert ended.status == Status.CANCELLED
    statuses = set(ended.steps.values_list("status", flat=True))
    assert statuses == {"succeeded", "cancelled"}
    done = set(ended.steps.filter(status="succeeded").values_list("logical_id", flat=True))
    assert set(states.load(dev).resources) == done


def test_the_sweep_finds_what_was_lost(
    dev: Environment, bob: User, sample: Configuration, cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(sweeping, "enqueue", lambda task, pk: sent.append((task, pk)))
    planned = plan(dev, bob)
    orders.start(deployment_id=planned.pk, actor=bob, inline=True)
    assert sweeping.sweep() == 0, "nothing is late yet"
    long_ago = timezone.now() - timedelta(minutes=5)
    Deployment.objects.update(queued_at=long_ago)
    Deployment.objects.filter(pk=planned.pk).update(created_at=long_ago)
    sweeping.sweep()
    assert sent == [("run", planned.pk)]


def test_planning_that_never_ends_is_given_up(
    dev: Environment, bob: User, sample: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(sweeping, "enqueue", lambda task, pk: sent.append((task, pk)))
    lost, endless = (planning.propose(environment=dev, actor=bob, method=Method.WEB, inline=True) for _ in range(2))
    for deployment, minutes in ((lost, 5), (endless, 61)):
        moment = timezone.now() - timedelta(minutes=minutes)
        Deployment.objects.filter(pk=deployment.pk).update(created_at=moment)
    sweeping.sweep()
    assert sent == [("plan", lost.pk)]
    Deployment.objects.filter(pk=lost.pk).update(planning_at=timezone.now() - timedelta(minutes=1))
    sweeping.sweep()
    assert len(sent) == 1, "a worker is at it"
    Deployment.objects.filter(pk=lost.pk).update(planning_at=timezone.now() - timedelta(minutes=3))
    sweeping.sweep()
    assert len(sent) == 2
    endless.refresh_from_db()
    assert endless.status == Status.INVALID and "within an hour" in endless.error
