"""The database's copy of what the store knows: one row entered per record, or all of them made again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from history import annotation, annotation_index, chain, layout
from history.annotation import Tombstone
from history.finding import entering as finding
from history.metadata import Metadata
from history.models import Record
from history.records import Manifest
from history.store import Store
from history.touched import Touched, touched_by, tried_in
from history.verifier import Head
from history.wording import fitting
from projects.models import Environment

BATCH = 500


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: environments found in the store, records entered, stale rows removed for good."""

    environments: int
    records: int
    removed: int


def last_sequence(project: str, environment: str) -> int:
    """The highest place in an environment's chain that the index knows; 0 when it knows none."""
    head = last(project, environment)
    return head.sequence if head else 0


def last(project: str, environment: str) -> Record | None:
    """The row at the end of an environment's chain, by the names the store uses."""
    rows = Record.objects.filter(project_slug=project, environment_name=environment)
    return rows.order_by("-sequence").first()


def head(project: str, environment: str) -> Head | None:
    """The end of an environment's chain as the index remembers it, to verify the store against."""
    row = last(project, environment)
    return head_of(row) if row else None


def head_of(row: Record) -> Head:
    """A record as the index remembers it."""
    return Head(row.sequence, row.manifest_digest, row.signed_by)


def enter(manifest: Manifest, metadata: Metadata) -> Record:
    """The record's row, made if it is not there; records never change, so an existing row is right as it is."""
    with transaction.atomic():
        row, made = Record.objects.get_or_create(
            deployment_id=manifest.deployment_id,
            defaults=_fields(manifest, metadata, _environment(manifest.project, manifest.environment)),
        )
        if made:
            finding.enter([(row, metadata)])
    return row


def rebuild(store: Store) -> Rebuilt:
    """Makes the whole index again from the store alone, one environment at a time; pages stay usable meanwhile.

    Rows of records made while it runs are left alone; rows the store knows nothing of are removed.

    Raises:
        NotARecord, NotThere: an environment's history is damaged; its rows stay as they were. See history_verify.
    """
    newest = Record.objects.aggregate(Max("pk"))["pk__max"] or 0
    found = sorted(chain.environments(store))
    records = sum(_rebuild_environment(store, project, environment, newest) for project, environment in found)
    known = set(Record.objects.order_by().values_list("project_slug", "environment_name").distinct())
    removed = 0
    for project, environment in known.difference(found):
        old = Record.objects.filter(project_slug=project, environment_name=environment, pk__lte=newest)
        removed += old.delete()[1].get(Record._meta.label, 0)
        annotation_index.replace(project, environment, ())
    return Rebuilt(len(found), records, removed)


def rebuild_place(store: Store, project: str, environment: str) -> int:
    """The same for one environment; answers how many records it has."""
    return _rebuild_environment(store, project, environment, Record.objects.aggregate(Max("pk"))["pk__max"] or 0)


def _rebuild_environment(store: Store, project: str, environment: str, newest: int) -> int:
    """Replaces an environment's rows up to the `newest` there was; returns how many the store has.

    Everything is read before a row is touched, so that a damaged history leaves the index as it was.
    """
    place = _environment(project, environment)
    said = list(annotation.read(store, project, environment))
    later = annotation_index.rows_of(said)
    stones = {entry.deployment_id: entry.tombstone for entry in said if entry.tombstone}
    of_record = annotation_index.by_record(later)
    rows: list[tuple[Record, Metadata]] = []
    for manifest, metadata in _stored(store, project, environment, stones):
        row = Record(
            **_fields(manifest, metadata, place), **annotation_index.marks(of_record.get(manifest.deployment_id, ()))
        )
        row.cleared = row.expired_at is not None and list(store.keys(manifest.prefix)) == [
            manifest.prefix + layout.MANIFEST
        ]
        rows.append((row, metadata))
    with transaction.atomic():
        annotation_index.replace(project, environment, later)
        Record.objects.filter(project_slug=project, environment_name=environment, pk__lte=newest).delete()
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            Record.objects.filter(deployment_id__in=[row.deployment_id for row, _ in batch]).delete()
            Record.objects.bulk_create(row for row, _ in batch)
            finding.enter(batch)
    return len(rows)


def _stored(
    store: Store, project: str, environment: str, stones: Mapping[str, Tombstone]
) -> Iterator[tuple[Manifest, Metadata]]:
    """Every record of an environment; of one that has expired the metadata are in its tombstone."""
    for _, data in chain.links(store, project, environment):
        manifest = Manifest.from_bytes(data)
        stone = stones.get(manifest.deployment_id)
        text = stone.metadata if stone else store.get(manifest.prefix + layout.METADATA)
        metadata = Metadata.from_dict(json.loads(text))
        if metadata.touched is None and not stone:
            metadata = replace(metadata, touched=_touched(store, manifest))
        yield manifest, metadata


def _touched(store: Store, manifest: Manifest) -> tuple[Touched, ...]:
    """The same of a record from before its metadata said so, from its plan and events."""
    plan = json.loads(store.get(manifest.prefix + layout.PLAN))
    lines = store.get(manifest.prefix + layout.EVENTS).splitlines()
    return touched_by(plan, tried_in(json.loads(line) for line in lines if b'"step.' in line))


def _environment(project: str, environment: str) -> Environment | None:
    return Environment.objects.filter(project__slug=project, name=environment).select_related("project").first()


def _fields(manifest: Manifest, metadata: Metadata, environment: Environment | None) -> dict[str, Any]:
    """A row's columns, from the store's content alone (and the rows its names belong to)."""
    return {
        "project": environment.project if environment else None,
        "environment": environment,
        "project_slug": manifest.project,
        "environment_name": manifest.environment,
        "deployment_id": manifest.deployment_id,
        "sequence": manifest.sequence,
        "kind": metadata.kind,
        "status": metadata.status,
        "started_at": datetime.fromisoformat(metadata.started_at),
        "ended_at": datetime.fromisoformat(metadata.ended_at),
        "duration_seconds": metadata.duration_seconds,
        "deployed_by": fitting(metadata.deployed_by, 150),
        "method": metadata.method,
        "version": fitting(metadata.version, 100),
        "configuration_number": metadata.configuration_number,
        "source_digest": metadata.source_digest,
        "created": metadata.counts.created,
        "updated": metadata.counts.updated,
        "deleted": metadata.counts.deleted,
        "replaced": metadata.counts.replaced,
        "resource_count": metadata.resource_count,
        "monthly_usd": metadata.monthly_usd,
        "tags": dict(metadata.tags),
        "what_changed": fitting(metadata.what_changed, 2000),
        "rollback_to": metadata.rollback_to or "",
        "undoes": fitting(metadata.undoes, 100),
        "promoted_from": fitting(metadata.promoted_from, 20),
        "approved_by": [fitting(name, 150) for name in metadata.approved_by],
        "verdict": fitting(metadata.verdict, 30),
        "prefix": manifest.prefix,
        "manifest_digest": manifest.digest(),
        "previous_digest": manifest.previous or "",
        "signed_by": manifest.signature.key if manifest.signature else "",
    }
