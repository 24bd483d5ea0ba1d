"""An export verifies without us, names what is wrong in the same words as we do, and is whole or not at all."""

from __future__ import annotations

import importlib.util
import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from history import annotation, annotation_index, exporting, keys
from history import verifier as program
from history.annotating import say
from history.annotation import Entry, Says, Tombstone
from history.index import head_of
from history.models import Record
from history.recording import record
from history.records import Manifest
from history.signing import signer
from history.store import InMemoryStore
from history.verifier import BEGINNING, Head, Keys, Problem, read_keys, verify
from tests.history.annotated import NOW, annotated, let_go
from tests.history.damage import ANNOTATED, ANNOTATED_NAMES, DAMAGES, NAMES, Objects, link, manifest, note
from tests.history.writing import OTHER, write, write_unsigned

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
PLACE = "support-desk/dev"
SEED, HISTORIES = 20261121, 200


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> InMemoryStore:
    """The store that is exported."""
    store = InMemoryStore()
    monkeypatch.setattr("history.exporting.configured_store", lambda: store)
    return store


def exported(before: Head, end: Head) -> Objects:
    """The files of an export."""
    data = b"".join(exporting.archive("support-desk", "dev", before, end))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def objects(kept: InMemoryStore, documents: Make) -> Objects:
    """The files of an export of three records."""
    for number in (1, 2, 3):
        record(documents(number, memory=number), kept)
    return exported(BEGINNING, head_of(Record.objects.get(sequence=3)))


def zipped(objects: Objects, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in objects.items():
            archive.writestr(name, data)
    return path


def run(objects: Objects, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The verifier that came with the export, alone: -I keeps away everything of ours."""
    alone = folder / "verify.py"
    alone.write_bytes(objects["verify.py"])
    path = zipped(objects, folder / "archive.zip")
    command = [sys.executable, "-I", str(alone), str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def test_an_export_verifies_without_us(objects: Objects, tmp_path: Path) -> None:
    done = run(objects, tmp_path, "--key", signer().id)
    assert (done.returncode, done.stdout) == (0, "support-desk/dev: nothing is wrong, records: 3\n"), done.stderr
    assert "--key" in run(objects, tmp_path).stdout, "it says what it had to believe"
    done = run(objects, tmp_path, "--json")
    said = {"place": PLACE, "records": 3, "problem": None}
    assert json.loads(done.stdout) == {"ok": True, "environments": [said]}
    assert signer().id in objects["README.txt"].decode()


@pytest.mark.parametrize(("damage", "fault", "sequence"), DAMAGES, ids=NAMES)
def test_it_names_the_first_bad_entry(
    objects: Objects, tmp_path: Path, damage: Callable[[Objects], None], fault: Any, sequence: int
) -> None:
    damage(objects)
    done = run(objects, tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith(f"support-desk/dev: {fault.value}: support-desk/dev/")
    assert f"(record {sequence})" in done.stdout


@pytest.mark.parametrize(("damage", "fault", "sequence"), ANNOTATED, ids=ANNOTATED_NAMES)
def test_it_names_what_is_wrong_with_annotations_too(
    kept: InMemoryStore,
    documents: Make,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Objects], None],
    fault: Any,
    sequence: int,
) -> None:
    annotated(kept, documents)
    found = exported(BEGINNING, head_of(Record.objects.get(sequence=3)))
    assert program.main([str(zipped(found, tmp_path / "whole.zip"))]) == 0
    assert program.main([str(zipped(kept.objects, tmp_path / "copy.zip")), "--copy"]) == 0
    damage(found)
    capsys.readouterr()
    assert program.main([str(zipped(found, tmp_path / "damaged.zip"))]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"{PLACE}: {fault.value}: {PLACE}/")
    assert (f"(record {sequence})" in said) == bool(sequence)


def test_a_record_is_exported_with_what_was_said_of_it_alone(
    kept: InMemoryStore, documents: Make, said: Callable[..., tuple[int, str]], objects: Objects
) -> None:
    first, second, third = Record.objects.order_by("sequence")
    say(first, Says.TAG, name="good", by="Bob", now=NOW, store=kept)
    let_go(kept, second)
    say(third, Says.HOLD_ALL, name="Case 7", by="Alice", now=NOW, store=kept)
    one = exported(head_of(first), head_of(second))
    assert [key for key in one if "/annotations/" in key] == [note(2), note(3)]
    assert said(one)[1].startswith("support-desk/dev: nothing is wrong, records: 1")
    assert "deleted" in said({key: data for key, data in one.items() if key != note(2)})[1]
    assert "truncated" in said({key: data for key, data in one.items() if key != note(3)})[1]
    say(third, Says.HOLD_ALL, name="Case 8", by="Alice", now=NOW, store=kept)
    assert "inserted" in said(one | {note(4): kept.objects[note(4)]})[1]
    assert note(1) in exported(BEGINNING, head_of(first))


def verifier(objects: Objects, folder: Path) -> ModuleType:
    """The module that came with the export, apart from our own."""
    path = folder / "verify.py"
    path.write_bytes(objects["verify.py"])
    spec = importlib.util.spec_from_file_location("exported_verifier", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["exported_verifier"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def said(objects: Objects, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """What the program says of objects, in this process: it is our own, byte by byte."""
    assert objects["verify.py"] == Path(program.__file__).read_bytes()

    def run_here(objects: Objects, *arguments: str) -> tuple[int, str]:
        code = program.main([str(zipped(objects, tmp_path / "archive.zip")), *arguments])
        out = capsys.readouterr()
        return code, out.out + out.err

    return run_here


def damaged(chance: random.Random, objects: Objects) -> None:
    """Some of what can be done to a history, at random, up to three times."""
    for _ in range(chance.randint(1, 3)):
        of_us = sorted(key for key in objects if key.startswith((f"{PLACE}/", "_keys/")))
        if not of_us:
            return
        one, other = chance.choice(of_us), chance.choice(of_us)
        at = chance.randrange(len(objects[one]) or 1)
        match chance.randrange(7):
            case 0:
                del objects[one]
            case 1:
                objects[one] = objects[one][:at] + bytes([chance.randrange(256)]) + objects[one][at + 1 :]
            case 2:
                objects[one], objects[other] = objects[other], objects[one]
            case 3:
                objects[one] = objects[other]
            case 4:
                objects[f"{one.rpartition('/')[0]}/{chance.choice(['0000000009.json', 'x'])}"] = objects[other]
            case 5:
                objects[one] = objects[one][:at]
            case _:
                for key in [key for key in of_us if key >= one]:
                    del objects[key]


def noted_on(store: InMemoryStore, *manifests: Manifest) -> Head:
    """Lets the first of the records expire, tags the others, and answers the end of the annotations."""
    last: Head | None = None
    for each in manifests:
        said = Entry(
            each.project, each.environment, each.sequence, each.deployment_id, each.digest(),
            Says.TAG, "good", "", "Bob", NOW.isoformat(),
        )  # fmt: skip
        if last is None:
            metadata = store.objects[each.prefix + "metadata.json"].decode()
            stone = Tombstone(metadata, {}, ("config.yaml", "metadata.json"))
            said = replace(said, says=Says.EXPIRED, value="", tombstone=stone)
            store.delete(each.prefix + "config.yaml")
        placed = annotation.append(store, said, OTHER, last)
        annotation_index.enter(placed)
        last = placed.head()
    assert last is not None
    return last


def test_it_agrees_with_us_on_many_damaged_histories(
    kept: InMemoryStore, documents: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = write_unsigned(kept, documents(1))
    for number in (2, 3):
        last = write(kept, documents(number), signer=signer())
    keys.replace_key(kept, signer(), OTHER)
    last = write(kept, documents(4), signer=OTHER)
    noted = noted_on(kept, manifest(kept.objects, 2), manifest(kept.objects, 3))
    end = Head(4, last.digest(), OTHER.id)
    chance = random.Random(SEED)
    monkeyed = pytest.MonkeyPatch()
    monkeyed.setattr("history.exporting.signer", lambda: OTHER)
    objects = exported(BEGINNING, end)
    monkeyed.undo()
    module = verifier(objects, tmp_path)
    bad = 0
    for number in range(HISTORIES):
        changed = dict(objects)
        damaged(chance, changed)
        store = InMemoryStore()
        store.objects = {key: data for key, data in changed.items() if "/" in key}
        found = read_keys(store, OTHER.id)
        problem = found if isinstance(found, Problem) else verify(store, PLACE, found, [end], annotated=[noted])
        code = module.main([str(zipped(changed, tmp_path / "archive.zip")), "--key", OTHER.id, "--json"])
        theirs = json.loads(capsys.readouterr().out)["environments"][0]["problem"]
        if isinstance(found, Keys) and not found.by_id:
            assert theirs["fault"] == "deleted", "we have an index where the export has nothing but its keys"
        else:
            assert theirs == (problem and problem.as_dict()), f"history {number} of seed {SEED}"
        assert code == (1 if theirs else 0)
        lost = [key for key in objects if changed.get(key) != objects[key]]
        assert bool(theirs) or not lost, f"history {number} of seed {SEED}: {lost} went unnoticed"
        bad += bool(theirs)
    assert bad > HISTORIES // 2


def test_what_says_how_far_it_goes_cannot_be_changed(
    objects: Objects, said: Callable[..., tuple[int, str]], kept: InMemoryStore
) -> None:
    def without(name: str) -> Objects:
        return {key: data for key, data in objects.items() if key != name}

    assert "deleted: archive.json" in said(without("archive.json"))[1]
    shorter = objects["archive.json"].replace(b'"sequence":3', b'"sequence":2')
    assert "wrong key: archive.json: its signature" in said(objects | {"archive.json": shorter})[1]
    stranger = objects["archive.json"].replace(signer().id.encode(), b"0" * 64)
    assert "is not known" in said(objects | {"archive.json": stranger})[1]
    assert "edited: archive.json" in said(objects | {"archive.json": b"{}"})[1]
    assert "edited: archive.json" in said(objects | {"archive.json": b"nonsense"})[1]
    later = objects["archive.json"].replace(b'"format":"1"', b'"format":"2"')
    assert "format '2' is not known" in said(objects | {"archive.json": later})[1]
    assert "inserted: more.txt" in said(objects | {"more.txt": b""})[1]
    assert "inserted: support-desk/prod/chain/x" in said(objects | {"support-desk/prod/chain/x": b""})[1]
    assert "wrong key: _keys/0000000001.json" in said(objects, "--key", "0" * 64)[1]
    assert "deleted: _keys/0000000001.json" in said(without("_keys/0000000001.json"), "--key", signer().id)[1]


def test_one_record_is_exported_and_verified_by_itself(
    objects: Objects, said: Callable[..., tuple[int, str]], kept: InMemoryStore
) -> None:
    first, second = (head_of(Record.objects.get(sequence=number)) for number in (1, 2))
    one = exported(first, second)
    assert link(2) in one and link(1) not in one and link(3) not in one
    assert said(one)[1].startswith("support-desk/dev: nothing is wrong, records: 1")
    one[manifest(one, 2).prefix + "plan.json"] = b"{}"
    assert said(one)[0] == 1


def test_a_remembered_record_and_a_copy_of_the_bucket(
    objects: Objects, said: Callable[..., tuple[int, str]], kept: InMemoryStore, tmp_path: Path
) -> None:
    digest = manifest(objects, 3).digest()
    assert said(objects, "--head", f"{PLACE}:3:{digest}")[0] == 0
    code, text = said(objects, "--head", f"{PLACE}:3:{'0' * 64}")
    assert (code, "not the record that is remembered" in text) == (1, True)
    code, text = said(kept.objects, "--copy")
    assert (code, "cannot be seen" in text) == (0, True)
    assert "truncated" in said(kept.objects, "--copy", "--head", f"{PLACE}:4:{digest}")[1]
    assert "wrong key" in said(kept.objects, "--copy", "--key", "0" * 64)[1]
    folder = tmp_path / "unpacked"
    for name, data in objects.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    assert program.main([str(folder)]) == 0
    assert said(objects, "--json")[0] == 0


def test_what_cannot_be_read_is_neither_good_nor_bad(
    objects: Objects, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = zipped(objects, tmp_path / "whole.zip").read_bytes()
    (tmp_path / "half.zip").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as twice:
        twice.writestr("archive.json", b"{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            twice.writestr("archive.json", b"{}")
    for name in ("half.zip", "twice.zip", "nothing\x1b.zip"):
        assert program.main([str(tmp_path / name)]) == 2
        said = capsys.readouterr().err
        assert "cannot be read" in said
        assert "\x1b" not in said


def test_what_is_damaged_is_exported_as_it_is(
    kept: InMemoryStore, objects: Objects, said: Callable[..., tuple[int, str]]
) -> None:
    del kept.objects[link(2)]
    kept.objects[link(3)] = b"{}"
    found = exported(BEGINNING, head_of(Record.objects.get(sequence=3)))
    assert link(2) not in found
    assert found[link(3)] == b"{}"
    assert said(found)[1].startswith("support-desk/dev: deleted: support-desk/dev/chain/0000000002.json (record 2)")
