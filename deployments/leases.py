"""One writer per environment: a lease is taken, kept alive and given back by conditional updates."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from deployments.engine.errors import LostLease
from deployments.models import Lease

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held:
    """A lease somebody holds; `fencing` grows with every holder, so an older one can be told apart for ever."""

    environment_id: int
    holder: str
    fencing: int


def _expiry(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.LEASE_SECONDS)


def take(*, environment_id: int, holder: str, deployment_id: int) -> Held | None:
    """The lease, if it is free or its holder let it expire; None while another holds it."""
    now = timezone.now()
    with transaction.atomic():
        Lease.objects.get_or_create(environment_id=environment_id)
        free = Q(holder="") | Q(expires_at__lt=now)
        taken = Lease.objects.filter(free, environment_id=environment_id).update(
            holder=holder,
            deployment_id=deployment_id,
            fencing=F("fencing") + 1,
            heartbeat_at=now,
            expires_at=_expiry(now),
        )
        if not taken:
            return None
        fencing = Lease.objects.values_list("fencing", flat=True).get(environment_id=environment_id)
    return Held(environment_id, holder, fencing)


def renew(held: Held) -> None:
    """A heartbeat. Inside a transaction it also keeps others from taking the lease until that commits.

    Raises:
        LostLease: somebody else has taken it, or it was given back.
    """
    now = timezone.now()
    kept = Lease.objects.filter(environment_id=held.environment_id, fencing=held.fencing, holder=held.holder).update(
        heartbeat_at=now, expires_at=_expiry(now)
    )
    if not kept:
        raise LostLease(f"{held.holder} no longer holds the environment")


def release(held: Held) -> None:
    """Gives it back; harmless when it is no longer ours."""
    Lease.objects.filter(environment_id=held.environment_id, fencing=held.fencing, holder=held.holder).update(
        holder="", deployment=None, expires_at=None
    )


def kept_while(held: Held, work: Callable[[], T]) -> T:
    """Does the work, which must not need the database, in a thread, while this one keeps the lease alive.

    Raises:
        LostLease: it was lost meanwhile; the work was waited for.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="kept") as pool:
        future = pool.submit(copy_context().run, work)
        while True:
            try:
                return future.result(timeout=settings.LEASE_SECONDS / 4)
            except TimeoutError:
                if future.done():  # the work itself has timed out
                    raise
                renew(held)
