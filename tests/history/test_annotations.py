"""What is said of records later stands in a chain of its own, which nobody changes unseen, and the index follows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from history import annotating, annotation, annotation_index, heads, keys, tasks
from history.annotating import CannotSay, say
from history.annotation import Entry, Overtaken, Says, Tombstone
from history.chain import ChainBroken
from history.index import rebuild
from history.models import Annotation, Record
from history.recording import record
from history.records import Manifest, NotARecord, Signature
from history.signing import signer
from history.store import InMemoryStore
from history.verification import verify_all, verify_record
from history.verifier import Fault, Problem
from tests.history.annotated import NOW, annotated, let_go
from tests.history.damage import ANNOTATED, ANNOTATED_NAMES, PLACE, Objects, note, noted
from tests.history.writing import OTHER

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> InMemoryStore:
    """The store of the installation, empty."""
    store = InMemoryStore()
    for module in ("verification", "heads", "annotating"):
        monkeypatch.setattr(f"history.{module}.configured_store", lambda: store)
    return store


def found() -> Problem | None:
    ((_, problem),) = verify_all()
    return problem


@pytest.mark.parametrize(("damage", "fault", "sequence"), ANNOTATED, ids=ANNOTATED_NAMES)
def test_the_first_bad_entry_is_named(
    kept: InMemoryStore, documents: Make, damage: Callable[[Objects], None], fault: Fault, sequence: int
) -> None:
    annotated(kept, documents)
    assert found() is None
    assert [verify_record(row) for row in Record.objects.all()] == [None] * 3
    damage(kept.objects)
    problem = found()
    assert problem is not None
    assert (problem.fault, problem.sequence) == (fault, sequence)


def test_annotations_cut_off_show_in_later_records_when_the_index_is_gone_too(
    kept: InMemoryStore, documents: Make
) -> None:
    say(record(documents(1), kept), Says.TAG, name="good", by="Bob", now=NOW)
    record(documents(2), kept)
    del kept.objects[note(1)]
    Annotation.objects.all().delete()
    problem = found()
    assert problem is not None
    assert (problem.fault, problem.key, problem.sequence) == (Fault.TRUNCATED, note(1), 2)


def test_annotations_cut_off_by_the_owner_of_bucket_and_database_show_in_the_second_place(
    kept: InMemoryStore, documents: Make, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    second = InMemoryStore()
    monkeypatch.setattr(heads, "second_place", lambda: second)
    annotated(kept, documents)
    ends = list(second.keys("support-desk/dev/annotated/"))
    assert ends == [f"support-desk/dev/annotated/000000000{number}.json" for number in (1, 2, 3)]
    for key in ends:
        del second.objects[key]
    tasks.anchor_heads()
    assert list(second.keys("support-desk/dev/annotated/")) == ends[-1:]
    assert found() is None
    whole = kept.objects.pop(note(3))
    Annotation.objects.filter(number=3).delete()
    problem = found()
    assert problem is not None
    assert (problem.fault, problem.key) == (Fault.TRUNCATED, note(3))
    kept.objects[note(3)] = whole
    second.objects[ends[-1]] = second.objects[ends[-1]].replace(b'"dev"', b'"prod"')
    problem = found()
    assert problem is not None
    assert problem.key == f"the second place's {ends[-1]}"
    second.objects.clear()
    rebuild(kept)
    del kept.objects[note(3)]
    tasks.anchor_heads()
    assert "cannot be read" in caplog.text


def test_a_record_that_names_another_annotation_shows(kept: InMemoryStore, documents: Make) -> None:
    annotated(kept, documents)
    other = InMemoryStore()
    other.objects = dict(kept.objects)
    said = noted(other.objects, 2)
    again = annotation.append(
        InMemoryStore(), replace(said, reason="another"), signer(), noted(other.objects, 1).head()
    )
    kept.objects[note(2)] = again.to_bytes()
    del kept.objects[note(3)]
    Annotation.objects.all().delete()
    problem = found()
    assert problem is not None
    assert (problem.fault, problem.key, problem.sequence) == (Fault.EDITED, note(2), 3)


def test_what_is_tagged_or_held_cannot_have_expired(kept: InMemoryStore, documents: Make) -> None:
    """Not even by a program that has the key."""
    for number in (1, 2):
        record(documents(number), kept)
    row = Record.objects.get(sequence=1)
    say(row, Says.HOLD_ALL, name="Case 7", by="Alice", now=NOW)
    say(row, Says.UNHOLD_ALL, name="Case 7", by="Alice", now=NOW, reason="over")
    say(row, Says.HOLD, name="Case 8", by="Alice", now=NOW)
    stone = Tombstone(kept.objects[row.prefix + "metadata.json"].decode(), {}, ())
    last = noted(kept.objects, 3)
    forced = replace(last, says=Says.EXPIRED, value="", tombstone=stone)
    annotation.append(kept, forced, signer(), last.head())
    problem = found()
    assert problem is not None
    assert (problem.fault, problem.key) == (Fault.DELETED, note(4))
    assert "tagged or held" in problem.message


def test_a_tombstone_is_of_its_record(kept: InMemoryStore, documents: Make) -> None:
    for number in (1, 2):
        record(documents(number), kept)
    row, other = Record.objects.order_by("sequence")
    stone = Tombstone(kept.objects[other.prefix + "metadata.json"].decode(), {}, ())
    say(row, Says.EXPIRED, by="strandsweb", now=NOW, tombstone=stone)
    problem = found()
    assert problem is not None
    assert (problem.fault, problem.key) == (Fault.EDITED, note(1))
    row.refresh_from_db()
    assert verify_record(row) == problem
    del kept.objects[note(1)]
    problem = verify_record(row)
    assert problem is not None
    assert (problem.fault, problem.key) == (Fault.DELETED, note(1))


def test_an_annotation_is_of_the_record_with_that_number(kept: InMemoryStore, documents: Make) -> None:
    for number in (1, 2):
        record(documents(number), kept)
    say(Record.objects.get(sequence=2), Says.TAG, name="good", by="Bob", now=NOW)
    wrong = replace(noted(kept.objects, 1), sequence=1)
    annotation.append(kept, wrong, signer(), noted(kept.objects, 1).head())
    problem = found()
    assert problem is not None
    assert (problem.fault, problem.sequence) == (Fault.EDITED, 1)


def test_the_end_of_records_is_known_from_what_was_said_of_them(kept: InMemoryStore, documents: Make) -> None:
    annotated(kept, documents)
    for key in [key for key in kept.objects if "/chain/0000000003" in key or "-000003/" in key]:
        del kept.objects[key]
    Record.objects.filter(sequence=3).delete()
    problem = found()
    assert problem is not None
    assert (problem.fault, problem.sequence) == (Fault.TRUNCATED, 3)


def columns(model: Any) -> list[dict[str, Any]]:
    names = [field.attname for field in model._meta.concrete_fields if field.name != "id"]
    order = ["deployment_id", "number"] if model is Annotation else ["deployment_id"]
    return list(model.objects.order_by(*order).values(*names))


def test_the_index_made_again_from_the_store_equals_the_old_one(kept: InMemoryStore, documents: Make) -> None:
    annotated(kept, documents)
    rows = {row.sequence: row for row in Record.objects.all()}
    for name in ("good", "v1.0", "good-2"):
        say(rows[2], Says.TAG, name=name, by="Bob", now=NOW)
    say(rows[2], Says.UNTAG, name="v1.0", by="Bob", now=NOW)
    say(rows[3], Says.HOLD, name="Case 9", by="Alice", now=NOW, reason="asked by counsel")
    say(rows[3], Says.UNHOLD, name="Case 9", by="Alice", now=NOW, reason="settled")
    for name in ("All", "Other"):
        say(rows[3], Says.HOLD_ALL, name=name, by="Alice", now=NOW)
    say(rows[3], Says.UNHOLD_ALL, name="All", by="Alice", now=NOW, reason="settled")
    record(documents(4, environment="prod"), kept)
    expected = columns(Record), columns(Annotation)
    first, second, third = (row for row in expected[0] if row["environment_name"] == "dev")
    assert (first["expired_at"], first["cleared"]) == (NOW, True)
    assert (second["labels"], third["holds"]) == (["golden", "good", "good-2"], ["Case 7"])
    assert [each.value for each in annotating.environment_holds(*PLACE)] == ["Other"]
    for damage in (
        lambda: Record.objects.all().delete(),
        lambda: Annotation.objects.all().delete(),
        lambda: Record.objects.update(labels=["x"], holds=["y"], expired_at=None, cleared=False),
        lambda: Annotation.objects.update(lifted=True),
    ):
        damage()
        rebuild(kept)
        assert (columns(Record), columns(Annotation)) == expected
    kept.objects = {key: data for key, data in kept.objects.items() if not key.startswith("support-desk/dev/")}
    rebuild(kept)
    assert not Annotation.objects.exists()


def test_what_the_index_missed_is_entered_by_whoever_comes_next(kept: InMemoryStore, documents: Make) -> None:
    annotated(kept, documents)
    before = columns(Record), columns(Annotation)
    Annotation.objects.filter(number=3).delete()
    Record.objects.filter(sequence=3).update(holds=[])
    annotation_index.catch_up(kept, *PLACE)
    assert (columns(Record), columns(Annotation)) == before


def test_nothing_is_said_behind_damaged_annotations(kept: InMemoryStore, documents: Make) -> None:
    annotated(kept, documents)
    row, whole = Record.objects.get(sequence=2), dict(kept.objects)
    for damage in (
        lambda: kept.objects.pop(note(3)),
        lambda: kept.objects.update({note(3): b"{}"}),
        lambda: kept.objects.update({note(3): kept.objects[note(2)]}),
        lambda: kept.objects.update({note(5): kept.objects[note(2)]}),
        lambda: kept.objects.update({note(4): b"nonsense"}),
    ):
        damage()
        with pytest.raises(ChainBroken, match="history_verify"):
            say(row, Says.TAG, name="late", by="Bob", now=NOW)
        kept.objects = dict(whole)
    del kept.objects[note(3)]
    with pytest.raises(ChainBroken, match="history_verify"):
        record(documents(9), kept)


def test_whoever_comes_second_decides_anew(
    kept: InMemoryStore, documents: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hold that takes the place of a tombstone keeps the record, and nothing is deleted."""
    for number in (1, 2):
        record(documents(number), kept)
    row, append, calls = Record.objects.get(sequence=1), annotation.append, []

    def overtaken(store: Any, said: Entry, key: Any, last: Any) -> Entry:
        if not calls:
            calls.append(said)
            append(store, replace(said, says=Says.HOLD, value="Case 7", tombstone=None), key, last)
        return append(store, said, key, last)

    monkeypatch.setattr(annotation, "append", overtaken)
    with pytest.raises(CannotSay, match="held for Case 7"):
        let_go(kept, row)
    row.refresh_from_db()
    assert (row.expired_at, row.holds) == (None, ["Case 7"])
    assert found() is None
    with pytest.raises(Overtaken):
        append(kept, calls[0], signer(), None)


@pytest.mark.parametrize(
    ("sequence", "says", "name", "why"),
    [
        (2, Says.TAG, "golden", "already"),
        (2, Says.TAG, "two words", "letters, digits"),
        (2, Says.UNTAG, "silver", "not tagged"),
        (3, Says.HOLD, "Case 7", "already"),
        (3, Says.UNHOLD, "Case 8", "not held"),
        (3, Says.UNHOLD_ALL, "Case 8", "not held"),
        (1, Says.TAG, "late", "expired"),
        (1, Says.HOLD, "late", "expired"),
        (1, Says.EXPIRED, "", "already"),
        (2, Says.EXPIRED, "", "tagged golden"),
        (3, Says.EXPIRED, "", "held for Case 7"),
    ],
)
def test_what_is_not_so_cannot_be_said(
    kept: InMemoryStore, documents: Make, sequence: int, says: Says, name: str, why: str
) -> None:
    annotated(kept, documents)
    before = dict(kept.objects)
    with pytest.raises(CannotSay, match=why):
        say(Record.objects.get(sequence=sequence), says, name=name, by="Bob", now=NOW)
    assert kept.objects == before


def test_tags_are_bounded_and_an_environment_is_held_once_by_a_name(kept: InMemoryStore, documents: Make) -> None:
    row = record(documents(1), kept)
    for number in range(annotating.MOST_TAGS):
        say(row, Says.TAG, name=f"v{number}", by="Bob", now=NOW)
    with pytest.raises(CannotSay, match="at most 20"):
        say(row, Says.TAG, name="more", by="Bob", now=NOW)
    say(row, Says.HOLD_ALL, name="Case 7", by="Alice", now=NOW)
    with pytest.raises(CannotSay, match="already"):
        say(row, Says.HOLD_ALL, name="Case 7", by="Alice", now=NOW)
    with pytest.raises(CannotSay, match="with its environment for Case 7"):
        say(row, Says.EXPIRED, by="strandsweb", now=NOW)


def test_an_annotation_is_read_back_as_it_was_written(kept: InMemoryStore, documents: Make) -> None:
    annotated(kept, documents)
    data = kept.objects[note(2)]
    assert Entry.from_bytes(data).to_bytes() == data
    assert noted(kept.objects, 2).tombstone is not None
    for bad in (b"", b"[]", b"{}", data + b" ", data.replace(b'"format":"1"', b'"format":"2"')):
        with pytest.raises(NotARecord):
            Entry.from_bytes(bad)
    last = Manifest.from_bytes(kept.objects["support-desk/dev/chain/0000000003.json"])
    assert last.annotations is not None
    assert (last.annotations.number, last.annotations.digest) == (2, noted(kept.objects, 2).digest())


def test_a_replaced_key_says_nothing_more(kept: InMemoryStore, documents: Make) -> None:
    annotated(kept, documents)
    keys.replace_key(kept, signer(), OTHER)
    last = noted(kept.objects, 3)
    own = annotation.append(kept, replace(last, says=Says.UNHOLD), OTHER, last.head())
    assert found() is None
    late = replace(own, number=5, previous=own.digest(), says=Says.HOLD)
    signed = replace(late, signature=Signature(signer().id, signer().sign("annotation", late.digest())))
    kept.objects[note(5)] = signed.to_bytes()
    problem = found()
    assert problem is not None
    assert (problem.fault, problem.key) == (Fault.WRONG_KEY, note(5))
