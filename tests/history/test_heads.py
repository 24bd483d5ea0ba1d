"""The ends of chains in a second place: written once, retained, added later, mailed, and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core import mail
from moto import mock_aws

from history import heads, tasks
from history.models import Record
from history.recording import record
from history.signing import signer
from history.store import FileStore, InMemoryStore, S3Store, Store, StoreUnavailable
from history.verification import verify_all
from history.verifier import Fault, Problem
from tests.history.damage import PLACE, manifest, remove
from tests.history.writing import STRANGER, write_unsigned

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
LAST = "support-desk/dev/heads/0000000003.json"


@cache
def s3() -> Any:
    return boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture(params=["memory", "files", "s3"])
def second(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Each kind of second place, empty."""
    with mock_aws():
        store: Store = InMemoryStore()
        if request.param == "files":
            store = FileStore(tmp_path / "ends")
        elif request.param == "s3":
            s3().create_bucket(Bucket="ends", ObjectLockEnabledForBucket=True)
            store = S3Store(s3(), "ends", retention_days=10)
        monkeypatch.setattr(heads, "second_place", lambda: store)
        yield store


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> InMemoryStore:
    """A second place in memory."""
    store = InMemoryStore()
    monkeypatch.setattr(heads, "second_place", lambda: store)
    return store


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> InMemoryStore:
    """The store of the records."""
    store = InMemoryStore()
    for module in ("verification", "heads"):
        monkeypatch.setattr(f"history.{module}.configured_store", lambda: store)
    return store


def found() -> Problem | None:
    """What verifying says of the only environment."""
    ((place, problem),) = verify_all()
    assert place == PLACE
    return problem


def test_an_end_cut_off_by_the_owner_of_bucket_and_database_shows(
    second: Store, kept: InMemoryStore, documents: Make
) -> None:
    for number in (1, 2, 3):
        record(documents(number), kept)
    assert list(second.keys("")) == [LAST.replace("3.json", f"{number}.json") for number in (1, 2, 3)]
    assert found() is None
    remove(kept.objects, 3)
    Record.objects.filter(sequence=3).delete()
    problem = found()
    assert problem is not None
    assert (problem.fault, problem.sequence) == (Fault.TRUNCATED, 3)
    record(documents(4), kept)  # written on from there, as if nothing had been
    problem = found()
    assert problem is not None
    assert (problem.fault, problem.sequence) == (Fault.EDITED, 3)


def test_a_history_that_is_gone_as_a_whole_shows(memory: InMemoryStore, kept: InMemoryStore, documents: Make) -> None:
    record(documents(1), kept)
    kept.objects = {key: data for key, data in kept.objects.items() if key.startswith("_keys/")}
    Record.objects.all().delete()
    problem = found()
    assert problem is not None
    assert (problem.fault, problem.sequence) == (Fault.TRUNCATED, 1)


def test_objects_are_retained_where_the_bucket_can() -> None:
    with mock_aws():
        s3().create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
        s3().create_bucket(Bucket="ruled", ObjectLockEnabledForBucket=True)
        rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}}
        s3().put_object_lock_configuration(
            Bucket="ruled", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
        )
        s3().create_bucket(Bucket="plain")
        for bucket, mode in (("locked", "COMPLIANCE"), ("ruled", "GOVERNANCE"), ("plain", None)):
            store = S3Store(s3(), bucket, retention_days=10)
            store.put_new("a", b"1")
            store.put_new("a", b"1")
            assert s3().head_object(Bucket=bucket, Key="a").get("ObjectLockMode") == mode
        with pytest.raises(StoreUnavailable, match="history bucket none"):
            S3Store(s3(), "none", retention_days=10).put_new("a", b"1")


def test_a_second_place_that_is_away_holds_nothing_up_and_is_caught_up_with(
    memory: InMemoryStore, kept: InMemoryStore, documents: Make, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def away() -> Store:
        raise StoreUnavailable("the history bucket ends is away")

    with monkeypatch.context() as patched:
        patched.setattr(heads, "second_place", away)
        for number in (1, 2, 3):
            record(documents(number), kept)
    assert "is away" in caplog.text
    assert memory.objects == {}
    tasks.anchor_heads()
    assert list(memory.objects) == [LAST]
    assert heads.anchor_all() == 0
    assert found() is None
    memory.objects.clear()
    del kept.objects[manifest(kept.objects, 3).prefix + "manifest.json"]
    assert heads.anchor_all() == 0
    assert "cannot be read" in caplog.text


def test_what_is_wrong_in_the_second_place_is_said(memory: InMemoryStore, kept: InMemoryStore, documents: Make) -> None:
    for number in (1, 2, 3):
        record(documents(number), kept)
    whole = memory.objects[LAST]

    def changed(to: bytes) -> Problem:
        memory.objects[LAST] = to
        problem = found()
        assert problem is not None
        assert problem.key == f"the second place's {LAST}"
        return problem

    assert changed(b"{}").fault is Fault.EDITED
    assert changed(b"nonsense").fault is Fault.EDITED
    assert changed(whole.replace(b'"sequence":3', b'"sequence":2')).fault is Fault.EDITED
    assert changed(whole.replace(b'"dev"', b'"prod"')).fault is Fault.EDITED
    assert changed(whole.replace(signer().id.encode(), STRANGER.id.encode())).fault is Fault.WRONG_KEY
    assert changed(whole.replace(b'"value":"', b'"value":"AA')).fault is Fault.WRONG_KEY


def test_records_from_before_keys_have_ends_too(memory: InMemoryStore, kept: InMemoryStore, documents: Make) -> None:
    assert heads.anchor(write_unsigned(kept, documents(1)))
    assert found() is None


def test_the_settings_name_the_second_place(settings: Any, tmp_path: Path, documents: Make) -> None:
    assert heads.second_place() is None
    assert heads.anchor_all() == 0
    settings.HISTORY_ANCHOR_FOLDER = str(tmp_path / "ends")
    record(documents(1), InMemoryStore())
    assert (tmp_path / "ends" / "support-desk" / "dev" / "heads" / "0000000001.json").exists()
    settings.HISTORY_ANCHOR_BUCKET = "ends"
    settings.AWS_ENDPOINT_URL = "https://s3.us-east-1.amazonaws.com"
    with mock_aws():
        assert isinstance(heads.second_place(), S3Store)


def test_ends_are_mailed_to_who_shall_keep_them(settings: Any, documents: Make) -> None:
    row = record(documents(1), InMemoryStore())
    assert not heads.mail()
    settings.HISTORY_ANCHOR_MAIL = "auditor@example.com"
    tasks.mail_heads()
    (sent,) = mail.outbox
    assert sent.to == ["auditor@example.com"]
    assert f"\nsupport-desk/dev:1:{row.manifest_digest}\n" in sent.body
