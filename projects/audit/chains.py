"""The hash chain over each project's entries: made a few seconds after they are written, verified, and let expire.

Entries are chained apart from being written, as the head of a chain is one row: locked inside every transaction that
does something worth an entry, it would be where all of them wait, and could deadlock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry, AuditHead
from projects.audit.writing import write
from projects.models import Project

BATCH = 500
_CHAIN = f"UPDATE {AuditEntry._meta.db_table} SET number = %s, digest = %s WHERE id = %s"  # noqa: S608 - no input


def digest_of(entry: AuditEntry, number: int, before: str) -> str:
    """SHA-256 over everything the entry says, its number, and the digest of the one before it."""
    content: dict[str, Any] = {
        "before": before,
        "chain": entry.chain,
        "number": number,
        "time": entry.time.astimezone(UTC).isoformat(timespec="microseconds"),
        "deed": entry.deed,
        "outcome": entry.outcome,
        "actorId": entry.actor_id,
        "actor": entry.actor_text,
        "via": entry.via,
        "token": entry.token,
        "address": entry.address,
        "requestId": entry.request_id,
        "environment": entry.environment,
        "targetType": entry.target_type,
        "target": entry.target,
        "detail": entry.detail,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def close_up() -> int:
    """Chains everything that was written and is not chained yet; answers how many entries."""
    unchained = AuditEntry.objects.filter(number=None).order_by().values_list("chain", flat=True).distinct()
    return sum(_close_up(chain) for chain in list(unchained))


def close_up_chain(chain: int) -> AuditHead:
    """Chains what was written of one chain until now; answers where it then stands."""
    _close_up(chain)
    return AuditHead.objects.get(chain=chain)


def _close_up(chain: int) -> int:
    AuditHead.objects.get_or_create(chain=chain)
    done = 0
    while True:
        with transaction.atomic():
            head = AuditHead.objects.select_for_update().get(chain=chain)
            found = list(AuditEntry.objects.filter(chain=chain, number=None).order_by("id")[:BATCH])
            chained = []
            for entry in found:
                head.number += 1
                head.digest = digest_of(entry, head.number, head.digest)
                chained.append((head.number, head.digest, entry.pk))
            with connection.cursor() as cursor:  # bulk_update takes up to a hundred times as long
                cursor.executemany(_CHAIN, chained)
            head.save(update_fields=["number", "digest"])
        done += len(found)
        if len(found) < BATCH:
            return done


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying a chain found: how many entries hold, and the first thing wrong in words ("" when nothing is).

    `waiting` entries were written in the last seconds and are not chained yet.
    """

    checked: int
    waiting: int
    wrong: str = ""
    entry: AuditEntry | None = None


def verify(chain: int) -> Verdict:
    """Reads a whole chain in order, and names the first entry that was edited, deleted, inserted or cut off."""
    head = AuditHead.objects.filter(chain=chain).first() or AuditHead(chain=chain)
    number, before, checked = head.expired_number, head.expired_digest, 0
    for entry in _in_order(chain, head):
        number += 1
        if entry.number != number:
            return Verdict(checked, 0, f"Entry {number} is missing; the next one there is {entry.number}.", entry)
        before = digest_of(entry, number, before)
        if entry.digest != before:
            return Verdict(checked, 0, f"Entry {number} is not what was written.", entry)
        checked += 1
    if (number, before) != (head.number, head.digest):
        return Verdict(checked, 0, f"The chain ends at entry {number}, but {head.number} were written.")
    return Verdict(checked, AuditEntry.objects.filter(chain=chain, number=None).count())


def expire_all(now: datetime) -> int:
    """Expires every chain that does not keep its entries for ever; answers how many entries went."""
    finite = AuditHead.objects.exclude(keep_days=None).values_list("chain", flat=True)
    return sum(expire(chain, now) for chain in list(finite))


def expire(chain: int, now: datetime) -> int:
    """Lets go of the chained entries older than the chain keeps them; the rest still verifies. Answers how many."""
    with transaction.atomic():
        head = AuditHead.objects.select_for_update().filter(chain=chain).first()
        if head is None or head.keep_days is None:
            return 0
        young = AuditEntry.objects.filter(chain=chain, time__gte=now - timedelta(days=head.keep_days))
        first = young.exclude(number=None).order_by("number").values_list("number", flat=True).first()
        last = (first or head.number + 1) - 1
        gone = AuditEntry.objects.filter(chain=chain, number__lte=last)
        edge = gone.order_by("-number").first()
        if edge is None:
            return 0
        head.expired_number, head.expired_digest = last, edge.digest
        head.save(update_fields=["expired_number", "expired_digest"])
        count = gone.delete()[0]
        project = Project.objects.filter(pk=chain).first()
        write(Deed.AUDIT_EXPIRED, actor=None, project=project, detail={"count": count, "through": last})
    return count


def _in_order(chain: int, head: AuditHead) -> Iterator[AuditEntry]:
    """The chained entries by number, up to the head as it was when verifying began."""
    number, entries = 0, AuditEntry.objects.filter(chain=chain, number__lte=head.number).order_by("number")
    while found := list(entries.filter(number__gt=number)[:BATCH]):
        yield from found
        number = found[-1].number or 0
