"""A slice of the kill matrix with real processes; `make kill-matrix` runs the whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof.matrix import differences
from tests.proof.progress import Case, Progress

ROOT = Path(__file__).parents[2]


@pytest.mark.processes
def test_a_worker_that_is_killed_anywhere_leaves_nothing_to_be_seen() -> None:
    """Every hundred-and-sixtieth crash point of each act."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.proof.kill_matrix", "--every", "160", "--jobs", "3", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert [case for case in told["cases"] if case["differences"]] == [], done.stderr
    assert {case["act"] for case in told["cases"]} == {"create", "change", "destroy"}
    assert len(told["cases"]) >= 5
    assert any(case["place"].startswith("call|") for case in told["cases"])
    assert done.returncode == 0


def test_a_difference_is_a_difference() -> None:
    right = {"state": {"Jobs": {"physicalId": "jobs"}}, "inventory": {"SQS": ["jobs"]}}
    assert differences(right, right) == []
    doubled = {"state": {"Jobs": {"physicalId": "jobs"}}, "inventory": {"SQS": ["jobs", "jobs-2"]}}
    assert differences(doubled, right) == ["/inventory/SQS: ['jobs', 'jobs-2'] instead of ['jobs']"]
    assert differences({"inventory": right["inventory"]}, right) == [
        "/state: None instead of {'Jobs': {'physicalId': 'jobs'}}"
    ]


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "var" / "tried.jsonl"
    right, wrong = Case("create", "a", "before", "", (), 1.0), Case("create", "b", "after", "", ("/state",), 1.0)
    first = Progress(path, {"points": 2})
    assert first.cases == []
    first.add(right)
    first.add(wrong)
    with path.open("a") as file:
        file.write('{"act": "cha')
    again = Progress(path, {"points": 2})
    assert again.cases == [right], "what differed is tried again, and so is what was cut off"
    again.add(wrong)
    assert Progress(path, {"points": 2}).cases == [right]
    assert Progress(path, {"points": 3}).cases == [], "other points are another matrix"
    again.end()
    again.end()
    assert not path.exists()
