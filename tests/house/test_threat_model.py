"""The threat model names tests that exist, and every kind of threat has some."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.conftest import ROOT

TEXT = (ROOT / "docs" / "threat-model.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT)
KINDS = (
    "Spoofing",
    "Tampering",
    "Repudiation",
    "Information disclosure",
    "Denial of service",
    "Elevation of privilege",
)


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED)))
def test_what_is_named_as_proof_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text())
    found = {each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert name in found if name else any(each.startswith("test_") for each in found)


@pytest.mark.parametrize("kind", KINDS)
def test_every_threat_has_a_measure_and_a_proof(kind: str) -> None:
    part = re.split(r"\n###? ", TEXT.split(f"### {kind}", 1)[1])[0]
    rows = [row for row in part.splitlines() if row.startswith("| ") and not row.startswith("| threat")]
    assert len(rows) >= 4
    assert all("`tests/" in row.split("|")[3] for row in rows)
