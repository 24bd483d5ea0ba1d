"""A record read back: one document at a time, bounded, and only what was sealed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from history import reading
from history.cache import DigestCache
from history.models import Record
from history.reading import Damaged, TooLarge, open_record
from history.recording import record
from history.store import InMemoryStore

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def forget() -> None:
    """Starts every test with an empty cache."""
    reading._cache.clear()
    reading._logs.clear()


@pytest.fixture
def row(store: InMemoryStore, documents: Make) -> Record:
    """A record."""
    return record(documents(memory=640), store)


def test_every_document_comes_back(store: InMemoryStore, row: Record, documents: Make) -> None:
    reader = open_record(row, store)
    given = documents(memory=640)
    assert reader.config_text() == given.config_yaml
    assert reader.plan() == {"format": "1", "subject": {"kind": "deploy"}, "changes": []}
    assert reader.approvals() == given.approvals
    assert reader.state_before() == given.state_before
    assert reader.state_after() == given.state_after
    assert reader.metadata() == given.metadata
    assert list(reader.all_events()) == list(given.events)
    assert reader.resources_with_logs == ("Function",)
    assert reader.logs("Function").splitlines()[0].endswith("STARTED update of AWS::Lambda::Function")
    assert reader.logs("Nobody") == ""


def test_events_come_in_pieces_by_number(store: InMemoryStore, row: Record) -> None:
    reader = open_record(row, store)
    assert [event["number"] for event in reader.events(limit=2)] == [1, 2]
    assert [event["number"] for event in reader.events(after=2, limit=3)] == [3, 4, 5]
    assert reader.events(after=6) == []


def test_of_a_long_log_the_last_whole_lines_are_read(store: InMemoryStore, row: Record) -> None:
    reader = open_record(row, store)
    whole = reader.logs("Function")
    last = whole.splitlines(keepends=True)[-1]
    assert reader.logs("Function", limit_bytes=len(last.encode()) + 5) == last


def test_a_document_is_fetched_when_asked_for_and_once(row: Record, store: InMemoryStore) -> None:
    asked: list[str] = []

    class Watched(InMemoryStore):
        def get(self, key: str) -> bytes:
            asked.append(key.removeprefix(row.prefix))
            return store.get(key)

    open_record(row, Watched()).plan()
    open_record(row, Watched()).plan()
    assert asked == ["manifest.json", "plan.json"]


@pytest.mark.parametrize("name", ["plan.json", "manifest.json"])
def test_what_is_not_what_was_sealed_is_not_shown(store: InMemoryStore, row: Record, name: str) -> None:
    store.objects[row.prefix + name] = b"{}"
    with pytest.raises(Damaged, match="manifest" if "manifest" in name else "not what was sealed"):
        open_record(row, store).plan()
    del store.objects[row.prefix + name]
    with pytest.raises(Damaged):
        open_record(row, store).plan()


def test_another_records_manifest_is_not_believed(store: InMemoryStore, row: Record, documents: Make) -> None:
    other = record(documents(2), store)
    store.objects[row.prefix + "manifest.json"] = store.objects[other.prefix + "manifest.json"]
    with pytest.raises(Damaged, match="not the one the index knows"):
        open_record(row, store)
    with pytest.raises(Damaged, match=r"has no nothing\.json"):
        open_record(other, store).raw("nothing.json")


def test_what_is_too_large_for_a_page_is_not_loaded(
    store: InMemoryStore, row: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LARGEST_BYTES", 10)
    with pytest.raises(TooLarge, match=r"plan\.json"):
        open_record(row, store).plan()


def test_one_document_of_a_record_in_the_configured_store(documents: Make) -> None:
    from history.store import store as configured_store

    configured_store().objects.clear()  # type: ignore[attr-defined]
    assert reading.plan(record(documents()))["format"] == "1"


def test_the_cache_holds_what_was_used_last_within_its_size() -> None:
    loaded: list[str] = []

    def get(cache: DigestCache, digest: str, size: int = 4) -> str:
        return cache.get("use", digest, size, lambda: loaded.append(digest) or digest)

    cache = DigestCache(10)
    for digest in ("a", "b", "a", "c", "a", "b"):
        assert get(cache, digest) == digest
    assert loaded == ["a", "b", "c", "b"]
    get(cache, "huge", 11)
    get(cache, "b")
    assert loaded == ["a", "b", "c", "b", "huge"]
    cache.clear()
    get(cache, "b")
    assert loaded[-1] == "b"
