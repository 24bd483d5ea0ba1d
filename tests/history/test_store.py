"""One contract for every history store: memory, files and S3 promise the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from django.core.exceptions import ImproperlyConfigured
from moto import mock_aws

from history.store import AlreadyExists, FileStore, InMemoryStore, NotThere, S3Store, Store, StoreUnavailable, folders
from history.store import store as configured_store


@pytest.fixture(params=["memory", "files", "s3", "s3 below a prefix"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each of them, empty."""
    match request.param:
        case "memory":
            yield InMemoryStore()
        case "files":
            yield FileStore(tmp_path / "history")
        case _:
            with mock_aws():
                client = s3_client()
                yield made(S3Store(client, "history", "some/where" if "prefix" in request.param else ""))


@cache
def s3_client() -> Any:
    """One for all tests, as making one takes longer than most of them; moto answers it inside `mock_aws`."""
    return boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def made(store: S3Store) -> S3Store:
    store.ensure_bucket()
    store.ensure_bucket()
    return store


def test_what_is_put_can_be_read(store: Store) -> None:
    store.put_new("p/e/a.json", b"\x00\xff" * 1000)
    assert store.get("p/e/a.json") == b"\x00\xff" * 1000
    store.put_new("p/e/empty", b"")
    assert store.get("p/e/empty") == b""


def test_an_object_is_written_once(store: Store) -> None:
    store.put_new("p/a", b"first")
    with pytest.raises(AlreadyExists, match="p/a"):
        store.put_new("p/a", b"second")
    assert store.get("p/a") == b"first"


def test_writing_the_same_again_is_success(store: Store) -> None:
    store.put_new("p/a", b"same")
    store.put_new("p/a", b"same")
    assert store.get("p/a") == b"same"


def test_a_pointer_can_be_moved(store: Store) -> None:
    store.put("p/current/state.json", b"one")
    store.put("p/current/state.json", b"two")
    assert store.get("p/current/state.json") == b"two"


@pytest.mark.parametrize("key", ["nothing", "p/nothing", "p/a/below-a-file", "p"])
def test_what_is_not_there_is_said_by_name(store: Store, key: str) -> None:
    store.put_new("p/a", b"")
    with pytest.raises(NotThere, match=key):
        store.get(key)


def test_keys_come_in_the_order_of_their_bytes(store: Store) -> None:
    keys = ["a-b/1", "a/1", "a/b/2", "a/b-c", "a/b.d", "a/bc", "a0/1", "aZ/1", "b", "é/1"]
    for key in keys:
        store.put_new(key, b"")
    ordered = sorted(keys, key=str.encode)
    assert list(store.keys("")) == ordered
    for after in [*keys, "a/", "a/b/", "a", "zz", "a/b/10"]:
        assert list(store.keys("", after)) == [key for key in ordered if key.encode() > after.encode()]
    for prefix in ("a", "a/", "a/b"):
        assert list(store.keys(prefix)) == [key for key in ordered if key.startswith(prefix)]
    assert list(store.keys("a/b", "a/b/2")) == ["a/bc"]
    assert list(store.keys("none/")) == []


def test_folders_are_listed_without_their_content(store: Store) -> None:
    for key in ["a-b/1", "a-b/2", "a/1", "a/b/2", "a.c/1", "a0/x", "file", "z/1"]:
        store.put_new(key, b"")
    assert list(folders(store)) == ["a-b", "a.c", "a", "a0", "z"]
    assert list(folders(store, "a/")) == ["b"]
    assert list(folders(store, "none/")) == []


def test_hostile_keys_are_refused(store: Store) -> None:
    for key in ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.", "a\\b", "a\0b", "x" * 1025]:
        for call in (partial(store.put_new, key, b""), partial(store.put, key, b""), partial(store.get, key)):
            with pytest.raises(ValueError, match="not a key"):
                call()
    assert list(store.keys("")) == []


def test_of_many_writers_one_wins_and_no_object_is_seen_half(store: Store) -> None:
    lost: list[int] = []
    barrier = threading.Barrier(8)

    def write(number: int) -> None:
        barrier.wait()
        try:
            store.put_new("p/contested", bytes([number]) * 100_000)
        except AlreadyExists:
            lost.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lost) == 7
    (winner,) = set(range(8)) - set(lost)
    assert store.get("p/contested") == bytes([winner]) * 100_000


def test_a_good_store_passes_its_check(store: Store) -> None:
    store.check()
    assert list(store.keys("")) == []


def test_files_leave_nothing_unfinished_behind(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.put_new("p/a", b"1")
    with pytest.raises(AlreadyExists):
        store.put_new("p/a", b"2")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a"]
    with pytest.raises(ValueError, match="not a key"):
        store.put_new(".unfinished/a", b"")


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    store = FileStore(tmp_path / "taken")
    for call in (store.check, lambda: store.put_new("a", b"")):
        with pytest.raises(StoreUnavailable, match="cannot be written"):
            call()


def test_a_file_the_system_refuses_is_unavailable(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    too_long_for_a_file = "x" * 300
    with pytest.raises(StoreUnavailable, match="cannot read"):
        store.get(too_long_for_a_file)
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        store.put(too_long_for_a_file, b"")


def test_a_bucket_is_listed_beyond_its_first_page() -> None:
    client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    pages: list[str] = []

    def small(params: dict[str, Any], **_: Any) -> None:
        pages.append(params["Prefix"])
        params["MaxKeys"] = 2

    client.meta.events.register("provide-client-params.s3.ListObjectsV2", small)
    with mock_aws():
        store = made(S3Store(client, "history"))
        keys = [f"p/{number}" for number in range(7)]
        for key in keys:
            store.put_new(key, b"")
        assert list(store.keys("p/")) == keys
        assert list(store.keys("p/", "p/0")) == keys[1:]
        assert len(pages) == 4 + 3


class Contested:
    """An S3 where another conditional put of the same key is under way for the first so many tries."""

    def __init__(self, client: Any, conflicts: int) -> None:
        self._client = client
        self._conflicts = conflicts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **arguments: Any) -> Any:
        if self._conflicts:
            self._conflicts -= 1
            answer: Any = {"Error": {"Code": "ConditionalRequestConflict"}, "ResponseMetadata": {"HTTPStatusCode": 409}}
            raise ClientError(answer, "PutObject")
        return self._client.put_object(**arguments)


def test_an_undecided_conditional_put_is_tried_again_for_a_while() -> None:
    with mock_aws():
        made(S3Store(s3_client(), "history"))
        store = S3Store(Contested(s3_client(), 2), "history")
        store.put_new("a", b"1")
        assert store.get("a") == b"1"
        with pytest.raises(StoreUnavailable, match="ConditionalRequestConflict"):
            S3Store(Contested(s3_client(), 5), "history").put_new("b", b"1")


def test_a_bucket_of_somebody_else_is_not_taken_for_missing() -> None:
    class Forbidden:
        def head_bucket(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "403"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "HeadBucket")  # type: ignore[typeddict-item]

    with pytest.raises(StoreUnavailable, match="403"):
        S3Store(Forbidden(), "history").ensure_bucket()


@pytest.mark.parametrize("word", ["file", "memory"])
def test_the_settings_name_the_store(word: str, settings: Any, tmp_path: Path) -> None:
    settings.HISTORY_STORE, settings.DATA_DIR = word, tmp_path
    configured_store().put("p/a", b"kept")
    assert configured_store().get("p/a") == b"kept"
    assert (tmp_path / "history" / "p" / "a").exists() is (word == "file")


def test_the_sandbox_gets_its_bucket_and_a_real_one_must_be_there(settings: Any) -> None:
    settings.HISTORY_STORE, settings.HISTORY_BUCKET = "s3", "our-history"
    settings.AWS_ENDPOINT_URL = ""
    with pytest.raises(StoreUnavailable, match="make run"):
        configured_store()
    with mock_aws():
        settings.AWS_ENDPOINT_URL = "https://s3.us-east-1.amazonaws.com"
        configured_store().check()
        settings.EMBEDDED, settings.AWS_ENDPOINT_URL, settings.HISTORY_BUCKET = False, "", "another"
        with pytest.raises(StoreUnavailable, match="another"):
            configured_store().check()


def test_another_word_is_refused(settings: Any) -> None:
    settings.HISTORY_STORE = "paper"
    with pytest.raises(ImproperlyConfigured, match="'paper'"):
        configured_store()


def test_a_missing_bucket_is_unavailable_and_is_not_made() -> None:
    with mock_aws():
        client = s3_client()
        store = S3Store(client, "history")
        for call in (
            store.check,
            lambda: store.get("a"),
            lambda: store.put_new("a", b""),
            lambda: store.put("a", b""),
            lambda: list(store.keys("")),
        ):
            with pytest.raises(StoreUnavailable, match="history bucket history"):
                call()
        assert client.list_buckets()["Buckets"] == []


def test_an_unreachable_s3_is_unavailable() -> None:
    quick = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
    client = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:1",
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=quick,
    )
    store = S3Store(client, "history")
    for call in (store.check, store.ensure_bucket, lambda: store.get("a")):
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            call()
