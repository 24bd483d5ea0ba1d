"""Whether the history is what was written: by our own key, and by what the index and the second place remember."""

from __future__ import annotations

from collections.abc import Iterator

from history import annotation_index, chain, heads, index
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


def verify_record(row: Record, keys: Keys | Problem | None = None) -> Problem | None:
    """The first thing wrong with one record, its place in the chain and its signature included.

    `keys` are those of the store, where they are read already.

    Raises:
        StoreError: see `verify_all`.
    """
    store = configured_store()
    keys = keys or believed_keys(store)
    if isinstance(keys, Problem):
        return keys
    before = Head(row.sequence - 1, row.previous_digest) if row.previous_digest else BEGINNING
    stone = annotation_index.tombstone(row) if row.expired_at else None
    place = f"{row.project_slug}/{row.environment_name}"
    return verify_one(store, place, keys, index.head_of(row), before, stone.number if stone else 0)


def believed_keys(store: Store) -> Keys | Problem:
    """The keys that this installation's own vouches for, or what is wrong with them."""
    return read_keys(store, signer().id)


def _verified(store: Store, keys: Keys | Problem, place: Place) -> Problem | None:
    second = heads.second_place()
    end = said = None
    if second is not None and isinstance(keys, Keys):
        end, said = heads.remembered(second, *place, keys), heads.remembered_annotation(second, *place, keys)
    if isinstance(end, Problem):
        return end
    if isinstance(said, Problem):
        return said
    annotated = [each for each in (annotation_index.last(*place), said) if each]
    return chain.verify_chain(store, *place, index.head(*place), end, keys=keys, annotated=annotated)
