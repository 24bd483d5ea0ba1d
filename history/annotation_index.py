"""The database's copy of annotations: a row for each, and what they come to in the row of the record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from history import annotation, chain
from history.annotation import Entry, Says
from history.finding import entering as finding
from history.metadata import Metadata
from history.models import Annotation, Record
from history.records import NotARecord
from history.store import NotThere, Store
from history.verifier import Head
from history.wording import fitting

TAKES_BACK = {Says.UNTAG: Says.TAG, Says.UNHOLD: Says.HOLD, Says.UNHOLD_ALL: Says.HOLD_ALL}
BATCH = 500


def last(project: str, environment: str) -> Head | None:
    """The end of an environment's annotations as the index remembers it."""
    row = Annotation.objects.of_environment(project, environment).order_by("-number").first()
    return Head(row.number, row.digest, row.signed_by) if row else None


def tombstone(row: Record) -> Annotation | None:
    """What let the record go."""
    return Annotation.objects.filter(deployment_id=row.deployment_id, says=Says.EXPIRED).first()


def about(project: str, environment: str, after: int, until: int) -> dict[int, str]:
    """The digests, by number, of what was said of the records behind `after` up to `until`."""
    rows = Annotation.objects.of_environment(project, environment).filter(sequence__gt=after)
    rows = rows.filter(Q(sequence__lte=until) | Q(says__in=(Says.HOLD_ALL, Says.UNHOLD_ALL)))
    return dict(rows.order_by("number").values_list("number", "digest"))


def catch_up(store: Store, project: str, environment: str) -> Head | None:
    """Enters what the index does not know yet; answers the end that store and index now agree on.

    Raises:
        ChainBroken: the store does not have what the index knows, or it cannot be read.
    """
    known = last(project, environment)
    try:
        for entry in annotation.read(store, project, environment, known.sequence if known else 0):
            enter(entry)
            known = entry.head()
    except (NotARecord, NotThere) as error:
        raise chain.ChainBroken(f"{error}; see history_verify") from error
    end = annotation.end(store, project, environment, known.sequence if known else 0)
    if (end.digest if end else None) != (known.digest if known else None):
        raise chain.ChainBroken(
            f"the annotations of {project}/{environment} are not those the index knows; see history_verify"
        )
    return known


@transaction.atomic
def enter(entry: Entry) -> Annotation:
    """The row of an annotation, made if it is not there, and what follows from it for others."""
    row, made = Annotation.objects.get_or_create(
        project_slug=entry.project, environment_name=entry.environment, number=entry.number, defaults=_columns(entry)
    )
    if made:
        said_before = Annotation.objects.of_environment(entry.project, entry.environment).filter(
            says=TAKES_BACK.get(entry.says), value=row.value, number__lt=entry.number
        )
        if entry.says in (Says.UNTAG, Says.UNHOLD):
            said_before = said_before.filter(deployment_id=entry.deployment_id)
        said_before.update(lifted=True)
        about = Record.objects.filter(deployment_id=entry.deployment_id)
        about.update(**marks(Annotation.objects.filter(deployment_id=entry.deployment_id).order_by("number")))
        for record in about:
            if entry.tombstone:
                finding.enter_again(record, Metadata.from_dict(json.loads(entry.tombstone.metadata)))
            elif entry.says in (Says.TAG, Says.UNTAG):
                finding.label(record)
    return row


def marks(rows: Iterable[Annotation]) -> dict[str, Any]:
    """The columns of a record that follow from its annotations, which are in order."""
    found = list(rows)
    named = {
        says: list(dict.fromkeys(row.value for row in found if row.says == says and not row.lifted))
        for says in (Says.TAG, Says.HOLD)
    }
    expired = next((row.at for row in found if row.says == Says.EXPIRED), None)
    return {"labels": named[Says.TAG], "holds": named[Says.HOLD], "expired_at": expired}


def rows_of(entries: Iterable[Entry]) -> list[Annotation]:
    """All rows of an environment, as `enter` would make them one by one."""
    rows: list[Annotation] = []
    standing: dict[tuple[Says, str, str], list[Annotation]] = {}
    for entry in entries:
        row = Annotation(
            project_slug=entry.project, environment_name=entry.environment, number=entry.number, **_columns(entry)
        )
        about = "" if entry.says in (Says.HOLD_ALL, Says.UNHOLD_ALL) else entry.deployment_id
        if entry.says in TAKES_BACK:
            for taken_back in standing.pop((TAKES_BACK[entry.says], row.value, about), ()):
                taken_back.lifted = True
        else:
            standing.setdefault((entry.says, row.value, about), []).append(row)
        rows.append(row)
    return rows


def replace(project: str, environment: str, rows: Iterable[Annotation]) -> None:
    """Makes these the rows of an environment; part of the caller's transaction."""
    Annotation.objects.of_environment(project, environment).delete()
    Annotation.objects.bulk_create(rows, batch_size=BATCH)


def by_record(rows: Iterable[Annotation]) -> Mapping[str, list[Annotation]]:
    """Annotations by the record they are about."""
    found: dict[str, list[Annotation]] = {}
    for row in rows:
        found.setdefault(row.deployment_id, []).append(row)
    return found


def _columns(entry: Entry) -> dict[str, Any]:
    stone = entry.tombstone
    return {
        "sequence": entry.sequence,
        "deployment_id": entry.deployment_id,
        "says": entry.says,
        "value": fitting(entry.value, 100),
        "reason": fitting(entry.reason, 2000),
        "by": fitting(entry.by, 150),
        "at": datetime.fromisoformat(entry.at),
        "policy": dict(stone.policy) if stone else {},
        "files": list(stone.files) if stone else [],
        "digest": entry.digest(),
        "signed_by": entry.signature.key if entry.signature else "",
    }
