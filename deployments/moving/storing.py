"""The records of an archive into the store of this installation: the bytes they are, in the places they have."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from deployments.moving.opening import ArchiveRefused, Opened
from history import adoption, chain, heads, layout
from history.models import Record
from history.records import Manifest
from history.signing import signer
from history.store import WRITERS, AlreadyExists, NotThere, Store

PARTED = "{place} has gone its own way here: its record {sequence} is not the one of the archive."


def fits(store: Store, opened: Opened) -> dict[str, int]:
    """How many records there are already of each place of the archive.

    Raises:
        ArchiveRefused: there are others than the archive's.
    """
    for place in opened.ends:
        _refuse_others(opened, place)
    return {place: _already(store, opened, place) for place in opened.ends}


def _refuse_others(opened: Opened, place: str) -> None:
    """A deployment's id is its own in all of an installation."""
    project, environment = place.split("/")
    links = opened.reader.keys(layout.chain(project, environment))
    ids = (Manifest.from_bytes(opened.reader.get(link)).deployment_id for link in links)
    while batch := list(islice(ids, 500)):
        others = Record.objects.filter(deployment_id__in=batch)
        taken = others.exclude(project_slug=project, environment_name=environment).first()
        if taken is not None:
            raise ArchiveRefused(f"{place}: the id {taken.deployment_id} is that of another record here, {taken}.")


def _already(store: Store, opened: Opened, place: str) -> int:
    project, environment = place.split("/")
    known = list(store.keys(layout.chain(project, environment)))
    common = min(len(known), opened.ends[place].sequence)
    if common:
        link = layout.link(project, environment, common)
        try:
            same = store.get(link) == opened.reader.get(link)
        except NotThere:
            same = False
        if not same:
            raise ArchiveRefused(PARTED.format(place=place, sequence=common))
    return len(known)


def store_place(store: Store, opened: Opened, place: str) -> None:
    """Everything of one environment: first what vouches for it, then record by record as they were made, then what was
    said of them later. To repeat it adds what is missing.

    Raises:
        ArchiveRefused: there is something else where something of the archive belongs.
        StoreUnavailable: the store does not answer; call again.
    """
    project, environment = place.split("/")
    chain.introduce(store, signer())
    adoption.adopt(store, opened.reader, opened.keys, place, opened.ends[place], signer())
    last = None
    try:
        for link in opened.reader.keys(layout.chain(project, environment)):
            last = Manifest.from_bytes(opened.reader.get(link))
            seal = last.prefix + layout.MANIFEST
            files = (name for name in opened.reader.keys(last.prefix) if name != seal)
            _side_by_side(store, opened, files)
            for name in (link, seal):
                store.put_new(name, opened.reader.get(name))
        for name in opened.reader.keys(layout.said_later(project, environment)):
            store.put_new(name, opened.reader.get(name))
    except AlreadyExists as error:
        raise ArchiveRefused(f"{place}: {error}.") from error
    if last is not None:
        heads.anchor(last)
        latest = {layout.CONFIG: layout.CONFIG, "state.json": layout.STATE_AFTER}
        for name, file in latest.items():
            for found in opened.reader.keys(last.prefix + file):  # nothing, where the record has expired
                store.put(layout.current(project, environment, name), opened.reader.get(found))


def _side_by_side(store: Store, opened: Opened, names: Iterable[str]) -> None:
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="import") as pool:
        for _ in pool.map(lambda name: store.put_new(name, opened.reader.get(name)), names):
            pass
