"""Writing a record: documents, link, manifest, index row, pointers to the latest; repeatable after any crash."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from history import annotation, annotation_index, chain, heads, index, layout
from history.canonical import sha256
from history.metadata import Metadata
from history.models import Record
from history.records import Anchor, Documents, File, Files, Manifest, NotARecord, files_of
from history.signing import signer
from history.store import WRITERS, AlreadyExists, NotThere, Store
from history.store import store as configured_store


def record(documents: Documents, store: Store | None = None, *, audit: Anchor | None = None) -> Record:
    """Writes one deployment into history and answers its index row; `audit` is where its project's log stands.

    In this order: the files, side by side; the link that gives the record its place; the manifest that seals it; the
    row; its end of the chain in the second place; `current/`. Whatever was done before a crash is found done by the
    next call with the same documents, and what is missing is added: the same bytes in the same place.

    Raises:
        NotARecord: the documents are not what a record is made of, or differ from those already sealed.
        AlreadyExists: an interrupted attempt left a file with other content.
        ChainBroken: the environment's history is damaged at its end.
        CannotSign: the key that signs cannot be used now.
        StoreUnavailable: the store does not answer; call again later.
    """
    store = store or configured_store()
    metadata, files = documents.metadata, files_of(documents)
    try:
        manifest = _sealed(store, metadata, files, audit)
    except (AlreadyExists, NotARecord):
        begun = _begun_by_an_older_version(store, metadata, files)
        if begun is None:
            raise
        metadata, files = begun
        manifest = _sealed(store, metadata, files, audit)
    row = index.enter(manifest, metadata)
    heads.anchor(manifest)
    _point(store, manifest, files)
    return row


def _sealed(store: Store, metadata: Metadata, files: Files, audit: Anchor | None) -> Manifest:
    """The manifest of exactly these files, written where it is not there yet."""
    manifest = chain.sealed(store, _prefix(metadata)) or _written(store, metadata, files, audit)
    if manifest.files != files.entries:
        different = sorted(name for name, entry in files.entries.items() if manifest.files.get(name) != entry)
        raise NotARecord(f"{metadata.deployment_id} is sealed already, with other content in {', '.join(different)}")
    return manifest


def _begun_by_an_older_version(store: Store, metadata: Metadata, files: Files) -> tuple[Metadata, Files] | None:
    """What an attempt left that knew less to say of the run, but nothing else; then its words stand."""
    try:
        data = store.get(_prefix(metadata) + layout.METADATA)
        said = json.loads(data)
    except (NotThere, ValueError):
        return None
    ours = metadata.as_dict()
    if not isinstance(said, dict) or len(said) >= len(ours) or said != {key: ours.get(key) for key in said}:
        return None
    entries = {**files.entries, layout.METADATA: File(sha256(data), len(data))}
    older = replace(Metadata.from_dict(said), touched=metadata.touched)
    return older, Files({**files.content, layout.METADATA: data}, entries)


def _prefix(metadata: Metadata) -> str:
    return layout.record_prefix(metadata.project, metadata.environment, metadata.deployment_id)


def _written(store: Store, metadata: Metadata, files: Files, audit: Anchor | None) -> Manifest:
    said = annotation_index.last(metadata.project, metadata.environment)
    unplaced = Manifest(
        deployment_id=metadata.deployment_id,
        project=metadata.project,
        environment=metadata.environment,
        sequence=0,
        previous=None,
        created_at=metadata.ended_at,
        files=files.entries,
        audit=audit,
        annotations=annotation.end(store, metadata.project, metadata.environment, said.sequence if said else 0),
    )
    _side_by_side(
        lambda item: store.put_new(unplaced.prefix + item[0], item[1], document=True), sorted(files.content.items())
    )
    known = index.last_sequence(metadata.project, metadata.environment)
    return chain.append(store, unplaced, signer(), known)


def _point(store: Store, manifest: Manifest, files: Files) -> None:
    """Makes `current/` the newest record's; an older one that is finished late must not turn it back."""
    if manifest.sequence < index.last_sequence(manifest.project, manifest.environment):
        return
    latest = {"config.yaml": files.content[layout.CONFIG], "state.json": files.content[layout.STATE_AFTER]}
    _side_by_side(
        lambda item: store.put(layout.current(manifest.project, manifest.environment, item[0]), item[1]),
        latest.items(),
    )


def _side_by_side(write: Callable[[tuple[str, bytes]], None], items: Iterable[tuple[str, bytes]]) -> None:
    """Runs all writes, a few at a time, and returns when every one is done; the first failure is raised."""
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="record") as pool:
        for _ in pool.map(write, items):
            pass
