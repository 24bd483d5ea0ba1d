"""What somebody may do to a history that is not theirs to change: one function per kind, on the objects of a store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from history import layout
from history.annotation import Entry, Says
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


def note(number: int) -> str:
    return layout.annotation(*PLACE, number)


def noted(objects: Objects, number: int) -> Entry:
    return Entry.from_bytes(objects[note(number)])


def edit_an_annotation(objects: Objects) -> None:
    objects[note(2)] = objects[note(2)].replace(b"too old", b"too dear")


def edit_it_as_json(objects: Objects) -> None:
    objects[note(2)] = objects[note(2)].replace(b'"number":2', b'"number":"2"')


def delete_an_annotation(objects: Objects) -> None:
    del objects[note(2)]


def insert_an_annotation(objects: Objects) -> None:
    objects[note(2)] = replace(noted(objects, 2), environment="prod").to_bytes()


def reorder_annotations(objects: Objects) -> None:
    objects[note(2)], objects[note(3)] = objects[note(3)], objects[note(2)]


def truncate_annotations(objects: Objects) -> None:
    del objects[note(3)]


def truncate_annotations_behind_a_record(objects: Objects) -> None:
    del objects[note(2)], objects[note(3)]


def forge(objects: Objects, number: int, **changes: object) -> None:
    """An annotation by somebody with a key of their own."""
    forged = replace(noted(objects, number), **changes)  # type: ignore[arg-type]
    signature = Signature(STRANGER.id, STRANGER.sign("annotation", forged.digest()))
    objects[note(number)] = replace(forged, signature=signature).to_bytes()


def annotate_with_an_unknown_key(objects: Objects) -> None:
    forge(objects, 3, says=Says.UNHOLD)


def annotate_badly(objects: Objects) -> None:
    objects[note(3)] = replace(noted(objects, 3), reason="none").to_bytes()


def delete_what_no_tombstone_lets_go(objects: Objects) -> None:
    del objects[manifest(objects, 2).prefix + layout.PLAN]


def forge_a_tombstone(objects: Objects) -> None:
    """For the deletion of another record."""
    other = manifest(objects, 2)
    forge(objects, 2, sequence=2, deployment_id=other.deployment_id, manifest=other.digest())
    delete_what_no_tombstone_lets_go(objects)


def change_what_an_expired_record_has_left(objects: Objects) -> None:
    objects[manifest(objects, 1).prefix + layout.MANIFEST] += b" "


def put_something_into_an_expired_record(objects: Objects) -> None:
    objects[manifest(objects, 1).prefix + layout.CONFIG] = b"agents: []"


ANNOTATED: list[tuple[Callable[[Objects], None], Fault, int]] = [
    (edit_an_annotation, Fault.WRONG_KEY, 1),
    (edit_it_as_json, Fault.EDITED, 0),
    (delete_an_annotation, Fault.DELETED, 0),
    (insert_an_annotation, Fault.INSERTED, 0),
    (reorder_annotations, Fault.REORDERED, 3),
    (truncate_annotations, Fault.TRUNCATED, 0),
    (truncate_annotations_behind_a_record, Fault.TRUNCATED, 0),
    (annotate_with_an_unknown_key, Fault.WRONG_KEY, 3),
    (annotate_badly, Fault.WRONG_KEY, 3),
    (delete_what_no_tombstone_lets_go, Fault.DELETED, 2),
    (forge_a_tombstone, Fault.WRONG_KEY, 2),
    (change_what_an_expired_record_has_left, Fault.EDITED, 1),
    (put_something_into_an_expired_record, Fault.EDITED, 1),
]
"""The same for three records: the second is tagged by annotation 1, the first expired by 2, and the third held by 3."""

ANNOTATED_NAMES = [damage.__name__ for damage, _, _ in ANNOTATED]


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
