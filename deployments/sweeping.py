"""Finds work whose message was lost or whose worker died, and tells the workers again; run by beat."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from deployments import approvals, second_factor
from deployments.auditing import audit
from deployments.certificates.models import CertificateDocument
from deployments.comparing.models import LiveReading
from deployments.dispatch import enqueue
from deployments.models import RAN, Deployment, DriftCheck, Lease, Status
from deployments.telling import delivering
from projects.audit.deeds import Deed

_beat: Any = settings.CELERY_BEAT_SCHEDULE
EVERY = timedelta(seconds=_beat["sweep"]["schedule"])
"""How often beat runs it."""
PATIENCE = timedelta(seconds=15)
"""How long a message may be under way before it counts as lost."""

PLANNING_PATIENCE = timedelta(minutes=2)
"""How long a worker may plan before somebody else is asked to; two that plan the same make one plan."""

LONGEST_PLANNING = timedelta(hours=1)
"""A plan that is not made by then kills its workers, or the world never answers."""


WEIGHED_AT_ONCE = 20
"""How many plans that wait are weighed anew each time, those first that were not looked at for longest."""


def weigh() -> list[int]:
    """Moves plans along that time, other roles or another protection let run, or hold back; answers which moved."""
    waiting = Deployment.objects.filter(status__in=(Status.WAITING, Status.READY))
    moved = []
    longest = waiting.order_by(F("weighed_at").asc(nulls_first=True), "pk")
    for pk in longest.values_list("pk", flat=True)[:WEIGHED_AT_ONCE]:
        with transaction.atomic():
            deployment = waiting.select_for_update().filter(pk=pk).first()
            before = deployment.status if deployment else ""
            if deployment is not None:
                approvals.advance(deployment)
                if deployment.status != before:
                    moved.append(pk)
    return moved


def sweep() -> int:
    """Sends what waits too long; returns how many messages. Sending twice is harmless, claims see to that."""
    second_factor.forget_what_is_over()
    now = timezone.now()
    late = now - PATIENCE
    planning = Deployment.objects.filter(status=Status.PLANNING, created_at__lt=late)
    for endless in planning.filter(created_at__lt=now - LONGEST_PLANNING).select_related("environment__project"):
        _give_up_planning(endless)
    unplanned = planning.filter(Q(planning_at=None) | Q(planning_at__lt=now - PLANNING_PATIENCE))
    free = Lease.objects.filter(Q(holder="") | Q(expires_at__lt=now)).values("environment_id")
    never_held = Q(environment__lease__isnull=True)
    queued = Deployment.objects.filter(
        Q(environment_id__in=free) | never_held, status=Status.QUEUED, queued_at__lt=late
    )
    orphaned = Deployment.objects.filter(status=Status.RUNNING, environment_id__in=free)
    owed = Deployment.objects.filter(status__in=RAN, recorded=False, ended_at__lt=late, environment_id__in=free)
    certificates = CertificateDocument.objects.filter(reading=True, asked_at__lt=late)
    drifts = DriftCheck.objects.filter(status="checking", requested_at__lt=late)
    readings = LiveReading.objects.filter(status="reading", total=0, requested_at__lt=late)
    messages = [
        *(("plan", pk) for pk in unplanned.values_list("pk", flat=True)),
        *(("run", pk) for pk in (queued | orphaned).order_by("queued_at", "pk").values_list("pk", flat=True)),
        *(("record", pk) for pk in owed.values_list("pk", flat=True)),
        *(("certify", pk) for pk in certificates.values_list("pk", flat=True)),
        *(("drift", pk) for pk in drifts.values_list("pk", flat=True)),
        *(("read_live", pk) for pk in readings.values_list("pk", flat=True)),
        *(("deliver", pk) for pk in delivering.late(PATIENCE)),
    ]
    for task, pk in messages:
        enqueue(task, pk)
    return len(messages)


def _give_up_planning(deployment: Deployment) -> None:
    error = "Planning did not end within an hour, so it was given up. The workers' own log may say why; plan again."
    with transaction.atomic():
        planning = Deployment.objects.filter(pk=deployment.pk, status=Status.PLANNING)
        if planning.update(status=Status.INVALID, error=error, ended_at=timezone.now()):
            audit(Deed.PLAN_MADE, deployment, None, status=Status.INVALID, error=error)
