"""A stored plan that nobody can read is closed with the reason, and nobody stumbles over it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments import drift, execution, occupancy, orders, states, sweeping
from deployments.models import Deployment, Lease, PlanDocument, Status
from history.models import Record
from projects.models import Configuration, Environment, User
from tests.deployments.conftest import plan, run

pytestmark = pytest.mark.django_db
Edit = Callable[[str, str], Configuration]


def spoil(deployment: Deployment, how: str) -> None:
    """Something happens to the stored plan; the last three are what another version would have stored."""
    text = PlanDocument.objects.get(deployment=deployment).text
    spoilt = {
        "changed": text.replace("JobsQueue", "OtherQueue"),
        "cut": text[: len(text) // 2],
        "format": text.replace('"format":"1"', '"format":"9"'),
        "key": json.dumps({"format": "1", "changes": []}),
        "list": json.dumps([]),
    }[how]
    digest = hashlib.sha256((text if how == "changed" else spoilt).encode()).hexdigest()
    PlanDocument.objects.filter(deployment=deployment).update(text=spoilt, digest=digest)


@pytest.mark.parametrize("how", ["changed", "cut", "format", "key", "list"])
def test_a_queued_one_needs_a_new_plan(
    how: str, dev: Environment, bob: User, sample: Configuration, cloud: str, client: Client
) -> None:
    deployment = plan(dev, bob)
    spoil(deployment, how)
    client.force_login(bob)
    page = reverse("deployment", args=["support-desk", deployment.public_id])
    assert client.get(page).status_code == 200
    assert client.post(reverse("environment-adopt", args=["support-desk", "dev"]), {"deployment": deployment.public_id})
    stopped = run(deployment, bob)
    assert stopped.status == Status.STALE
    assert "stored plan" in stopped.error and "new plan" in stopped.error
    assert occupancy.occupancy(dev) is None


def test_one_that_was_under_way_is_given_up_recorded_and_does_not_come_back(
    dev: Environment,
    bob: User,
    sample: Configuration,
    cloud: str,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deployment = plan(dev, bob)
    orders.start(deployment_id=deployment.pk, actor=bob, inline=True)

    def taken_over(**_: object) -> None:
        Lease.objects.update(holder="x", expires_at=timezone.now() - timedelta(seconds=1))

    execution.run(deployment_id=deployment.pk, announce=taken_over)
    under_way = set(deployment.steps.filter(status="running").values_list("step_id", flat=True))
    assert under_way
    spoil(deployment, "format")
    found = occupancy.occupancy(dev)
    assert found is not None and {each.step.step_id for each in found.pending} == under_way
    given_up = execution.run(deployment_id=deployment.pk)
    assert given_up.status == Status.FAILED
    assert "cannot be read by this version" in given_up.error
    assert set(given_up.steps.filter(status="failed").values_list("step_id", flat=True)) == under_way
    assert Record.objects.get(deployment_id=given_up.public_id).status == "failed"
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(sweeping, "enqueue", lambda task, key: sent.append((task, key)))
    Deployment.objects.update(queued_at=timezone.now() - timedelta(hours=1), ended_at=timezone.now() - timedelta(1))
    sweeping.sweep()
    assert sent == []
    client.force_login(bob)
    for name, arguments in (
        ("environment", ["dev"]),
        ("deployment", [given_up.public_id]),
        ("record", [given_up.public_id]),
    ):
        assert client.get(reverse(name, args=["support-desk", *arguments])).status_code == 200, name
    assert run(plan(dev, bob), bob).status == Status.SUCCEEDED
    assert plan(dev, bob).status == Status.UNCHANGED


def test_others_are_not_held_up_by_one(
    dev: Environment, bob: User, sample: Configuration, edit: Edit, cloud: str
) -> None:
    first, other = plan(dev, bob), plan(dev, bob)
    spoil(other, "cut")
    assert run(first, bob).status == Status.SUCCEEDED
    other.refresh_from_db()
    assert other.status == Status.STALE
    unchanged = plan(dev, bob)
    spoil(unchanged, "cut")
    assert drift.check(environment_id=dev.pk).status == "clean"
    assert states.load(dev).resources
