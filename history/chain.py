"""The order of an environment's records, kept so that two writers cannot fork it and nobody can touch it unseen.

Every record has a *link* in its environment's `chain/`: the bytes of its manifest, under its sequence number.
Writing the link is a put-if-absent, so exactly one record gets a number, and its manifest names the digest of the
one before. Who dies between link and `manifest.json` is finished by whoever comes next: the bytes are in the link.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from history import keys as keys_of
from history import layout
from history.records import Manifest, NotARecord, Signature
from history.signing import Signer
from history.store import AlreadyExists, NotThere, Store, folders
from history.verifier import Head, Keys, Problem, read_keys, verify


class ChainBroken(Exception):
    """The end of a chain is not what it must be; nothing can be added to it until somebody looked."""


def append(store: Store, unplaced: Manifest, signer: Signer, known: int = 0) -> Manifest:
    """Gives a record its place at the end of its environment's chain, signs and seals it; returns it as placed.

    `unplaced` has sequence 0; its files are in the store already. `known` is a sequence the chain is known to have
    reached, to start looking from, or 0. Safe to repeat after a crash anywhere: a record that has its place keeps it.

    Raises:
        ChainBroken: the chain ends before `known`, or its last link cannot be read.
        CannotSign: the key cannot be used, was replaced by another, or was never introduced.
    """
    while True:
        head = _head(store, unplaced.project, unplaced.environment, known)
        if head is not None and sealed(store, head.prefix) is None:
            _seal(store, head)
        # Whatever stands before the head is sealed, so looking after the head was read cannot miss an own place.
        placed = sealed(store, unplaced.prefix)
        if placed is not None:
            return placed
        if head is None or head.signature is None or head.signature.key != signer.id:
            introduce(store, signer)
        placed = _behind(unplaced, head, signer)
        if _claimed(store, placed):
            _seal(store, placed)
            return placed
        known = head.sequence if head else 0


def introduce(store: Store, signer: Signer) -> None:
    """Makes sure that the key is the one that signs here; see history.keys."""
    keys_of.introduce(store, signer, lambda: _ends(store))


def sealed(store: Store, prefix: str) -> Manifest | None:
    """The manifest of the record in this folder, or None if it has none yet.

    Raises:
        NotARecord: what stands there is no manifest.
    """
    try:
        return Manifest.from_bytes(store.get(prefix + layout.MANIFEST))
    except NotThere:
        return None


def head_of(manifest: Manifest) -> Head:
    """A manifest as others remember it."""
    return Head(manifest.sequence, manifest.digest(), manifest.signature.key if manifest.signature else "")


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


def verify_chain(
    store: Store,
    project: str,
    environment: str,
    *heads: Head | None,
    believed: str = "",
    keys: Keys | Problem | None = None,
    annotated: Iterable[Head] = (),
) -> Problem | None:
    """The first thing that is wrong with an environment's history; `believed` is the id of the key that signs here.

    `heads` are what is remembered of it elsewhere, if anything is, `annotated` of its annotations; `keys` are those of
    the store, if they are read already. What is looked at, and in which order, history.verifier says.
    """
    known = keys or read_keys(store, believed)
    return (
        known
        if isinstance(known, Problem)
        else verify(store, f"{project}/{environment}", known, [head for head in heads if head], annotated=annotated)
    )


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


def _behind(unplaced: Manifest, head: Manifest | None, signer: Signer) -> Manifest:
    sequence, previous = (head.sequence + 1, head.digest()) if head else (1, None)
    placed = replace(unplaced, sequence=sequence, previous=previous)
    return replace(placed, signature=Signature(signer.id, signer.sign("manifest", placed.digest())))


def _claimed(store: Store, placed: Manifest) -> bool:
    """Whether the place in the chain is now this record's."""
    try:
        store.put_new(layout.link(placed.project, placed.environment, placed.sequence), placed.to_bytes())
    except AlreadyExists:
        return False
    return True


def _seal(store: Store, manifest: Manifest) -> None:
    store.put_new(manifest.prefix + layout.MANIFEST, manifest.to_bytes())


def _ends(store: Store) -> dict[str, Head]:
    """Where each chain stands now, by `project/environment`."""
    ends: dict[str, Head] = {}
    for project, environment in environments(store):
        try:
            head = _head(store, project, environment, 0)
        except ChainBroken:
            continue  # nothing vouches for a damaged one
        if head is not None:
            ends[f"{project}/{environment}"] = head_of(head)
    return ends
