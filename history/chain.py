"""The order of an environment's records, kept so that two writers cannot fork it and nobody can touch it unseen.

Every record has a *link* in its environment's `chain/`: the bytes of its manifest, under its sequence number.
Writing the link is a put-if-absent, so exactly one record gets a number, and its manifest names the digest of the
one before. Who dies between link and `manifest.json` is finished by whoever comes next: the bytes are in the link.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from history import layout
from history.canonical import sha256
from history.records import Manifest, NotARecord
from history.store import AlreadyExists, NotThere, Store, folders


class ChainBroken(Exception):
    """The end of a chain is not what it must be; nothing can be added to it until somebody looked."""


class Fault(StrEnum):
    """What may be wrong with a history."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Problem:
    """The first thing wrong: what, where (the object's key), and in which record as far as that is known."""

    fault: Fault
    key: str
    sequence: int
    message: str

    def __str__(self) -> str:
        return f"{self.fault.value}: {self.key} (record {self.sequence}): {self.message}"


@dataclass(frozen=True, slots=True)
class Head:
    """The last link somebody outside the chain remembers (the index, an anchor)."""

    sequence: int
    digest: str


def append(store: Store, unplaced: Manifest, known: int = 0) -> Manifest:
    """Gives a record its place at the end of its environment's chain and seals it; returns the manifest as placed.

    `unplaced` has sequence 0; its files are in the store already. `known` is a sequence the chain is known to have
    reached, to start looking from, or 0. Safe to repeat after a crash anywhere: a record that has its place keeps it.

    Raises:
        ChainBroken: the chain ends before `known`, or its last link cannot be read.
    """
    while True:
        head = _head(store, unplaced.project, unplaced.environment, known)
        if head is not None and sealed(store, head.prefix) is None:
            _seal(store, head)
        # Whatever stands before the head is sealed, so looking after the head was read cannot miss an own place.
        placed = sealed(store, unplaced.prefix)
        if placed is not None:
            return placed
        placed = _behind(unplaced, head)
        if _claimed(store, placed):
            _seal(store, placed)
            return placed
        known = head.sequence if head else 0


def sealed(store: Store, prefix: str) -> Manifest | None:
    """The manifest of the record in this folder, or None if it has none yet.

    Raises:
        NotARecord: what stands there is no manifest.
    """
    try:
        return Manifest.from_bytes(store.get(prefix + layout.MANIFEST))
    except NotThere:
        return None


def links(store: Store, project: str, environment: str, after: int = 0) -> Iterator[tuple[str, bytes]]:
    """Key and content of every link behind a sequence number, in the order of the chain."""
    start = layout.link(project, environment, after) if after else ""
    for key in store.keys(layout.chain(project, environment), start):
        yield key, store.get(key)


def environments(store: Store) -> Iterator[tuple[str, str]]:
    """Every project and environment the store holds something of."""
    for project in folders(store):
        for environment in folders(store, f"{project}/"):
            yield project, environment


def verify_chain(store: Store, project: str, environment: str, head: Head | None = None) -> Problem | None:
    """Reads everything of an environment's history and returns the first thing that is wrong, None if nothing is.

    In the order of the chain: every link stands where its number says and names the digest of the one before; its
    record has exactly the files the manifest lists, each with the digest it lists. Then: no record stands beside
    the chain. With a remembered `head`, a chain cut short (or written anew) behind it shows as well; without one, a
    missing end cannot be seen. Files without link, or a last link without manifest that nobody remembers, belong to a
    record that is being written.
    """
    previous: Manifest | None = None
    unsealed: Problem | None = None
    chained: set[str] = set()
    for key, data in links(store, project, environment):
        if unsealed:
            return unsealed
        sequence = previous.sequence + 1 if previous else 1
        manifest, problem = _checked_link(project, environment, key, data, sequence, previous)
        if manifest is None:
            return problem
        problem = _checked_record(store, manifest)
        if problem and problem.key == manifest.prefix + layout.MANIFEST and problem.fault is Fault.DELETED:
            unsealed = problem
        elif problem:
            return problem
        if head and manifest.sequence == head.sequence and manifest.digest() != head.digest:
            return Problem(Fault.EDITED, key, sequence, "it is not the record that is remembered under this number")
        chained.add(manifest.deployment_id)
        previous = manifest
    reached = previous.sequence if previous else 0
    if unsealed and head and reached <= head.sequence:
        return unsealed
    if head and reached < head.sequence:
        key = layout.link(project, environment, reached + 1)
        return Problem(
            Fault.TRUNCATED, key, reached + 1, f"the chain ends before record {head.sequence}, its known end"
        )
    return _beside(store, project, environment, chained, reached)


def _head(store: Store, project: str, environment: str, known: int) -> Manifest | None:
    """The chain's last manifest, looking from a known sequence on."""
    start = layout.link(project, environment, known) if known else ""
    sequence = known
    for key in store.keys(layout.chain(project, environment), start):
        sequence += 1
        if key != layout.link(project, environment, sequence):
            raise ChainBroken(f"the history of {project}/{environment} has {key} where record {sequence} should be")
    return _link(store, project, environment, sequence) if sequence else None


def _link(store: Store, project: str, environment: str, sequence: int) -> Manifest:
    key = layout.link(project, environment, sequence)
    try:
        return Manifest.from_bytes(store.get(key))
    except (NotThere, NotARecord) as error:
        raise ChainBroken(
            f"record {sequence} of {project}/{environment} is indexed, but its link {key} cannot be read ({error});"
            " see history_verify, and history_reindex if the store was changed on purpose"
        ) from error


def _behind(unplaced: Manifest, head: Manifest | None) -> Manifest:
    return Manifest(
        deployment_id=unplaced.deployment_id,
        project=unplaced.project,
        environment=unplaced.environment,
        sequence=head.sequence + 1 if head else 1,
        previous=head.digest() if head else None,
        created_at=unplaced.created_at,
        files=unplaced.files,
        audit=unplaced.audit,
        signature=unplaced.signature,
    )


def _claimed(store: Store, placed: Manifest) -> bool:
    """Whether the place in the chain is now this record's."""
    try:
        store.put_new(layout.link(placed.project, placed.environment, placed.sequence), placed.to_bytes())
    except AlreadyExists:
        return False
    return True


def _seal(store: Store, manifest: Manifest) -> None:
    store.put_new(manifest.prefix + layout.MANIFEST, manifest.to_bytes())


def _checked_link(
    project: str, environment: str, key: str, data: bytes, sequence: int, previous: Manifest | None
) -> tuple[Manifest | None, Problem | None]:
    """The link's manifest if it is the right one at this place, or what is wrong with it."""
    expected = layout.link(project, environment, sequence)
    if key != expected:
        return None, Problem(Fault.DELETED, expected, sequence, f"the chain goes on with {key}")
    try:
        manifest = Manifest.from_bytes(data)
    except NotARecord as error:
        return None, Problem(Fault.EDITED, key, sequence, str(error))
    if (manifest.project, manifest.environment) != (project, environment):
        return None, Problem(Fault.INSERTED, key, sequence, "it belongs to another environment")
    if manifest.sequence != sequence:
        return None, Problem(Fault.REORDERED, key, sequence, f"it is record {manifest.sequence}")
    if manifest.previous != (previous.digest() if previous else None):
        return None, Problem(Fault.EDITED, key, sequence, "it does not follow from the record before it")
    return manifest, None


def _checked_record(store: Store, manifest: Manifest) -> Problem | None:
    """What is wrong with the files of one record."""
    found = set(store.keys(manifest.prefix))
    expected = {manifest.prefix + name: file.sha256 for name, file in sorted(manifest.files.items())}
    expected[manifest.prefix + layout.MANIFEST] = sha256(manifest.to_bytes())
    for key, digest in expected.items():
        if key not in found:
            return Problem(Fault.DELETED, key, manifest.sequence, "the file is missing")
        if sha256(store.get(key)) != digest:
            return Problem(Fault.EDITED, key, manifest.sequence, "the content is not what was sealed")
    for key in sorted(found - expected.keys()):
        return Problem(Fault.INSERTED, key, manifest.sequence, "the manifest does not know this file")
    return None


def _beside(store: Store, project: str, environment: str, chained: set[str], reached: int) -> Problem | None:
    """A sealed record that has no place in the chain."""
    prefix = layout.deployments(project, environment)
    for deployment_id in folders(store, prefix):
        key = f"{prefix}{deployment_id}/{layout.MANIFEST}"
        if deployment_id not in chained and next(iter(store.keys(key)), None) == key:
            return Problem(Fault.INSERTED, key, reached, "the chain does not know this record")
    return None
