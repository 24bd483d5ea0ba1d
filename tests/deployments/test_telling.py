"""A channel hears of a plan's whole journey, of drift once, and of nothing else."""

from __future__ import annotations

import pytest

from deployments import approvals, drift
from deployments.approvals import Review
from deployments.models import Deployment, Status
from deployments.telling import channels
from deployments.telling.models import Delivery
from deployments.telling.occasions import CHOICES
from projects.models import Configuration, Environment, Project, User
from tests.deployments.conftest import plan, run
from tests.deployments.test_admission import set_visibility
from tests.deployments.test_parts import refuse

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def channel(project: Project, alice: User) -> None:
    """A channel that hears everything."""
    channels.add(
        project=project,
        actor=alice,
        name="room",
        kind="slack",
        address="https://hooks.slack.com/x",
        occasions=[code for code, _ in CHOICES],
    )


def heard() -> list[str]:
    """What was told so far, in order; forgotten then."""
    found = list(Delivery.objects.order_by("pk").values_list("occasion", flat=True))
    Delivery.objects.all().delete()
    return found


def reviewed(deployment: Deployment, actor: User, comment: str = "") -> dict[str, object]:
    return {"deployment_id": deployment.pk, "actor": actor, "review": Review(deployment.plan.digest, comment)}


def test_a_journey_to_a_protected_environment_and_what_happens_to_it_outside(
    prod: Environment, bob: User, ada: User, sample: Configuration, cloud: str
) -> None:
    rejected = plan(prod, bob)
    approvals.reject(**reviewed(rejected, ada, "Not on a Friday"))  # type: ignore[arg-type]
    told = Delivery.objects.get(occasion="plan.rejected")
    assert told.text.endswith("ada: Not on a Friday") and rejected.public_id in told.path
    assert heard() == ["plan.waiting", "plan.rejected"]
    waiting = plan(prod, bob)
    approved = approvals.approve(**reviewed(waiting, ada))  # type: ignore[arg-type]
    approvals.approve(**reviewed(waiting, ada))  # type: ignore[arg-type]
    assert run(approved, bob).status == Status.SUCCEEDED
    assert heard() == ["plan.waiting", "plan.approved", "run.started", "run.succeeded"]
    drift.check(environment_id=prod.pk)
    assert heard() == []
    set_visibility(prod, 400)
    drift.check(environment_id=prod.pk)
    drift.check(environment_id=prod.pk)
    assert "JobsQueue" in Delivery.objects.get().text
    assert heard() == ["drift.found"]


def test_a_run_that_fails_says_why(dev: Environment, bob: User, sample: Configuration, cloud: str) -> None:
    ready = plan(dev, bob)
    refuse(cloud, "sqs", "CreateQueue", times=100)
    assert run(ready, bob).status == Status.FAILED
    told = Delivery.objects.get(occasion="run.failed").text
    assert "41 to create" in told and "JobsDeadLetterQueue: The credentials are not allowed" in told
    assert heard() == ["run.started", "run.failed"]
