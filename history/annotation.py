"""What is said of records later: an environment's second chain, beside that of the records.

An entry tags a record or holds it, takes that back, or says that its documents have expired (a *tombstone*). Entries
are numbered, written once, signed, and name the digest of the one before; the put-if-absent of a number settles who
was first. So nothing can expire behind the back of a hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from history import chain, layout
from history.canonical import dumps, sha256
from history.records import FORMAT, End, NotARecord, Signature
from history.signing import Signer
from history.store import AlreadyExists, NotThere, Store
from history.verifier import Head


class Says(StrEnum):
    """What an entry says of its record; the last two of the record and all before it."""

    TAG = "tag"
    UNTAG = "untag"
    HOLD = "hold"
    UNHOLD = "unhold"
    EXPIRED = "expired"
    HOLD_ALL = "hold-all"
    UNHOLD_ALL = "unhold-all"


class Overtaken(Exception):
    """Somebody else wrote the next entry first: read it, and decide anew."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stays of a record whose documents are gone: its `metadata.json` as text, the policy, and what went."""

    metadata: str
    policy: Mapping[str, int | None]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One annotation. `number` counts from 1 in the environment; 0 and no signature: it has no place yet.

    `sequence`, `deployment_id` and `manifest` (a digest) name the record; `value` is the name of the tag or hold;
    `at` is ISO 8601 UTC; `tombstone` is there where it says expired.
    """

    project: str
    environment: str
    sequence: int
    deployment_id: str
    manifest: str
    says: Says
    value: str
    reason: str
    by: str
    at: str
    tombstone: Tombstone | None = None
    number: int = 0
    previous: str | None = None
    signature: Signature | None = None

    def digest(self) -> str:
        """SHA-256 of the canonical bytes without the signature: what the next entry names as `previous`."""
        return sha256(dumps(self._unsigned()))

    def to_bytes(self) -> bytes:
        """The content of its object."""
        signed = {} if self.signature is None else {"signature": asdict(self.signature)}
        return dumps(self._unsigned() | signed)

    def head(self) -> Head:
        """It as others remember it."""
        return Head(self.number, self.digest(), self.signature.key if self.signature else "")

    @classmethod
    def from_bytes(cls, data: bytes) -> Entry:
        """The inverse of `to_bytes`.

        Raises:
            NotARecord: it is no annotation, of another format, or not written the canonical way.
        """
        try:
            raw = json.loads(data)
            if raw["format"] != FORMAT:
                raise NotARecord(f"annotation format {raw['format']!r} is not known here (expected {FORMAT!r})")
            stone = raw.get("tombstone")
            entry = cls(
                project=raw["project"],
                environment=raw["environment"],
                sequence=raw["sequence"],
                deployment_id=raw["deploymentId"],
                manifest=raw["manifest"],
                says=Says(raw["says"]),
                value=raw["value"],
                reason=raw["reason"],
                by=raw["by"],
                at=raw["at"],
                tombstone=Tombstone(stone["metadata"], stone["policy"], tuple(stone["files"])) if stone else None,
                number=raw["number"],
                previous=raw["previous"],
                signature=Signature(**raw["signature"]),
            )
            canonical = entry.to_bytes()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if isinstance(error, NotARecord):
                raise
            raise NotARecord(f"not an annotation: {error}") from error
        if canonical != data:
            raise NotARecord("not an annotation: it was not written the canonical way")
        return entry

    def _unsigned(self) -> dict[str, Any]:
        stone = self.tombstone
        return {
            "format": FORMAT,
            "number": self.number,
            "previous": self.previous,
            "project": self.project,
            "environment": self.environment,
            "sequence": self.sequence,
            "deploymentId": self.deployment_id,
            "manifest": self.manifest,
            "says": self.says.value,
            "value": self.value,
            "reason": self.reason,
            "by": self.by,
            "at": self.at,
        } | ({"tombstone": {**asdict(stone), "files": list(stone.files)}} if stone else {})


def read(store: Store, project: str, environment: str, after: int = 0) -> Iterator[Entry]:
    """The entries behind a number, in order.

    Raises:
        NotARecord: one of them is missing, or is no annotation.
    """
    start = layout.annotation(project, environment, after) if after else ""
    for number, key in enumerate(store.keys(layout.said_later(project, environment), start), after + 1):
        if key != layout.annotation(project, environment, number):
            raise NotARecord(f"{project}/{environment} has {key} where annotation {number} should be")
        yield Entry.from_bytes(store.get(key))


def end(store: Store, project: str, environment: str, known: int = 0) -> End | None:
    """The last entry, as manifests name it, looking from a known number on; None where there is none.

    Raises:
        ChainBroken: the entries end before `known`, or the last one cannot be read.
    """
    try:
        last = known + sum(1 for _ in read(store, project, environment, known))
        if not last:
            return None
        return End(last, Entry.from_bytes(store.get(layout.annotation(project, environment, last))).digest())
    except (NotThere, NotARecord) as error:
        raise chain.ChainBroken(
            f"the annotations of {project}/{environment} cannot be read ({error}); see history_verify, and"
            " history_reindex if the store was changed on purpose"
        ) from error


def append(store: Store, said: Entry, signer: Signer, last: Head | None) -> Entry:
    """Writes an entry behind the `last` one (None: it is the first), and answers it as it stands there.

    Raises:
        Overtaken: another one took the place.
        CannotSign: the key cannot be used, was replaced by another, or was never introduced.
    """
    chain.introduce(store, signer)
    placed = replace(said, number=last.sequence + 1 if last else 1, previous=last.digest if last else None)
    signed = replace(placed, signature=Signature(signer.id, signer.sign("annotation", placed.digest())))
    try:
        store.put_new(layout.annotation(said.project, said.environment, signed.number), signed.to_bytes())
    except AlreadyExists as taken:
        raise Overtaken from taken
    return signed
