"""Claims, reviews, starts and deliveries raced by real processes, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from strandsweb.run import postgres
from tests.proof.owners import ORDERS

ROOT = Path(__file__).parents[2]
POSTGRES = pytest.param(
    "postgresql",
    marks=[
        pytest.mark.postgres,
        pytest.mark.skipif(postgres.binaries() is None, reason="PostgreSQL is not installed"),
    ],
)


@pytest.fixture(scope="module", params=["sqlite", POSTGRES])
def races(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What came of every race, on each database."""
    arguments = ["--postgres"] if request.param == "postgresql" else []
    done = subprocess.run(
        [sys.executable, "-m", "tests.proof.races", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["vendor"] == request.param
    return told


@pytest.mark.processes
def test_of_many_that_claim_one_gets_it(races: dict[str, Any]) -> None:
    for number, (*fencing, holder) in enumerate(races["claims"], start=1):
        assert sorted(fencing) == [0, 0, 0, number]
        assert holder


@pytest.mark.processes
def test_three_that_plan_make_one_plan(races: dict[str, Any]) -> None:
    assert {told["status"] for told in races["plans"]} == {"waiting"}


@pytest.mark.processes
def test_a_plan_is_approved_rejected_or_discarded_and_everybody_is_told_the_truth(races: dict[str, Any]) -> None:
    for told in races["reviews"]:
        approved, rejected, discarded = (heard == "done" for heard in told["heard"])
        assert told["reviews"] == sorted([False] * rejected + [True] * approved), "a review was written as it was heard"
        assert not (rejected and discarded), "what is rejected is closed, and so is what is given up"
        assert told["status"] == ("rejected" if rejected else "discarded" if discarded else "ready")
        assert rejected or approved or discarded


@pytest.mark.processes
def test_a_cancelled_start_never_runs_and_a_run_that_began_is_stopped(races: dict[str, Any]) -> None:
    for told in races["starts"]:
        assert told["queued"]["status"] in ("queued", "discarded")
        if told["status"] == "discarded":
            assert (told["events"], told["steps"]) == (0, 0), "it was given up before it began"
        elif told["heard"][0] == "done":
            assert told["status"] == "cancelled" or told["cancelled by"], "the wish to stop was heard"
        else:
            assert told["status"] in ("succeeded", "cancelled")


@pytest.mark.processes
def test_what_a_freeze_overtakes_makes_no_call_and_an_edit_does_not_matter(races: dict[str, Any]) -> None:
    for told in races["freezes"]:
        assert (told["status"], told["events"], told["steps"]) == ("waiting", 0, 0)


@pytest.mark.processes
def test_a_run_delivered_three_times_runs_once(races: dict[str, Any]) -> None:
    told = races["deliveries"]
    assert told["status"] == "succeeded"
    assert told["ends told"] == [1], "every step ended once"
    assert told["events without gaps"]
    assert told["resumed"] == 0, "nobody else took part"
    assert told["records"] == 1
    assert told["plan afterwards"]["status"] == "unchanged"
    assert (told["second"]["status"], told["second"]["events"]) == ("stale", 0), "the other plan made no call"


@pytest.mark.processes
def test_of_two_changes_of_protection_one_waits_and_is_settled_once(races: dict[str, Any]) -> None:
    in_force = 1
    for told in races["protections"]:
        assert sorted(told["proposed"]) == ["Conflict", "done"]
        assert (told["before"]["state"], told["before"]["waits"]) == ("waits", 1)
        assert sorted(told["heard"]) == ["Refused", "Refused", "done"]
        withdrawn, consented, _ = (heard == "done" for heard in told["heard"])
        state, deed = (
            ("withdrawn", ["withdrawn"]) if withdrawn
            else ("took effect", ["changed", "consented"]) if consented
            else ("declined", ["declined"])
        )  # fmt: skip
        in_force = told["newest"] if consented else in_force
        assert (told["state"], told["in force"], told["waits"]) == (state, in_force, 0)
        assert told["deeds"] == sorted(f"protection.{each}" for each in [*deed, "proposed"])


@pytest.mark.processes
def test_of_owners_who_order_the_path_at_once_one_does_and_the_others_hear_of_it(races: dict[str, Any]) -> None:
    for told in races["paths"]:
        assert sorted(told["heard"]) == ["PathConflict", "PathConflict", "done"]
        assert told["number"] == told["changes"] == told["base"] + 1
        winner = ("bob", "otto", "oona")[told["heard"].index("done")]
        assert (told["by"], told["names"]) == (winner, list(ORDERS[winner])[: 3 - told["base"] % 2])


@pytest.mark.processes
def test_of_many_that_hold_or_resume_one_does_and_a_run_begins_before_a_hold_or_not_at_all(
    races: dict[str, Any],
) -> None:
    for told in races["holds"]:
        assert sorted(told["placed"]) == sorted(told["lifted"]) == ["OutOfDate", "OutOfDate", "done"]
        assert told["held"] == {"standing": 1, "deeds": ["hold.placed"]}
        assert told["free"] == {"standing": 0, "deeds": ["hold.lifted", "hold.placed"]}
        run = told["run"]
        if run["status"] == "waiting":
            assert (run["events"], run["steps"]) == (0, 0), "it was held before its first call"
        else:
            assert run["status"] == "succeeded"
            assert run["began first"]
