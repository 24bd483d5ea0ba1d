"""Each kind of damage is found and named, whatever the history is kept in: by the command, by the page's button."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.management import CommandError, call_command
from moto import mock_aws

from history import keys
from history.index import rebuild
from history.models import Record
from history.recording import record
from history.records import Anchor
from history.signing import make, signer
from history.store import FileStore, InMemoryStore, S3Store, Store
from history.verification import verify_all, verify_record
from tests.history.damage import DAMAGES, NAMES, Objects
from tests.history.writing import write_unsigned

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
Keep = Callable[[Objects], Store]


@cache
def s3_client() -> Any:
    """One for all tests, as making one takes long; moto answers it inside `mock_aws`."""
    return boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture(params=["memory", "files", "s3"])
def keep(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keep]:
    """Puts objects into a store of each kind, which then is the one of this installation."""

    def kept(objects: Objects) -> Store:
        store = make_store()
        for key, data in objects.items():
            store.put_new(key, data)
        monkeypatch.setattr("history.verification.configured_store", lambda: store)
        return store

    def make_store() -> Store:
        match request.param:
            case "memory":
                return InMemoryStore()
            case "files":
                return FileStore(tmp_path / "history")
            case _:
                store = S3Store(s3_client(), "history")
                store.ensure_bucket()
                return store

    with mock_aws():
        yield kept


@pytest.fixture
def objects(documents: Make) -> Objects:
    """Three records, also in the index."""
    store = InMemoryStore()
    for number in (1, 2, 3):
        record(documents(number, memory=number), store)
    return store.objects


def verify(**options: Any) -> tuple[str, bool]:
    """What the command says, and whether it says that all is well."""
    out = io.StringIO()
    try:
        call_command("history_verify", stdout=out, **options)
    except CommandError:
        return out.getvalue(), False
    return out.getvalue(), True


@pytest.mark.parametrize(("damage", "fault", "sequence"), DAMAGES, ids=NAMES)
def test_the_first_bad_entry_is_named(
    keep: Keep, objects: Objects, damage: Callable[[Objects], None], fault: Any, sequence: int
) -> None:
    damage(objects)
    keep(objects)
    said, well = verify()
    assert not well
    assert said.startswith(f"support-desk/dev: {fault.value}: support-desk/dev/")
    assert f"(record {sequence})" in said
    structured, well = verify(json=True)
    found = json.loads(structured)
    assert (found["ok"], well) == (False, False)
    (place,) = found["environments"]
    assert (place["problem"]["fault"], place["problem"]["sequence"]) == (fault.value, sequence)
    row = Record.objects.get(sequence=sequence)
    assert verify_record(row), "the button says it too"


def test_a_whole_history_is_said_to_be_whole(keep: Keep, objects: Objects) -> None:
    keep(objects)
    assert verify() == ("support-desk/dev: nothing is wrong\n", True)
    said, well = verify(json=True)
    assert well
    assert json.loads(said) == {
        "ok": True,
        "environments": [{"project": "support-desk", "environment": "dev", "problem": None}],
    }
    assert json.loads(verify(json=True, project="other")[0]) == {"ok": True, "environments": []}
    assert [verify_record(row) for row in Record.objects.all()] == [None] * 3
    assert set(Record.objects.values_list("signed_by", flat=True)) == {signer().id}


def test_a_history_stripped_of_its_signatures_and_keys_shows(
    objects: Objects, documents: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    stripped, before = InMemoryStore(), None
    for number in (1, 2, 3):
        before = write_unsigned(stripped, documents(number, memory=number), before)
    monkeypatch.setattr("history.verification.configured_store", lambda: stripped)
    ((_, problem),) = verify_all()
    assert problem is not None
    assert problem.fault.value == "wrong key"
    assert verify_record(Record.objects.get(sequence=3)) is not None


def test_keys_of_somebody_else_are_named(objects: Objects, settings: Any, tmp_path: Path, keep: Keep) -> None:
    keep(objects)
    settings.HISTORY_SIGNING_KEY = str(tmp_path / "another.pem")
    ((_, problem),) = verify_all()
    assert problem is not None
    assert str(problem).startswith("wrong key: _keys/0000000001.json: the key ")
    assert verify_record(Record.objects.get(sequence=1)) == problem


def test_the_index_of_records_of_either_form_is_rebuilt_as_it_was(documents: Make) -> None:
    """The first form had neither signature nor audit log, and knew of no imported resources."""
    store = InMemoryStore()
    columns = [field.attname for field in Record._meta.concrete_fields if field.name != "id"]
    old = write_unsigned(
        store, documents(1), changed={"metadata.json": lambda data: data.replace(b'"imported":0,', b"")}
    )
    rebuild(store)
    record(documents(2), store, audit=Anchor(1, 5, "a" * 64))
    record(documents(3, environment="prod"), store)
    before = list(Record.objects.order_by("deployment_id").values(*columns))
    assert [row["signed_by"] for row in before] == ["", signer().id, signer().id]
    assert before[0]["manifest_digest"] == old.digest()
    assert b"imported" not in store.objects[old.prefix + "metadata.json"]
    Record.objects.all().delete()
    rebuild(store)
    assert list(Record.objects.order_by("deployment_id").values(*columns)) == before


def test_the_command_shows_and_introduces_keys(
    objects: Objects, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any
) -> None:
    store = InMemoryStore()
    store.objects = objects
    monkeypatch.setattr("history.management.commands.history_key.store", lambda: store)
    first, path = signer().id, tmp_path / "next.pem"

    def key(*arguments: str) -> str:
        out = io.StringIO()
        call_command("history_key", *arguments, stdout=out)
        return out.getvalue()

    assert key().splitlines()[0].startswith(f"1: {first} (Ed25519 ")
    assert key().splitlines()[1] == f"this process signs with {first}"
    with pytest.raises(CommandError, match=r"next\.pem"):
        key("--introduce", str(path))
    make(path)
    said = key("--introduce", str(path))
    settings.HISTORY_SIGNING_KEY = str(path)
    assert f"2: {signer().id} (Ed25519 " in said
    assert key().endswith(f"this process signs with {signer().id}\n")
    make(tmp_path / "third.pem")
    assert "not introduced by the one before" in key("--introduce", str(tmp_path / "third.pem"), "--without-the-old")
    assert len(keys.listed(store)) == 3
