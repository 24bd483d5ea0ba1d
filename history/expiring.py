"""Letting records go as their environment's policy says: a signed tombstone first, then the documents.

Who dies in between is finished by the next run. The tombstone takes its place among the annotations, so a tag or hold
that came first is seen, and one that comes later is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from history import annotation_index, layout
from history.annotating import CannotSay, environment_holds, holds_on, say
from history.annotation import Says, Tombstone
from history.models import Annotation, Record, RetentionPolicy
from history.reading import Damaged, open_record
from history.retention import Candidate, Policy, Verdict, judged
from history.store import WRITERS, Store
from history.store import store as configured_store
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.models import Environment

log = logging.getLogger(__name__)

READ = ("deployment_id", "sequence", "status", "ended_at", "labels", "holds", "rollback_to")
"""What deciding needs of a row; an environment may have very many."""

Forget = Callable[[str], None]
"""Removes what the database has of the documents of a deployment; safe to repeat."""


@dataclass(frozen=True, slots=True)
class Expired:
    """What a run did in one environment: the ids of records that went (or would go), and what could not be done."""

    gone: tuple[str, ...] = ()
    finished: int = 0
    trouble: tuple[str, ...] = ()


def policy_of(environment: Environment) -> Policy | None:
    """What is in force; None where everything is kept."""
    row = RetentionPolicy.objects.filter(environment=environment).first()
    return row.value() if row else None


def verdicts(environment: Environment, policy: Policy, needed: Mapping[str, str], now: datetime) -> list[Verdict]:
    """What the policy would do now with every record that still has its documents, newest first."""
    rows = Record.objects.of_environment(environment).filter(expired_at=None).only(*READ)
    over_all = environment_holds(environment.project.slug, environment.name)
    return judged((_candidate(row, over_all) for row in rows), policy, now, needed)


def expire(
    environment: Environment, *, needed: Mapping[str, str], forget: Forget, now: datetime, store: Store | None = None
) -> Expired:
    """Lets go what the policy lets go, and finishes what an earlier run began.

    `needed` are the ids of deployments that must stay all the same, with the reason.

    Raises:
        ChainBroken: the environment's annotations are damaged.
        StoreUnavailable: the store does not answer, or the key that signs cannot be used.
    """
    store = store or configured_store()
    annotation_index.catch_up(store, environment.project.slug, environment.name)
    begun = Record.objects.filter(environment=environment, expired_at__isnull=False, cleared=False)
    finished = sum(_clear(store, row, forget) for row in begun)
    gone: list[str] = []
    trouble: list[str] = []
    policy = policy_of(environment)
    found = verdicts(environment, policy, needed, now) if policy else []
    for verdict in reversed(found):
        if verdict.goes and policy and policy == policy_of(environment):
            row = Record.objects.get(deployment_id=verdict.record.deployment_id)
            try:
                _let_go(store, row, environment, policy, verdict.why, now)
            except (CannotSay, Damaged) as error:
                log.warning("%s does not expire: %s", row, error)
                trouble.append(f"{row.deployment_id}: {error}")
                continue
            _clear(store, row, forget)
            gone.append(row.deployment_id)
    return Expired(tuple(gone), finished, tuple(trouble))


def _let_go(store: Store, row: Record, environment: Environment, policy: Policy, why: str, now: datetime) -> None:
    reader = open_record(row, store)
    stone = Tombstone(
        metadata=reader.raw(layout.METADATA).decode(),
        policy=policy.as_dict(),
        files=tuple(sorted(reader.manifest.files)),
    )
    with transaction.atomic():
        audit(
            Deed.RECORD_EXPIRED,
            actor=None,
            environment=environment,
            target_type="record",
            target=row.deployment_id,
            detail={"why": why, "policy": policy.as_dict()},
        )
        say(row, Says.EXPIRED, by="strandsweb", reason=why, now=now, tombstone=stone, store=store)


def _clear(store: Store, row: Record, forget: Forget) -> int:
    """Removes the documents that the tombstone names; those of the database first, as only the store's are counted."""
    stone = annotation_index.tombstone(row)
    assert stone is not None, "an expired record has a tombstone"
    forget(row.deployment_id)
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="expire") as pool:
        list(pool.map(lambda name: store.delete(row.prefix + name), stone.files))
    Record.objects.filter(pk=row.pk).update(cleared=True)
    return 1


def _candidate(row: Record, over_all: list[Annotation]) -> Candidate:
    holds = holds_on(row, over_all)
    return Candidate(
        deployment_id=row.deployment_id,
        sequence=row.sequence,
        status=row.status,
        ended_at=row.ended_at,
        kept_by=(*(f"tagged {name}" for name in row.labels), *holds),
        held=bool(holds),
        rollback_to=row.rollback_to,
    )
