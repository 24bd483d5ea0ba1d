"""Whether the history is what was written: by our own key, and by what the index and the second place remember."""

from __future__ import annotations

from collections.abc import Iterator

from history import chain, heads, index
from history.models import Record
from history.signing import signer
from history.store import Store
from history.store import store as configured_store
from history.verifier import BEGINNING, Head, Keys, Problem, read_keys, verify_one

Place = tuple[str, str]
"""Names of a project and of one of its environments."""


def verify_all(project: str | None = None, environment: str | None = None) -> Iterator[tuple[Place, Problem | None]]:
    """Every environment of these names that is known anywhere, with the first thing wrong in it.

    Raises:
        StoreError: the store cannot be read, or the key of this installation is not at hand.
    """
    store = configured_store()
    keys = believed_keys(store)
    indexed = Record.objects.order_by().values_list("project_slug", "environment_name").distinct()
    second = heads.second_place()
    anchored = chain.environments(second) if second is not None else ()
    for place in sorted({*chain.environments(store), *indexed, *anchored}):
        if project in (None, place[0]) and environment in (None, place[1]):
            yield place, _verified(store, keys, place)


def verify_record(row: Record) -> Problem | None:
    """The first thing wrong with one record, its place in the chain and its signature included.

    Raises:
        StoreError: see `verify_all`.
    """
    store = configured_store()
    keys = believed_keys(store)
    if isinstance(keys, Problem):
        return keys
    before = Head(row.sequence - 1, row.previous_digest) if row.previous_digest else BEGINNING
    return verify_one(store, f"{row.project_slug}/{row.environment_name}", keys, index.head_of(row), before)


def believed_keys(store: Store) -> Keys | Problem:
    """The keys that this installation's own vouches for, or what is wrong with them."""
    return read_keys(store, signer().id)


def _verified(store: Store, keys: Keys | Problem, place: Place) -> Problem | None:
    second = heads.second_place()
    end = heads.remembered(second, *place, keys) if second is not None and isinstance(keys, Keys) else None
    if isinstance(end, Problem):
        return end
    return chain.verify_chain(store, *place, index.head(*place), end, keys=keys)
