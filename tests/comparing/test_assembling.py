"""References, costs, all of it together, and the files one takes along."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.aws.registry import KINDS
from deployments.comparing.assembling import Comparison, assemble
from deployments.comparing.code import AgentCode, Code, File, FileChange
from deployments.comparing.costs import compare_costs
from deployments.comparing.files import as_json
from deployments.comparing.references import Kind, Reference
from deployments.comparing.sides import Side, entries_of
from history.steps import StepResult
from history.textdiff import patch
from tests.comparing.sides import DEV, PROD, deployed, entry, side
from tests.history.conftest import make_documents, make_state


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("record:2026-11-20T10-30-00Z-abcdef", Kind.RECORD, "2026-11-20T10-30-00Z-abcdef"),
        ("2026-11-20T10-30-00Z-abcdef", Kind.RECORD, "2026-11-20T10-30-00Z-abcdef"),
        (" environment:dev ", Kind.ENVIRONMENT, "dev"),
        ("live:prod", Kind.LIVE, "prod"),
    ],
)
def test_a_side_is_named_by_an_address(text: str, kind: Kind, name: str) -> None:
    found = Reference.parse(text)
    assert found == Reference(kind, name)
    assert Reference.parse(str(found)) == found
    assert found.moves is (kind is not Kind.RECORD)


@pytest.mark.parametrize("text", ["", "  ", "planet:mars", "live:", "a\0b", "x" * 500])
def test_nonsense_names_nothing(text: str) -> None:
    assert Reference.parse(text) is None


def test_costs_are_told_by_resource_with_the_totals_of_all() -> None:
    alarm = entry("AWS::CloudWatch::Dashboard", "d", DashboardName="d")
    secret = entry("AWS::SecretsManager::Secret", "s", Name="s")
    found = compare_costs(
        side(resources={"A": alarm, "S": secret}),
        side(resources={"S": secret, "T": secret, "Q": entry("AWS::X::Y", "q")}),
        KINDS,
    )
    assert [(row.logical_id, row.before, row.after, row.difference) for row in found.rows] == [
        ("A", 3.0, None, -3.0),
        ("T", None, 0.40, 0.40),
    ]
    assert (found.before, found.after, round(found.difference, 2)) == (3.4, 0.8, -2.6)


def of_documents(number: int, memory: int = 512, **more: object) -> Side:
    documents = make_documents(number, memory=memory)
    fields = {
        "metadata": documents.metadata,
        "config_text": documents.config_yaml,
        "resources": entries_of(make_state(memory)),
        "approvals": documents.approvals,
        "steps": {"update:Function": StepResult("update:Function", "Function", "succeeded", float(number))},
    }
    return side(number=number, **(fields | more))


def compared(before: Side, after: Side, code: Code | None = None) -> Comparison:
    return assemble(before, after, kinds=KINDS, code=code or Code(same=True))


def test_a_side_compared_with_itself_says_that_nothing_differs() -> None:
    found = compared(of_documents(1), of_documents(1))
    assert found.is_empty and found.one_story and not found.across
    other = compared(of_documents(1), replace(of_documents(1), stands_for=None))
    assert other.is_empty and not other.one_story
    assert not compared(of_documents(1), of_documents(1), Code(missing=("dev 1",))).is_empty


def test_durations_are_bars_and_everything_is_in_the_json() -> None:
    found = compared(of_documents(1), of_documents(2, 1024))
    assert not found.is_empty
    assert [(bar.before_percent, bar.after_percent) for bar in found.bars] == [(50.0, 100.0)]
    assert found.duration_difference == 0.0
    assert compared(side(), of_documents(1)).duration_difference is None
    said = as_json(found)
    assert said["configuration"]["changes"][0] == {
        "path": "agents.customer-support.memory", "edit": "changed", "before": "512", "after": "1024",
        "beforeFrom": "", "afterFrom": "",
    }  # fmt: skip
    assert said["resources"]["changes"][0]["properties"] == [
        {"path": "MemorySize", "edit": "changed", "before": "512", "after": "1024"}
    ]
    assert said["steps"] == [{"step": "update:Function", "before": 1.0, "after": 2.0}]
    assert said["approvals"]["after"][0]["comment"] == "ok"
    assert (said["from"]["reference"], said["to"]["record"]) == ("record:dev-1", "dev-2")


def test_two_environments_with_code_are_in_the_json() -> None:
    file = File("a/main.py", "main.py", "0" * 64, 3)
    changes = Code(folders=(AgentCode(("one",), (FileChange("added", None, file),)),))
    said = as_json(compared(side(DEV, resources=deployed(DEV)), side(PROD, resources={}), changes))
    assert said["code"]["files"] == [
        {
            "agents": ["one"],
            "change": "added",
            "before": None,
            "after": {"path": "a/main.py", "sha256": "0" * 64, "size": 3},
        }
    ]
    assert {each["logicalId"] for each in said["resources"]["changes"]} == set(deployed(DEV))
    assert said["permissions"][0]["changes"][0]["widens"] is False


texts = st.lists(st.sampled_from(["a", "b", "", " c", "\x0c\u2028", "+", "-", "\\"]), max_size=6).map("\n".join)


@settings(max_examples=8)
@given(texts, texts, st.booleans())
def test_a_patch_is_one_that_git_applies(
    tmp_path_factory: pytest.TempPathFactory, before: str, after: str, end: bool
) -> None:
    before, after = (f"{text}\n" if end and text else text for text in (before, after))
    said = patch(before, after, "a b.txt", "a b.txt")
    assert bool(said) is (before != after)
    if said:
        folder = Path(tmp_path_factory.mktemp("patched"))
        (folder / "a b.txt").write_bytes(before.encode())
        (folder / "it.patch").write_bytes(said.encode())
        subprocess.run(["git", "apply", "it.patch"], cwd=folder, check=True, capture_output=True)
        assert (folder / "a b.txt").read_bytes() == after.encode()


def test_a_patch_adds_and_removes_files(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("x\n")
    (tmp_path / "it.patch").write_text(patch("x\n", "", "old", None) + patch("", "y", None, "in/new"))
    subprocess.run(["git", "apply", "it.patch"], cwd=tmp_path, check=True, capture_output=True)
    assert not (tmp_path / "old").exists()
    assert (tmp_path / "in" / "new").read_text() == "y"
