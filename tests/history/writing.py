"""Records in a store without an index, signed by keys that are always the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from history import chain, layout
from history.canonical import sha256
from history.records import Documents, Manifest, files_of
from history.signing import LocalKey, Signer
from history.store import InMemoryStore, Store

SIGNER = LocalKey(Ed25519PrivateKey.from_private_bytes(b"1" * 32))
OTHER = LocalKey(Ed25519PrivateKey.from_private_bytes(b"2" * 32))
STRANGER = LocalKey(Ed25519PrivateKey.from_private_bytes(b"3" * 32))


def write(store: Store, documents: Documents, known: int = 0, signer: Signer = SIGNER) -> Manifest:
    """A record at the end of its environment's chain."""
    return chain.append(store, _unplaced(store, documents, {}), signer, known)


def write_unsigned(
    store: InMemoryStore,
    documents: Documents,
    before: Manifest | None = None,
    changed: Mapping[str, Callable[[bytes], bytes]] | None = None,
) -> Manifest:
    """A record as it was written before records were signed; `changed` makes of files what they were then."""
    manifest = replace(
        _unplaced(store, documents, changed or {}),
        sequence=before.sequence + 1 if before else 1,
        previous=before.digest() if before else None,
    )
    for key in (
        layout.link(manifest.project, manifest.environment, manifest.sequence),
        manifest.prefix + "manifest.json",
    ):
        store.put_new(key, manifest.to_bytes())
    return manifest


def _unplaced(store: Store, documents: Documents, changed: Mapping[str, Callable[[bytes], bytes]]) -> Manifest:
    files, head = files_of(documents), documents.metadata
    content = {name: changed[name](data) if name in changed else data for name, data in files.content.items()}
    entries = {
        name: replace(entry, sha256=sha256(content[name]), size=len(content[name]))
        for name, entry in files.entries.items()
    }
    unplaced = Manifest(head.deployment_id, head.project, head.environment, 0, None, head.ended_at, entries)
    for name, data in content.items():
        store.put_new(unplaced.prefix + name, data)
    return unplaced
