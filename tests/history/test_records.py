"""What a record is made of: files, names, digests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history import layout
from history.canonical import dumps, sha256
from history.metadata import Metadata
from history.records import Documents, File, Manifest, NotARecord, Signature, files_of

Make = Callable[..., Any]


def test_a_record_has_the_files_the_product_promises(documents: Make) -> None:
    files = files_of(documents())
    assert set(files.content) == {
        "config.yaml",
        "plan.json",
        "approvals.json",
        "state-before.json",
        "state-after.json",
        "execution-log.jsonl",
        "metadata.json",
        "logs/Function.log",
    }
    assert files.content["plan.json"] == documents().plan.encode()
    assert json.loads(files.content["state-after.json"]) == documents().state_after
    assert [json.loads(line)["number"] for line in files.content["execution-log.jsonl"].splitlines()] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    for name, data in files.content.items():
        assert (files.entries[name].sha256, files.entries[name].size) == (sha256(data), len(data))
    assert files.entries["logs/Function.log"].resource == "Function"


def test_metadata_has_the_promised_fields_and_comes_back(documents: Make) -> None:
    metadata = documents(rollback_to="2025-11-01").metadata
    written = json.loads(files_of(documents(rollback_to="2025-11-01")).content["metadata.json"])
    assert {
        "deploymentId", "projectName", "environment", "startTime", "endTime", "duration", "status", "deployedBy",
        "deploymentMethod", "version", "changes", "resourceCount", "estimatedCost", "tags",
    } <= written.keys()  # fmt: skip
    assert {"created", "updated", "deleted"} <= written["changes"].keys()
    assert Metadata.from_dict(written) == metadata


def test_the_same_documents_give_the_same_bytes(documents: Make) -> None:
    assert files_of(documents()) == files_of(documents())
    assert files_of(documents()) == files_of(replace(documents(), events=iter(documents().events)))


def test_a_log_is_lines_that_cannot_pretend_to_be_others(documents: Make) -> None:
    log = files_of(documents()).content["logs/Function.log"].decode()
    assert log.splitlines()[1:3] == ["2025-11-19T10:30:03.000Z INFO two", "    lines \\x1b[31mred"]
    assert "CALL lambda:UpdateFunctionConfiguration 200 in 0.100 s, attempts 1, request -" in log
    assert all(line.startswith(("2025-", "    ")) for line in log.splitlines())


def test_every_code_of_the_engine_has_a_line(events: Make, documents: Make) -> None:
    told = [
        ("step.failed", {"seconds": 1.0, "error": {"message": "no", "category": "denied"}}, "FAILED no"),
        ("step.skipped", {"because": ["create:A", "create:B"]}, "SKIPPED because of create:A, create:B"),
        ("step.cancelled", {}, "CANCELLED"),
        ("some.thing.new", {}, "THING.NEW"),
    ]
    lines = [
        {"number": number, "time": "t", "code": code, "step": "s", "logicalId": "R", "data": data}
        for number, (code, data, _) in enumerate(told, 1)
    ]
    log = files_of(documents(events=lines)).content["logs/R.log"].decode()
    assert log.splitlines() == [f"t {sentence}" for *_, sentence in told]


def test_text_that_utf8_cannot_hold_is_recorded_all_the_same(events: Make, documents: Make) -> None:
    hostile = events()
    hostile[2]["data"]["message"] = "half \ud83d and NUL \0"
    files = files_of(documents(events=hostile))
    line = files.content["execution-log.jsonl"].splitlines()[2]
    assert json.loads(line)["data"]["message"] == "half \ud83d and NUL \0"
    assert "half \\ud83d and NUL \\x00" in files.content["logs/Function.log"].decode()


@pytest.mark.parametrize(
    "broken",
    [
        lambda documents: replace(documents, plan="not json"),
        lambda documents: replace(documents, state_after={"a": {1, 2}}),
        lambda documents: replace(documents, state_after={"a": float("nan")}),
        lambda documents: replace(documents, events=list(documents.events)[1:]),
        lambda documents: replace(documents, config_yaml="\ud800"),
    ],
)
def test_documents_that_cannot_be_read_back_are_refused(
    broken: Callable[[Documents], Documents], documents: Make
) -> None:
    with pytest.raises(NotARecord):
        files_of(broken(documents()))


HOSTILE = [
    "a/b",
    "../../etc/passwd",
    "a b",
    "A",
    "a",
    "",
    ".",
    "..",
    "x" * 300,
    "é",
    "a\0b",
    "a-b",
    "con.log",
    "\ud800",
]


def test_hostile_resource_names_become_safe_and_different_file_names() -> None:
    names = layout.log_names(HOSTILE)
    assert names.keys() == set(HOSTILE)
    assert names["A"] == "logs/A.log"
    assert names["a"] != "logs/a.log", "file systems may not tell A from a"
    assert_safe(names)


def assert_safe(names: dict[str, str]) -> None:
    files = list(names.values())
    assert len({name.lower() for name in files}) == len(files)
    for name in files:
        assert name.startswith("logs/")
        assert name.endswith(".log")
        assert name.count("/") == 1
        assert name.isascii()
        assert len(name) < 200
        assert name.isprintable()
        assert ".." not in name


@given(st.lists(st.text(max_size=8) | st.sampled_from(HOSTILE), max_size=12))
def test_file_names_are_always_safe_and_stable(resources: list[str]) -> None:
    names = layout.log_names(resources)
    assert_safe(names)
    assert names == layout.log_names(reversed(resources))


def test_a_plain_name_made_to_look_like_a_digest_takes_nobodys_place() -> None:
    (wanted,) = layout.log_names(["a/b"]).values()
    lookalike = wanted.removeprefix("logs/").removesuffix(".log")
    assert_safe(layout.log_names(["a/b", lookalike]))


def manifest(**changes: Any) -> Manifest:
    files = {"config.yaml": File("0" * 64, 3), "logs/a.log": File("1" * 64, 4, "a")}
    return replace(Manifest("d", "p", "e", 2, "9" * 64, "2025-11-19T10:30:00Z", files), **changes)


def test_a_manifest_comes_back_and_its_digest_names_all_of_it() -> None:
    assert Manifest.from_bytes(manifest().to_bytes()) == manifest()
    for change in ({"sequence": 3}, {"previous": None}, {"files": {}}, {"created_at": "x"}, {"deployment_id": "x"}):
        assert manifest(**change).digest() != manifest().digest()


def test_a_signature_is_carried_and_is_not_part_of_the_digest() -> None:
    signed = manifest(signature=Signature("5" * 64, "MDA="))
    assert signed.digest() == manifest().digest()
    assert Manifest.from_bytes(signed.to_bytes()) == signed


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"format":"2"}',
        manifest().to_bytes() + b"\n",
        manifest().to_bytes().replace(b'"sequence":2', b'"sequence": 2'),
        dumps(json.loads(manifest().to_bytes()) | {"extra": 1}),
        dumps(json.loads(manifest().to_bytes()) | {"files": {"a": {"size": 1}}}),
        dumps(json.loads(manifest().to_bytes()) | {"files": [1]}),
        dumps(json.loads(manifest().to_bytes()) | {"signature": None}),
        dumps(json.loads(manifest().to_bytes()) | {"signature": {"key": "5"}}),
        b"[" * 100_000,
    ],
)
def test_what_is_not_exactly_a_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(NotARecord):
        Manifest.from_bytes(data)
