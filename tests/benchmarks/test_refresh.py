"""A small made-up project, deployed on a real sandbox and read beside the floor."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from benchmarks.journey import Clouds
from benchmarks.refresh import aims, measure, table
from benchmarks.subjects import synthetic
from strandsweb.sandbox.starter import Sandbox


@pytest.mark.processes
def test_refreshes_are_measured_beside_their_floor(db: None, aws: Sandbox, settings: Any, tmp_path: Path) -> None:
    settings.AWS_ENDPOINT_URL = aws.url
    subject = synthetic(5, tmp_path / "source")
    rows = measure(subject, Clouds(aws.url, aws.url), itertools.count(310000000001), [0], resources=40)
    index, services = rows
    assert (index.tags_at_source, services.tags_at_source) == (False, True)
    assert index.calls < services.calls < index.single, "what one call tells of many is not asked one by one"
    assert {row.writes for row in rows} == {0}
    assert {row.resources for row in rows} == {40}
    for row in rows:
        assert all(floor.calls == row.calls and not floor.diverged for floor in row.floors)
    assert len(table(rows).splitlines()) == 3
    assert aims(rows)[1].endswith("met")
