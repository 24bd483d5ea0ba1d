"""What workers do for the audit log, told by beat."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from projects.audit import chains, denials


@shared_task  # type: ignore[untyped-decorator]
def close_up() -> None:
    """Chains what was written since, refusals that were counted among it."""
    denials.close_up()
    chains.close_up()


@shared_task  # type: ignore[untyped-decorator]
def expire() -> None:
    """Lets go of what is too old."""
    chains.expire_all(timezone.now())
