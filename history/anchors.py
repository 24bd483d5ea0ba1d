"""Heads of the audit log in the records: a copy of where a project's log stood, where its database cannot reach.

Who can write to the database can cut the log off, or write it anew with digests that fit. They cannot change what the
manifests in the store remember of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from history import layout
from history.adoption import taken_over
from history.records import Anchor, Manifest, NotARecord
from history.store import Store, StoreError, folders
from history.store import store as configured_store
from projects.audit import chains
from projects.audit.models import AuditEntry, AuditHead, chain_of
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Compared:
    """How many records' anchors fit the log, and the first thing wrong in words ("" when nothing is).

    `unknown` says why the records could not be asked; then nothing was compared.
    """

    records: int
    wrong: str = ""
    unknown: str = ""


def anchor_of(project: Project) -> Anchor:
    """Where the project's log stands now, everything that was written until now included."""
    head = chains.close_up_chain(chain_of(project))
    return Anchor(head.chain, head.number, head.digest)


def compare(project: Project, *, newest: int | None = None, store: Store | None = None) -> Compared:
    """Compares the log with what records remember of it: all of them, or so many of the newest of each environment."""
    store = store or configured_store()
    try:
        found = sorted(_remembered(store, project.slug, newest), key=lambda pair: (pair[0].number, pair[1]))
    except NotARecord as damaged:
        return Compared(0, f"A manifest cannot be read: {damaged}. history_verify says more.")
    except StoreError as away:
        return Compared(0, unknown=str(away))
    chain = chain_of(project)
    head = AuditHead.objects.filter(chain=chain).first() or AuditHead(chain=chain)
    fitting, records = head.expired_number, 0
    for anchor, record in found:
        if anchor.chain != chain or anchor.number <= head.expired_number:
            continue  # of a project of that name before this one, or of entries that have expired
        if wrong := _what_is_wrong(anchor, record, head, fitting):
            return Compared(records, wrong)
        fitting, records = anchor.number, records + 1
    return Compared(records)


def _what_is_wrong(anchor: Anchor, record: str, head: AuditHead, fitting: int) -> str:
    if anchor.number > head.number:
        return (
            f"The log was cut off: it ends at entry {head.number}, but held {anchor.number} when {record} was recorded."
            f" Entry {head.number + 1} is the first that is missing."
        )
    digest = AuditEntry.objects.filter(chain=head.chain, number=anchor.number).values_list("digest", flat=True).first()
    if digest == anchor.digest:
        return ""
    first = f"entry {anchor.number}" if fitting + 1 == anchor.number else f"entry {fitting + 1} to {anchor.number}"
    return f"The log was written anew: {first} is not what it was when {record} was recorded."


def _remembered(store: Store, project: str, newest: int | None) -> Iterator[tuple[Anchor, str]]:
    """The anchors of a project's records with the deployment's id, of those that have one."""
    for environment in folders(store, f"{project}/"):
        theirs = taken_over(store, f"{project}/{environment}")  # what those remember is another log
        start = layout.link(project, environment, theirs) if theirs else ""
        keys = list(store.keys(layout.chain(project, environment), start))
        for key in keys[-newest:] if newest else keys:
            manifest = Manifest.from_bytes(store.get(key))
            if manifest.audit is not None:
                yield manifest.audit, manifest.deployment_id
