"""A record's documents read back: one at a time when asked for, bounded, and only if they are what was sealed.

`open_record` answers a reader; `plan(record)` and its like are for those who need one document.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from history import layout
from history.cache import DigestCache
from history.canonical import sha256
from history.metadata import Metadata
from history.models import Annotation, Record
from history.records import File, Manifest
from history.store import NotThere, Store
from history.store import store as configured_store

LARGEST_BYTES = 64 * 1024 * 1024
CACHE_BYTES = 8 * 1024 * 1024
"""Of documents as they are stored; parsed they take several times as much memory."""
LOGS_BYTES = LARGEST_BYTES
"""Of execution logs, whose lines are held as they are stored: a page of one reads a few of them."""
LOG_BYTES = 1024 * 1024
MOST_EVENTS = 1000

T = TypeVar("T")
_cache = DigestCache(CACHE_BYTES)
_logs = DigestCache(LOGS_BYTES)


class Damaged(Exception):
    """A document is missing, or is not what was sealed; `history_verify` says more."""


class Expired(Damaged):
    """The record's documents were let go, as its tombstone says."""

    def __init__(self, deployment_id: str) -> None:
        stone = Annotation.objects.filter(deployment_id=deployment_id, says="expired").first()
        when = f" on {stone.at:%-d %B %Y}: {stone.reason}" if stone else ""
        super().__init__(f"the documents of {deployment_id} expired{when}")
        self.deployment_id = deployment_id


class TooLarge(Exception):
    """A document is larger than a page can show; download it instead."""


@dataclass(frozen=True, slots=True)
class RecordReader:
    """The documents of one record. Values come from a shared cache: read them, never change them.

    Every method raises Damaged, TooLarge, or StoreUnavailable when the store does not answer.
    """

    store: Store
    manifest: Manifest

    def config_text(self) -> str:
        """The configuration as it was deployed."""
        return self._load(layout.CONFIG, _text)

    def plan(self) -> dict[str, Any]:
        """The plan (deployments.engine.plan.Plan as JSON)."""
        return self._load(layout.PLAN, _mapping)

    def approvals(self) -> list[dict[str, Any]]:
        """Who approved or rejected it."""
        return self._load(layout.APPROVALS, _list)

    def state_before(self) -> dict[str, Any]:
        """The state file before the run."""
        return self._load(layout.STATE_BEFORE, _mapping)

    def state_after(self) -> dict[str, Any]:
        """The state file after the run."""
        return self._load(layout.STATE_AFTER, _mapping)

    def certificate(self) -> dict[str, Any] | None:
        """What a rollback restored (deployments.engine.certificate.Certificate as JSON); None where there is none."""
        return self._load(layout.CERTIFICATE, _mapping) if layout.CERTIFICATE in self.manifest.files else None

    def metadata(self) -> Metadata:
        """The head data."""
        return self._load(layout.METADATA, _metadata)

    def events(self, after: int = 0, limit: int = MOST_EVENTS) -> list[dict[str, Any]]:
        """Up to `limit` events behind number `after`, in order; only these are parsed."""
        return [_mapping(line) for line in self.event_lines()[after : after + limit]]

    def all_events(self) -> Iterator[dict[str, Any]]:
        """Every event in order, parsed one by one."""
        return map(_mapping, self.event_lines())

    def event_lines(self) -> list[bytes]:
        """Every event as its line of JSON; number 1 comes first, and none is left out."""
        return self._load(layout.EVENTS, _lines, _logs)

    @property
    def resources_with_logs(self) -> tuple[str, ...]:
        """Logical ids of the resources that have a log."""
        return tuple(sorted(file.resource for file in self.manifest.files.values() if file.resource is not None))

    def logs(self, resource: str, limit_bytes: int = LOG_BYTES) -> str:
        """The end of a resource's log, whole lines, at most so many bytes; empty when it has none."""
        for name, file in self.manifest.files.items():
            if file.resource == resource:
                data = self.raw(name)
                kept = data[-limit_bytes:]
                return (kept if len(kept) == len(data) else kept[kept.find(b"\n") + 1 :]).decode()
        return ""

    def raw(self, name: str) -> bytes:
        """The bytes of a file of the record, for downloads, checked but not cached."""
        file = self._file(name)
        try:
            data = self.store.get(self.manifest.prefix + name)
        except NotThere as error:
            if Record.objects.filter(deployment_id=self.manifest.deployment_id, expired_at__isnull=False).exists():
                raise Expired(self.manifest.deployment_id) from error
            raise Damaged(f"{name} of {self.manifest.deployment_id} is missing") from error
        if sha256(data) != file.sha256:
            raise Damaged(f"{name} of {self.manifest.deployment_id} is not what was sealed")
        return data

    def _load(self, name: str, parse: Callable[[bytes], T], cache: DigestCache = _cache) -> T:
        file = self._file(name)
        return cache.get(name, file.sha256, file.size, lambda: parse(self.raw(name)))

    def _file(self, name: str) -> File:
        file = self.manifest.files.get(name)
        if file is None:
            raise Damaged(f"{self.manifest.deployment_id} has no {name}")
        if file.size > LARGEST_BYTES:
            raise TooLarge(f"{name} of {self.manifest.deployment_id} has {file.size} bytes")
        return file


def open_record(record: Record, store: Store | None = None) -> RecordReader:
    """A reader of the record the index row stands for.

    Raises:
        Expired: its documents were let go.
        Damaged: its manifest is missing or not the one the index knows.
    """
    if record.expired_at is not None:
        raise Expired(record.deployment_id)
    store = store or configured_store()

    def load() -> Manifest:
        try:
            manifest = Manifest.from_bytes(store.get(record.prefix + layout.MANIFEST))
        except (NotThere, ValueError) as error:
            raise Damaged(f"the manifest of {record.deployment_id} cannot be read: {error}") from error
        if manifest.digest() != record.manifest_digest:
            raise Damaged(f"the manifest of {record.deployment_id} is not the one the index knows")
        return manifest

    return RecordReader(store, _cache.get(layout.MANIFEST, record.manifest_digest, 4096, load))


def plan(record: Record) -> dict[str, Any]:
    """The plan of a record; see RecordReader.plan."""
    return open_record(record).plan()


def _text(data: bytes) -> str:
    return data.decode()


def _mapping(data: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(data)
    return value


def _list(data: bytes) -> list[dict[str, Any]]:
    value: list[dict[str, Any]] = json.loads(data)
    return value


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines()


def _metadata(data: bytes) -> Metadata:
    return Metadata.from_dict(json.loads(data))
