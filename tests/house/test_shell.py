"""The shell commands as processes: alone, beside `make run`, and after both were killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.conftest import SAMPLE
from tests.house.conftest import ROOT, Copy

pytestmark = pytest.mark.processes
CONFIGURATION = SAMPLE / "strands.yaml"


def shell(data_dir: Path, command: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the JSON it printed (if any) and what it complained of."""
    environment = {**os.environ, "DATA_DIR": str(data_dir)}
    for name in ("DJANGO_SETTINGS_MODULE", "AWS_ENDPOINT_URL", "BROKER_URL"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "manage.py", command, *arguments, "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def deploy(
    data_dir: Path, environment: str, *more: str, config: Path = CONFIGURATION
) -> tuple[int, dict[str, Any], str]:
    arguments = ("--project", "support-desk", "--environment", environment, "--as", "deployer")
    return shell(data_dir, "deploy", *arguments, "--config", str(config), "--source", str(SAMPLE), *more)


def ids(result: dict[str, Any]) -> dict[str, str]:
    return {resource["logical_id"]: resource["physical_id"] for resource in result["resources"]}


def test_alone_it_deploys_changes_rolls_back_and_destroys(places: Callable[[], Path]) -> None:
    place = places()
    code, planned, _ = deploy(place, "dev", "--plan-only")
    assert (code, planned["status"], planned["aws_calls"]["write"]) == (0, "ready", 0)
    code, first, complaint = deploy(place, "dev")
    assert (code, first["status"]) == (0, "succeeded"), complaint
    assert first["counts"]["create"] == len(first["resources"]) == len(planned["resources"])
    assert {resource["status"] for resource in first["resources"]} == {"succeeded"}
    assert 0 < first["critical_path_seconds"] <= first["duration_seconds"]

    code, again, _ = deploy(place, "dev")
    assert (code, again["status"], again["aws_calls"]["write"]) == (0, "unchanged", 0)
    assert ids(again) == ids(first), "the sandbox came back with the same resources and ids"

    more = place / "more.yaml"
    more.write_text(CONFIGURATION.read_text().replace("memory: 256", "memory: 320", 1))
    code, changed, _ = deploy(place, "dev", config=more)
    assert (code, changed["counts"]["update"]) == (0, 1)
    # The configuration, and the tag that says which version wrote it.
    assert changed["aws_calls"]["write"] == 2

    code, back, complaint = shell(place, "rollback", "--to", first["deployment"], "--as", "deployer")
    assert (code, back["status"], back["counts"]["update"]) == (0, "succeeded", 1), complaint
    code, gone, complaint = shell(
        place, "destroy", "--project", "support-desk", "--environment", "dev", "--as", "deployer"
    )
    assert (code, gone["status"], gone["counts"]["delete"]) == (0, "succeeded", len(ids(first))), complaint


def test_it_refuses_with_a_reason_and_an_exit_code(places: Callable[[], Path]) -> None:
    place = places()
    broken = place / "broken.yaml"
    broken.write_text(CONFIGURATION.read_text().replace("memory:", "memroy:", 1))
    code, _, complaint = deploy(place, "dev", config=broken)
    assert code != 0
    assert "memroy" in complaint
    assert "memory" in complaint
    code, waiting, complaint = deploy(place, "prod")
    assert (code, waiting["status"]) == (1, "waiting")
    assert "1 more approval" in complaint
    code, _, complaint = shell(
        place, "destroy", "--project", "support-desk", "--environment", "prod", "--as", "outsider"
    )
    assert code != 0
    assert "not a member" in complaint


def test_beside_make_run_and_after_everything_was_killed_nothing_is_lost(
    places: Callable[[], Path], start: Callable[..., Copy]
) -> None:
    place = places()
    running = start(data_dir=place, demo=True)
    facts = running.ready()
    code, before, complaint = deploy(place, "dev")
    assert (code, before["status"]) == (0, "unchanged"), complaint
    running.end(signal.SIGKILL)

    again = start(data_dir=place, port=running.port, demo=True)
    assert again.ready()["sandbox"] == facts["sandbox"]
    code, after, _ = deploy(place, "dev")
    assert (code, after["status"], after["aws_calls"]["write"]) == (0, "unchanged", 0)
    assert ids(after) == ids(before)
    request = Request(
        f"{facts['sandbox']}/_apis/{ids(after)['HttpApi']}/support",
        data=b'{"question": "Where is my invoice?"}',
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as answer:
        assert "answer" in json.loads(answer.read())
