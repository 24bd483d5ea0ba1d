"""A worker takes one delivery, tries it, and writes down how that went; what failed is tried again, later and later."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from datetime import timedelta

from cryptography.fernet import InvalidToken
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from deployments.dispatch import enqueue
from deployments.telling import mails, slack, teams, webhook
from deployments.telling.addresses import Blocked
from deployments.telling.models import Delivery, Kind
from deployments.telling.posting import GiveUp, TryAgain
from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import User

logger = logging.getLogger(__name__)

SENDERS: Mapping[str, Callable[[Delivery], str]] = {
    Kind.EMAIL: mails.send,
    Kind.SLACK: slack.send,
    Kind.TEAMS: teams.send,
    Kind.WEBHOOK: webhook.send,
}
PAUSES_SECONDS = (15.0, 60.0, 300.0, 1800.0, 7200.0)
"""Between the tries; after the last one it has failed."""
ATTEMPTS = len(PAUSES_SECONDS) + 1
CLAIM = timedelta(minutes=2)
"""How long a worker has for one try, before another one takes its death for granted."""
KEPT = timedelta(days=90)
AT_ONCE = 50
"""How many late deliveries one sweep sends, so that a long outage does not keep runs from the workers."""


def deliver(*, delivery_id: int) -> Delivery | None:
    """Tries it, if it is due and nobody else has it; None if not. A second message for it is harmless."""
    now = timezone.now()
    due = Delivery.objects.filter(pk=delivery_id, status=Delivery.Status.WAITING, next_at__lte=now)
    if not due.update(attempts=F("attempts") + 1, next_at=now + CLAIM):
        return None
    delivery = Delivery.objects.select_related("channel", "person", "project").get(pk=delivery_id)
    try:
        _close(delivery, Delivery.Status.SENT, _send(delivery))
    except TryAgain as failure:
        if delivery.attempts < ATTEMPTS:
            _put_off(delivery, failure)
        else:
            _close(delivery, Delivery.Status.FAILED, f"{failure} Given up after {delivery.attempts} tries.")
    except (GiveUp, Blocked) as failure:
        _close(delivery, Delivery.Status.FAILED, str(failure))
    delivery.refresh_from_db()
    return delivery


def again(delivery: Delivery, *, actor: User) -> bool:
    """Another round of tries for what failed, with the id it had; whether it had."""
    fresh = {"status": Delivery.Status.WAITING, "attempts": 0, "outcome": "", "ended_at": None}
    with transaction.atomic():
        failed = Delivery.objects.filter(pk=delivery.pk, status=Delivery.Status.FAILED)
        moved = failed.update(next_at=timezone.now(), **fresh)
        if moved:
            told = delivery.channel.name if delivery.channel else delivery.kind
            write(
                Deed.DELIVERY_RETRIED, actor=actor, project=delivery.project, target_type="channel", target=told,
                detail={"delivery": str(delivery.public_id)},
            )  # fmt: skip
            enqueue("deliver", delivery.pk)
    return bool(moved)


def late(now_minus: timedelta) -> list[int]:
    """Keys of deliveries that are due since that long: put off, or their message or worker was lost."""
    due = Delivery.objects.filter(status=Delivery.Status.WAITING, next_at__lte=timezone.now() - now_minus)
    return list(due.order_by("next_at").values_list("pk", flat=True)[:AT_ONCE])


def forget() -> int:
    """Deletes what ended long ago; answers how many."""
    with transaction.atomic():
        gone = Delivery.objects.filter(ended_at__lt=timezone.now() - KEPT).delete()[0]
        if gone:
            write(Deed.DELIVERIES_FORGOTTEN, actor=None, detail={"count": gone})
    return gone


def _send(delivery: Delivery) -> str:
    if delivery.attempts > ATTEMPTS:
        raise GiveUp(f"Given up: {ATTEMPTS} workers died over it.")
    if delivery.kind != Kind.EMAIL and delivery.channel is None:
        raise GiveUp("The channel was removed.")
    try:
        return SENDERS[delivery.kind](delivery)
    except InvalidToken:
        raise GiveUp("The channel was set up with another secret key of the server. Enter its address again.") from None
    except (TryAgain, GiveUp, Blocked):
        raise
    except Exception:
        logger.exception("delivery %s failed", delivery.public_id)
        raise GiveUp("An error in strandsweb itself; its log has the details.") from None


def _put_off(delivery: Delivery, failure: TryAgain) -> None:
    pause = PAUSES_SECONDS[delivery.attempts - 1] * random.uniform(0.8, 1.2)
    next_at = timezone.now() + timedelta(seconds=max(pause, failure.after_seconds))
    _ours(delivery).update(next_at=next_at, outcome=str(failure)[:200])


def _close(delivery: Delivery, status: Delivery.Status, outcome: str) -> None:
    _ours(delivery).update(status=status, outcome=outcome[:200], ended_at=timezone.now())


def _ours(delivery: Delivery) -> models.QuerySet[Delivery]:
    """The row, unless another worker took it over meanwhile."""
    return Delivery.objects.filter(pk=delivery.pk, status=Delivery.Status.WAITING, attempts=delivery.attempts)
