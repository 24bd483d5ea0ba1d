"""What somebody may do to a history that is not theirs to change: one function per kind, on the objects of a store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from history import layout
from history.canonical import sha256
from history.records import Manifest, Signature
from history.verifier import Fault
from tests.history.writing import STRANGER

Objects = dict[str, bytes]
PLACE = ("support-desk", "dev")


def link(number: int) -> str:
    return layout.link(*PLACE, number)


def manifest(objects: Objects, number: int) -> Manifest:
    return Manifest.from_bytes(objects[link(number)])


def put(objects: Objects, changed: Manifest) -> None:
    """Writes a manifest where both of its copies stand."""
    objects[link(changed.sequence)] = objects[changed.prefix + layout.MANIFEST] = changed.to_bytes()


def remove(objects: Objects, number: int) -> None:
    """Removes all of a record."""
    prefix = manifest(objects, number).prefix
    for key in [key for key in objects if key == link(number) or key.startswith(prefix)]:
        del objects[key]


def edit(objects: Objects) -> None:
    objects[manifest(objects, 2).prefix + layout.PLAN] += b" "


def delete(objects: Objects) -> None:
    remove(objects, 2)


def insert(objects: Objects) -> None:
    objects[manifest(objects, 2).prefix + "logs/forged.log"] = b"nothing happened"


def reorder(objects: Objects) -> None:
    objects[link(2)], objects[link(3)] = objects[link(3)], objects[link(2)]


def truncate(objects: Objects) -> None:
    remove(objects, 3)


def sign_with_an_unknown_key(objects: Objects) -> None:
    """The end of the chain written anew, by somebody with a key of their own."""
    edited = replace(manifest(objects, 3), created_at="2020-01-01T00:00:00.000Z")
    put(objects, replace(edited, signature=Signature(STRANGER.id, STRANGER.sign("manifest", edited.digest()))))


def sign_badly(objects: Objects) -> None:
    """The same in the name of the right key, with a signature it once made."""
    put(objects, replace(manifest(objects, 3), created_at="2020-01-01T00:00:00.000Z"))


def edit_all_that_names_it(objects: Objects) -> None:
    """A file, and its digest in the manifest."""
    old, data = manifest(objects, 2), b"agents: []\n"
    entry = replace(old.files[layout.CONFIG], sha256=sha256(data), size=len(data))
    objects[old.prefix + layout.CONFIG] = data
    put(objects, replace(old, files={**old.files, layout.CONFIG: entry}))


DAMAGES: list[tuple[Callable[[Objects], None], Fault, int]] = [
    (edit, Fault.EDITED, 2),
    (delete, Fault.DELETED, 2),
    (insert, Fault.INSERTED, 2),
    (reorder, Fault.REORDERED, 2),
    (truncate, Fault.TRUNCATED, 3),
    (sign_with_an_unknown_key, Fault.WRONG_KEY, 3),
    (sign_badly, Fault.WRONG_KEY, 3),
    (edit_all_that_names_it, Fault.WRONG_KEY, 2),
]
"""Each with what is found of it in a history of three records, and in which."""

NAMES = [damage.__name__ for damage, _, _ in DAMAGES]
