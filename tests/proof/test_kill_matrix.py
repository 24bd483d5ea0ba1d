"""A slice of the kill matrix with real processes; `make kill-matrix` runs the whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof.matrix import differences

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
