"""The environment's page says who holds it, what waits behind, and what would happen without the holder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from deployments.models import Deployment, Lease, Status
from projects.models import Environment, User
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
Propose = Callable[..., Deployment]


def page(visit: Visit, person: User, environment: Environment) -> str:
    """The environment's page as this person sees it."""
    return visit(person).get(reverse("environment", args=["support-desk", environment.name])).content.decode()


def hold(deployment: Deployment, seconds_left: int) -> None:
    """A worker holds the environment, for that long."""
    now = timezone.now()
    Lease.objects.create(
        environment=deployment.environment,
        holder="host-7:4711:ab12",
        deployment=deployment,
        heartbeat_at=now - timedelta(seconds=3),
        expires_at=now + timedelta(seconds=seconds_left),
    )


def test_a_held_environment_shows_holder_step_age_and_queue(
    running: Deployment, propose: Propose, dev: Environment, vera: User, visit: Visit
) -> None:
    hold(running, 27)
    propose(dev, Status.QUEUED, message="The next one", queued_at=timezone.now(), run_by_text="ada")
    text = page(visit, vera, dev)
    assert "Being written now" in text
    assert "host-7:4711:ab12" in text
    assert "3 s ago" in text
    assert "looked up by its name alerts: taken over if it is there, made if it is not" in text
    assert "Behind it" in text and "The next one" in text
    assert "takes the run up by itself at" in text


def test_an_expired_lease_says_that_the_run_is_taken_up_by_itself(
    running: Deployment, dev: Environment, vera: User, visit: Visit
) -> None:
    hold(running, -10)
    Deployment.objects.filter(pk=running.pk).update(takeups=5)
    text = page(visit, vera, dev)
    assert "Waiting to be taken up" in text
    assert "let its lease expire" in text
    assert "the next time it is given up" in text


def test_a_run_without_a_holder_waits_for_a_worker(
    running: Deployment, dev: Environment, vera: User, visit: Visit
) -> None:
    assert "Another one takes it up by itself" in page(visit, vera, dev)


def test_a_free_environment_says_nothing_of_it(dev: Environment, vera: User, visit: Visit) -> None:
    assert 'id="occupancy"' not in page(visit, vera, dev)


def test_every_operation_says_how_it_would_be_looked_up(
    running: Deployment, dev: Environment, vera: User, visit: Visit
) -> None:
    hold(running, 20)
    running.steps.filter(logical_id="AlertsTopic").update(operation="delete", physical_id="arn:alerts")
    running.steps.filter(logical_id="TicketsTable").update(operation="update", status="running")
    text = page(visit, vera, dev)
    assert "arn:alerts is deleted again; that it is gone already is success" in text
    assert "tickets is read again, and only what still differs is written" in text
    running.steps.filter(logical_id="TicketsTable").update(operation="create")
    assert "looked up by its tags and what it belongs to" in page(visit, vera, dev)
