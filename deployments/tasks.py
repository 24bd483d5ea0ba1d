"""What workers are told: each task is one call of a workflow function with an id."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from deployments import broadcasts, execution, planning, sweeping
from deployments import drift as drift_checks
from deployments.certificates import making as certificates
from deployments.comparing import live
from deployments.deciding import freezes
from deployments.retaining import expiring as retaining
from deployments.telling import delivering


@shared_task  # type: ignore[untyped-decorator]
def plan(deployment_id: int) -> None:
    """Plans one deployment."""
    planning.make_plan(deployment_id=deployment_id)
    broadcasts.deployment_changed(deployment_id=deployment_id)


@shared_task  # type: ignore[untyped-decorator]
def run(deployment_id: int) -> None:
    """Runs one deployment, or takes it up again."""
    with broadcasts.in_background() as announce:
        execution.run(deployment_id=deployment_id, announce=announce)
    broadcasts.deployment_changed(deployment_id=deployment_id)


@shared_task  # type: ignore[untyped-decorator]
def record(deployment_id: int) -> None:
    """Writes the record of a run whose record failed before."""
    execution.record_late(deployment_id=deployment_id)


@shared_task  # type: ignore[untyped-decorator]
def certify(deployment_id: int) -> None:
    """Looks again at what a deployment made."""
    certificates.read_again(deployment_id=deployment_id)


@shared_task  # type: ignore[untyped-decorator]
def drift(environment_id: int) -> None:
    """Looks whether an environment's live resources are as recorded."""
    drift_checks.check(environment_id=environment_id)


@shared_task  # type: ignore[untyped-decorator]
def read_live(environment_id: int) -> None:
    """Reads what is live in an environment, to be compared."""
    live.read(environment_id=environment_id)


@shared_task  # type: ignore[untyped-decorator]
def deliver(delivery_id: int) -> None:
    """Tries one delivery."""
    delivering.deliver(delivery_id=delivery_id)


@shared_task  # type: ignore[untyped-decorator]
def forget_deliveries() -> None:
    """Deletes what was delivered long ago."""
    delivering.forget()


@shared_task  # type: ignore[untyped-decorator]
def expire_records() -> None:
    """Lets records go as the policies of their environments say."""
    for _ in retaining.expire_all(timezone.now()):
        pass


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Takes up what a lost message, a dead worker or a restart left behind."""
    sweeping.sweep()
    freezes.end_running()
    for deployment_id in sweeping.weigh():
        broadcasts.deployment_changed(deployment_id=deployment_id)
