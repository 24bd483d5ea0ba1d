"""A small made-up project through all four phases, on two real sandboxes."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from benchmarks.journey import Clouds, Journey, Phase
from benchmarks.report import Row, aims, kept_aims, table
from benchmarks.subjects import sample, synthetic
from projects.configuration import for_environment, parse
from strandsweb.sandbox.starter import Sandbox, start


@pytest.mark.parametrize("agents", [1, 50])
def test_made_up_projects_have_no_problems(agents: int, tmp_path: Path) -> None:
    subject = synthetic(agents, tmp_path)
    parsed = parse(subject.text("123456789012"))
    assert parsed.problems == ()
    assert parsed.configuration is not None
    assert len(for_environment(parsed.configuration, "dev").agents) == agents


@pytest.mark.parametrize("size", ["sample", "synthetic"])
def test_exactly_one_memory_is_changed(size: str, tmp_path: Path) -> None:
    subject = sample() if size == "sample" else synthetic(6, tmp_path)
    found = [parse(text("123456789012")).configuration for text in (subject.text, subject.changed)]
    before, after = ([agent.memory for agent in one.agents] for one in found if one is not None)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


@pytest.mark.processes
def test_all_phases_are_measured_beside_their_floor(db: None, aws: Sandbox, settings: Any, tmp_path: Path) -> None:
    settings.AWS_ENDPOINT_URL = aws.url
    with start(tmp_path / "floor") as floors:
        journey = Journey(synthetic(5, tmp_path / "source"), Clouds(aws.url, floors.url), itertools.count(300000000001))
        measured = list(journey.go())
    assert [one.phase for one in measured] == list(Phase)
    first, again, change, destroy = measured
    assert all(one.floor.calls == one.reads + one.writes for one in measured)
    assert all(not one.floor.diverged and one.floor.seconds > 0 for one in measured)
    assert first.steps == destroy.steps > 40
    assert first.writes >= first.steps
    assert (again.steps, again.writes, again.run_seconds) == (0, 0, 0.0)
    assert again.reads > first.steps / 2
    assert change.steps == 1
    assert 0 < first.critical_path_seconds <= first.run_seconds < first.whole_seconds

    rows = [Row("p", 5, 100, [one]) for one in measured]
    assert len(set(map(len, table(rows).splitlines()))) <= 2
    assert "0 writes" in aims(rows)[1]
    assert kept_aims(rows)
