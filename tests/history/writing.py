"""Records in a store without an index, signed by keys that are always the same."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from history import chain, layout
from history.records import Documents, Manifest, files_of
from history.signing import LocalKey, Signer
from history.store import InMemoryStore, Store

SIGNER = LocalKey(Ed25519PrivateKey.from_private_bytes(b"1" * 32))
OTHER = LocalKey(Ed25519PrivateKey.from_private_bytes(b"2" * 32))
STRANGER = LocalKey(Ed25519PrivateKey.from_private_bytes(b"3" * 32))


def write(store: Store, documents: Documents, known: int = 0, signer: Signer = SIGNER) -> Manifest:
    """A record at the end of its environment's chain."""
    return chain.append(store, _unplaced(store, documents), signer, known)


def write_unsigned(store: InMemoryStore, documents: Documents, before: Manifest | None = None) -> Manifest:
    """A record as it was written before records were signed."""
    manifest = replace(
        _unplaced(store, documents),
        sequence=before.sequence + 1 if before else 1,
        previous=before.digest() if before else None,
    )
    for key in (
        layout.link(manifest.project, manifest.environment, manifest.sequence),
        manifest.prefix + "manifest.json",
    ):
        store.put_new(key, manifest.to_bytes())
    return manifest


def _unplaced(store: Store, documents: Documents) -> Manifest:
    files, head = files_of(documents), documents.metadata
    unplaced = Manifest(head.deployment_id, head.project, head.environment, 0, None, head.ended_at, files.entries)
    for name, data in files.content.items():
        store.put_new(unplaced.prefix + name, data)
    return unplaced
