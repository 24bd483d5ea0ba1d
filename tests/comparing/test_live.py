"""What is live, read by a worker for a comparison, and kept for a short while."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deployments import sweeping
from deployments.aws.registry import KINDS
from deployments.comparing import live, loading
from deployments.comparing.assembling import Comparison, assemble
from deployments.comparing.models import LiveReading
from deployments.comparing.references import Kind, Reference
from deployments.comparing.sources import code_of
from deployments.tasks import read_live
from projects.access import access_to
from projects.audit.models import AuditEntry
from projects.models import Configuration, Environment, User
from tests.deployments.conftest import plan, run
from tests.deployments.test_admission import set_visibility

pytestmark = pytest.mark.django_db


def compared(user: User, before: str, after: str) -> Comparison:
    access = access_to(user, "support-desk")
    sides = []
    for text in (before, after):
        reference = Reference.parse(text)
        assert reference is not None
        sides.append(loading.load(loading.choose(access, reference)))
    return assemble(*sides, kinds=KINDS, code=code_of(access.project, *sides))


def test_a_deployment_against_live_shows_what_somebody_changed_outside(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    deployed = run(plan(dev, bob), bob)
    live.request_reading(environment=dev, actor=bob)
    read_live(dev.pk)
    reading = LiveReading.objects.get()
    assert (reading.status, reading.done, reading.error) == ("read", reading.total, "")
    assert reading.total == len(reading.resources) > 30
    assert reading.fingerprint == plan(dev, bob).plan.value().subject.live_fingerprint
    found = compared(bob, f"record:{deployed.public_id}", "live:dev")
    assert found.is_empty, list(found.resources.rows)
    assert found.resources.noisy == 0, "what did not drift is as it was recorded, to the letter"

    set_visibility(dev, 400)
    read_live(dev.pk)
    assert LiveReading.objects.get().fingerprint != reading.fingerprint
    found = compared(bob, "environment:dev", "live:dev")
    assert [(row.logical_id, list(map(str, row.properties))) for row in found.resources.rows] == [
        ("JobsQueue", ["VisibilityTimeout  360 -> 400"])
    ]
    assert found.after.title == "dev live" and found.after.read_at is not None
    deeds = AuditEntry.objects.filter(deed__startswith="live.").order_by("pk")
    assert list(deeds.values_list("deed", flat=True)) == ["live.asked", "live.read", "live.read"]


def test_one_under_way_or_just_made_is_not_doubled(dev: Environment, bob: User) -> None:
    first = live.request_reading(environment=dev, actor=bob)
    assert live.request_reading(environment=dev, actor=bob).requested_at == first.requested_at
    LiveReading.objects.update(status="read", read_at=timezone.now())
    assert live.request_reading(environment=dev, actor=bob).status == "read"
    LiveReading.objects.update(read_at=timezone.now() - 2 * live.FRESH)
    again = live.request_reading(environment=dev, actor=bob)
    assert (again.status, again.requested_at > first.requested_at) == ("reading", True)
    LiveReading.objects.update(requested_at=timezone.now() - 2 * live.PATIENCE)
    assert live.request_reading(environment=dev, actor=bob).requested_at > again.requested_at, "its worker died"


def test_an_old_reading_says_nothing_of_now(dev: Environment, bob: User) -> None:
    assert live.reading_of(dev) is None
    live.request_reading(environment=dev, actor=bob)
    assert live.reading_of(dev) is not None
    LiveReading.objects.update(status="read", read_at=timezone.now() - live.KEPT - timedelta(seconds=1))
    assert live.reading_of(dev) is None


def test_a_lost_message_is_sent_again(dev: Environment, bob: User) -> None:
    live.request_reading(environment=dev, actor=bob)
    assert sweeping.sweep() == 0, "it may still be under way"
    LiveReading.objects.update(requested_at=timezone.now() - 2 * sweeping.PATIENCE)
    assert sweeping.sweep() == 1
    LiveReading.objects.update(total=3)
    assert sweeping.sweep() == 0, "a worker has begun"


def test_what_goes_wrong_is_kept_as_a_sentence(
    dev: Environment, bob: User, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.AWS_ENDPOINT_URL = None
    live.request_reading(environment=dev, actor=bob)
    read_live(dev.pk)
    assert LiveReading.objects.get().status == "read", "nothing is recorded, so nobody is asked"
    assert LiveReading.objects.get().resources == {}
    for error, said in (
        (live.WorkflowError("The AWS sandbox is not running."), "The AWS sandbox is not running."),
        (KeyError("oh"), "An error in strandsweb itself; its log has the details."),
    ):

        def fail(*_: Any, problem: Exception = error) -> None:
            raise problem

        monkeypatch.setattr(live, "_read", fail)
        read_live(dev.pk)
        assert (LiveReading.objects.get().status, LiveReading.objects.get().error) == ("failed", said)
    assert AuditEntry.objects.filter(deed="live.read", outcome="failed").count() == 2


def test_a_live_side_has_to_be_read_first(dev: Environment, bob: User) -> None:
    chosen = loading.choose(access_to(bob, "support-desk"), Reference(Kind.LIVE, "dev"))
    assert not chosen.is_there and chosen.fixed is None
    before = loading.before(access_to(bob, "support-desk"), chosen)
    assert before is not None and before.reference == Reference(Kind.ENVIRONMENT, "dev")
    assert loading.before(access_to(bob, "support-desk"), before) is None, "never deployed"
