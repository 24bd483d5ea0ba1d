"""A history of three records with annotations: the second is tagged, the first has expired, the third is held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from history.annotating import say
from history.annotation import Says, Tombstone
from history.models import Annotation, Record
from history.recording import record
from history.records import Manifest
from history.store import InMemoryStore

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def annotated(store: InMemoryStore, documents: Callable[..., Any]) -> None:
    """Writes it, and enters it into the index."""
    first, second = (record(documents(number, memory=number), store) for number in (1, 2))
    say(second, Says.TAG, name="golden", by="Bob", now=NOW, store=store)
    let_go(store, first)
    third = record(documents(3, memory=3), store)
    say(third, Says.HOLD, name="Case 7", reason="asked by counsel", by="Alice", now=NOW, store=store)


def let_go(store: InMemoryStore, row: Record) -> Annotation:
    """Lets a record expire, and removes its documents."""
    manifest = Manifest.from_bytes(store.objects[row.prefix + "manifest.json"])
    stone = Tombstone(
        metadata=store.objects[row.prefix + "metadata.json"].decode(),
        policy={"keepLast": 1, "succeededDays": 30, "failedDays": 7},
        files=tuple(sorted(manifest.files)),
    )
    said = say(row, Says.EXPIRED, by="strandsweb", reason="too old", now=NOW, tombstone=stone, store=store)
    for name in stone.files:
        store.delete(row.prefix + name)
    Record.objects.filter(pk=row.pk).update(cleared=True)
    return said
