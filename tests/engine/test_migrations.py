"""State files that were ever written read the same for ever: a file here is never changed, only added."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from deployments.engine.errors import Refused
from deployments.engine.migrations import VERSION, migrated
from deployments.engine.state import State

FILES = Path(__file__).parent / "golden_states"
READ_AS = {  # the digest of what each file says, in the form version 1.0 gives it
    "0.9-support-desk.json": "1e4b7f247f106f82d1588f18a4b598bba7e744490493b14114c4f7c1a86fe3b8",
    "1.0-support-desk.json": "609eb441dfd81f00fcc95cffe67a4dc3fe024543f1007812dec72528ea15f89c",
}


def document(name: str) -> Any:
    return json.loads((FILES / name).read_text())


def test_every_file_that_is_kept_is_read() -> None:
    assert {path.name for path in FILES.iterdir()} == set(READ_AS)


@pytest.mark.parametrize("name", sorted(READ_AS))
def test_a_state_file_says_for_ever_what_it_said(name: str) -> None:
    written = json.dumps(State.from_dict(document(name)).as_dict(), sort_keys=True)
    assert json.loads(written)["version"] == VERSION
    assert hashlib.sha256(written.encode()).hexdigest() == READ_AS[name], written


def test_a_file_of_this_version_is_written_as_it_was_read() -> None:
    kept = document("1.0-support-desk.json")
    assert State.from_dict(kept).as_dict() == kept


def test_0_9_kept_tags_among_the_properties_and_protection_as_a_policy() -> None:
    state = State.from_dict(document("0.9-support-desk.json"))
    function, table = state.resources["CustomerSupportFunction"], state.resources["TicketsTable"]
    assert function.tags == {"strands:project": "support-desk", "tier": "gold"}
    assert "Tags" not in function.properties
    assert state.resources["HttpApi"].tags == {"team": "platform"}
    assert [name for name, entry in state.resources.items() if entry.retain] == ["TicketsTable"]
    assert (table.tags, "Tags" in table.properties) == ({}, False)


def test_the_file_that_is_migrated_is_left_as_it_is() -> None:
    given = document("0.9-support-desk.json")
    migrated(given)
    assert given == document("0.9-support-desk.json")


@pytest.mark.parametrize("version", ["0.8", "2.0", 1.0, None, ["0.9"]])
def test_a_version_nobody_knows_is_refused_with_those_that_are_read(version: Any) -> None:
    with pytest.raises(Refused, match=r"is not known here \(this version reads 0\.9, 1\.0\)"):
        migrated({"version": version})
