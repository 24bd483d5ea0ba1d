"""A worker that was stopped while it held an environment, and goes on when another has it, writes nothing more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.processes
def test_the_late_writer_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.proof.paused_holder"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["under way when stopped"], "the first worker must hold the environment and have started a step"
    assert told["second"] == "succeeded"
    assert told["first fencing"] < told["second fencing"]
    assert told["first heard"] == ["another worker took over"], "the first wanted to write, and was refused"
    assert told["after second"] == told["after first"], "the first changed nothing when it went on"
    assert told["differences"] == []
