"""Saying something of a record: tags, legal holds, and that it has expired; whoever comes second decides anew."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from history import annotation, annotation_index, heads
from history.annotation import Entry, Overtaken, Says, Tombstone
from history.models import Annotation, Record
from history.signing import signer
from history.store import Store
from history.store import store as configured_store

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
"""What a tag may be: `v1.4`, `before-migration`."""
MOST_TAGS = 20


class CannotSay(Exception):
    """It cannot be said of this record; `str(error)` is a sentence for people."""


def say(
    record: Record,
    says: Says,
    *,
    by: str,
    now: datetime,
    name: str = "",
    reason: str = "",
    tombstone: Tombstone | None = None,
    store: Store | None = None,
) -> Annotation:
    """Writes an annotation and answers its row. `name` is that of the tag or hold.

    What holds the whole environment is said of its newest record, and is about that one and all before it.

    Raises:
        CannotSay: it is not so, or is so already.
        ChainBroken: the environment's annotations are damaged.
        StoreUnavailable: the store does not answer, or the key that signs cannot be used.
    """
    store = store or configured_store()
    while True:
        last = annotation_index.catch_up(store, record.project_slug, record.environment_name)
        record.refresh_from_db()
        if why := _refusal(record, says, name):
            raise CannotSay(why)
        said = Entry(
            project=record.project_slug,
            environment=record.environment_name,
            sequence=record.sequence,
            deployment_id=record.deployment_id,
            manifest=record.manifest_digest,
            says=says,
            value=name,
            reason=reason,
            by=by,
            at=now.isoformat(),
            tombstone=tombstone,
        )
        try:
            placed = annotation.append(store, said, signer(), last)
        except Overtaken:
            continue
        heads.anchor(placed)
        return annotation_index.enter(placed)


def environment_holds(project: str, environment: str) -> list[Annotation]:
    """The legal holds on a whole environment that are in force, each on its record and all before it."""
    rows = Annotation.objects.of_environment(project, environment).in_force()
    return list(rows.filter(says=Says.HOLD_ALL).order_by("number"))


def holds_on(record: Record, over_all: Iterable[Annotation]) -> list[str]:
    """What holds a record, in words; `over_all` are the holds on its environment."""
    return [
        *(f"held for {name}" for name in record.holds),
        *(f"held with its environment for {each.value}" for each in over_all if record.sequence <= each.sequence),
    ]


def _refusal(record: Record, says: Says, name: str) -> str:
    holds = environment_holds(record.project_slug, record.environment_name)
    over_all = {each.value for each in holds}
    gone = record.expired_at is not None
    match says:
        case Says.TAG if not TAG.fullmatch(name):
            return "A tag is letters, digits, dots, hyphens and underscores, at most 40: v1.4, before-migration."
        case Says.TAG | Says.HOLD if gone:
            return "The documents of this record have expired; there is nothing left to keep."
        case Says.TAG if name in record.labels:
            return f"The record is tagged {name} already."
        case Says.TAG if len(record.labels) >= MOST_TAGS:
            return f"A record has at most {MOST_TAGS} tags; remove one first."
        case Says.UNTAG if name not in record.labels:
            return f"The record is not tagged {name}."
        case Says.HOLD if name in record.holds:
            return f"The record is held for {name} already."
        case Says.UNHOLD if name not in record.holds:
            return f"The record is not held for {name}."
        case Says.HOLD_ALL if name in over_all:
            return f"The environment is held for {name} already. Use another name to hold what came later."
        case Says.UNHOLD_ALL if name not in over_all:
            return f"The environment is not held for {name}."
        case Says.EXPIRED if gone:
            return "It has expired already."
        case Says.EXPIRED if why := [*(f"tagged {name}" for name in record.labels), *holds_on(record, holds)]:
            return f"It is kept: {', '.join(why)}."
    return ""
