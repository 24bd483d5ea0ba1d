"""Nobody touches a history unseen, and no two writers fork it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from history import chain, layout
from history.canonical import dumps, sha256
from history.chain import ChainBroken, verify_chain
from history.records import Manifest
from history.store import InMemoryStore
from history.verifier import Fault, Head
from tests.history.writing import write

Make = Callable[..., Any]
PLACE = ("support-desk", "dev")
DEPLOYMENTS = "support-desk/dev/deployments/"


@pytest.fixture
def written(store: InMemoryStore, documents: Make) -> list[Manifest]:
    """Five records in the store."""
    return [write(store, documents(number, memory=512 + number)) for number in range(1, 6)]


def test_every_record_names_the_one_before(store: InMemoryStore, written: list[Manifest]) -> None:
    assert [each.sequence for each in written] == [1, 2, 3, 4, 5]
    assert [each.previous for each in written] == [None, *(each.digest() for each in written[:-1])]
    assert verify_chain(store, *PLACE) is None
    assert verify_chain(store, *PLACE, Head(5, written[-1].digest())) is None
    assert verify_chain(store, "nobody", "nowhere") is None
    assert list(chain.environments(store)) == [PLACE]


def test_the_order_is_that_of_ending_and_not_of_the_ids(store: InMemoryStore, documents: Make) -> None:
    late = write(store, documents(2))
    early = write(store, documents(1), known=1)
    assert (late.sequence, early.sequence, early.previous) == (1, 2, late.digest())
    assert verify_chain(store, *PLACE) is None


def test_a_record_keeps_its_place_however_often_it_is_written(
    store: InMemoryStore, written: list[Manifest], documents: Make
) -> None:
    assert [write(store, documents(number, memory=512 + number)) for number in (2, 5, 1)] == [
        written[1],
        written[4],
        written[0],
    ]
    assert len(list(chain.links(store, *PLACE))) == 5


def file_of(manifest: Manifest, name: str) -> str:
    return manifest.prefix + name


@pytest.mark.parametrize(
    "name",
    ["config.yaml", "plan.json", "approvals.json", "state-before.json", "state-after.json", "execution-log.jsonl",
     "metadata.json", "logs/Function.log", "manifest.json"],
)  # fmt: skip
def test_any_edited_or_deleted_file_is_named(store: InMemoryStore, written: list[Manifest], name: str) -> None:
    key = file_of(written[2], name)
    original = store.objects[key]
    store.objects[key] = original[:-1] + bytes([original[-1] ^ 1])
    problem = verify_chain(store, *PLACE)
    assert problem is not None
    assert (problem.fault, problem.key, problem.sequence) == (Fault.EDITED, key, 3)
    del store.objects[key]
    problem = verify_chain(store, *PLACE)
    assert problem is not None
    assert (problem.fault, problem.key, problem.sequence) == (Fault.DELETED, key, 3)
    assert "record 3" in str(problem)
    store.objects[key] = original
    assert verify_chain(store, *PLACE) is None


def link(number: int) -> str:
    return layout.link(*PLACE, number)


def deleted_link(objects: dict[str, bytes], written: list[Manifest]) -> None:
    del objects[link(3)]


def deleted_record(objects: dict[str, bytes], written: list[Manifest]) -> None:
    del objects[link(3)]
    for key in [key for key in objects if key.startswith(written[2].prefix)]:
        del objects[key]


def renumbered(objects: dict[str, bytes], written: list[Manifest]) -> None:
    """Record 3 taken out and the later ones moved up."""
    objects[link(3)], objects[link(4)] = objects[link(4)], objects[link(5)]
    del objects[link(5)]


def swapped(objects: dict[str, bytes], written: list[Manifest]) -> None:
    objects[link(3)], objects[link(4)] = objects[link(4)], objects[link(3)]


def swapped_and_renumbered(objects: dict[str, bytes], written: list[Manifest]) -> None:
    for manifest in (replace(written[2], sequence=4), replace(written[3], sequence=3)):
        objects[link(manifest.sequence)] = objects[manifest.prefix + "manifest.json"] = manifest.to_bytes()


def edited_throughout(objects: dict[str, bytes], written: list[Manifest]) -> None:
    """A file and its digest in its own manifest and link: the signature is of something else."""
    data = b"agents: []\n"
    entry = replace(written[2].files["config.yaml"], sha256=sha256(data), size=len(data))
    manifest = replace(written[2], files={**written[2].files, "config.yaml": entry})
    objects[file_of(manifest, "config.yaml")] = data
    objects[link(3)] = objects[file_of(manifest, "manifest.json")] = manifest.to_bytes()


def broken_link(objects: dict[str, bytes], written: list[Manifest]) -> None:
    objects[link(3)] = b"{}"


def foreign_link(objects: dict[str, bytes], written: list[Manifest]) -> None:
    objects[link(3)] = replace(written[2], environment="prod").to_bytes()


def unknown_file(objects: dict[str, bytes], written: list[Manifest]) -> None:
    objects[file_of(written[2], "logs/forged.log")] = b"nothing happened"


def record_beside_the_chain(objects: dict[str, bytes], written: list[Manifest]) -> None:
    forged = replace(written[2], deployment_id="2025-11-03T00-00-00Z-forged")
    objects[file_of(forged, "manifest.json")] = forged.to_bytes()


def stray_link(objects: dict[str, bytes], written: list[Manifest]) -> None:
    objects[layout.chain(*PLACE) + "9.json"] = b""


TAMPERINGS: list[tuple[Any, Fault, int]] = [
    (deleted_link, Fault.DELETED, 3),
    (deleted_record, Fault.DELETED, 3),
    (renumbered, Fault.REORDERED, 3),
    (swapped, Fault.REORDERED, 3),
    (swapped_and_renumbered, Fault.EDITED, 3),
    (edited_throughout, Fault.WRONG_KEY, 3),
    (broken_link, Fault.EDITED, 3),
    (foreign_link, Fault.INSERTED, 3),
    (unknown_file, Fault.INSERTED, 3),
    (record_beside_the_chain, Fault.INSERTED, 5),
    (stray_link, Fault.DELETED, 6),
]


@pytest.mark.parametrize(("tamper", "fault", "sequence"), TAMPERINGS, ids=[case[0].__name__ for case in TAMPERINGS])
def test_the_first_bad_entry_is_named(
    store: InMemoryStore, written: list[Manifest], tamper: Any, fault: Fault, sequence: int
) -> None:
    tamper(store.objects, written)
    problem = verify_chain(store, *PLACE)
    assert problem is not None
    assert (problem.fault, problem.sequence) == (fault, sequence)


def test_a_chain_cut_short_shows_against_a_remembered_head(store: InMemoryStore, written: list[Manifest]) -> None:
    for key in [key for key in store.objects if key == link(5) or key.startswith(written[4].prefix)]:
        del store.objects[key]
    assert verify_chain(store, *PLACE) is None, "without a head a missing end cannot be seen"
    problem = verify_chain(store, *PLACE, Head(5, written[4].digest()))
    assert problem is not None
    assert (problem.fault, problem.sequence) == (Fault.TRUNCATED, 5)


def test_a_chain_written_anew_shows_against_a_remembered_head(
    store: InMemoryStore, written: list[Manifest], documents: Make
) -> None:
    other = InMemoryStore()
    for number in range(1, 6):
        write(other, documents(number, memory=1))
    assert verify_chain(other, *PLACE) is None
    problem = verify_chain(other, *PLACE, Head(5, written[4].digest()))
    assert problem is not None
    assert (problem.fault, problem.sequence) == (Fault.EDITED, 5)


def test_files_of_a_run_that_is_not_sealed_yet_are_no_problem(store: InMemoryStore, written: list[Manifest]) -> None:
    store.put_new(f"{DEPLOYMENTS}2025-11-30T00-00-00Z-000000/config.yaml", b"")
    assert verify_chain(store, *PLACE) is None


def test_a_last_record_without_manifest_is_being_written_unless_somebody_remembers_it(
    store: InMemoryStore, written: list[Manifest]
) -> None:
    del store.objects[file_of(written[4], "manifest.json")]
    assert verify_chain(store, *PLACE) is None
    assert verify_chain(store, *PLACE, Head(4, written[3].digest())) is None
    problem = verify_chain(store, *PLACE, Head(5, written[4].digest()))
    assert problem is not None
    assert (problem.fault, problem.sequence) == (Fault.DELETED, 5)


def test_a_chain_that_ended_early_is_not_built_on(
    store: InMemoryStore, written: list[Manifest], documents: Make
) -> None:
    for broken in (lambda: store.objects.update({link(5): dumps({})}), lambda: store.objects.pop(link(5))):
        broken()
        with pytest.raises(ChainBroken, match="history_verify"):
            write(store, documents(6), known=5)
    del store.objects[link(2)]
    with pytest.raises(ChainBroken, match="where record 2 should be"):
        write(store, documents(6))


def test_many_writers_at_once_make_one_chain(documents: Make) -> None:
    store = InMemoryStore()
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait()
        write(store, documents(number))

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2, 3, 4, 5, 6, 6, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify_chain(store, *PLACE) is None
    manifests = [Manifest.from_bytes(data) for _, data in chain.links(store, *PLACE)]
    assert sorted(each.deployment_id for each in manifests) == sorted(
        documents(number).metadata.deployment_id for number in range(1, 8)
    )
