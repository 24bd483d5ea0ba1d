"""What the environment's page says of a worker that was killed while it held the environment."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.processes
def test_the_page_says_who_holds_it_what_is_under_way_and_when_it_is_free_again() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.proof.killed_holder"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    inside = told["in a step"]
    assert inside["killed by"] == signal.SIGKILL
    assert inside["left"]["status"] == "running" and f":{inside['worker']}:" in inside["left"]["holder"]
    for page in (inside["page while held"], inside["page when expired"]):
        assert inside["left"]["holder"] in page
        assert "s ago" in page
    assert "Being written now" in inside["page while held"]
    assert "what a takeover would do" in inside["page while held"]
    assert "let its lease expire" in inside["page when expired"]
    for step in inside["left"]["open"]:
        assert step.replace(":", " ") in inside["page when expired"]
    assert "looked up by" in inside["page when expired"]
    assert (inside["status after"], inside["page after"]) == ("succeeded", "")

    outside = told["after the end"]
    assert outside["killed by"] == signal.SIGKILL
    left = outside["left"]
    assert (left["status"], left["recorded"]) == ("succeeded", False) and left["holder"], "it died holding the lease"
    assert outside["page when expired"] == "", "nobody has to wait for the dead"
    assert outside["recorded after"] is True
