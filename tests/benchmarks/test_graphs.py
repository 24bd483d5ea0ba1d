"""The bench of graphs draws what it says."""

from __future__ import annotations

import pytest

from benchmarks import graphs
from deployments.graphs.model import EdgeKind
from deployments.graphs.reading import graph_of_state


def test_a_made_up_state_is_connected_in_two_ways() -> None:
    one = graph_of_state(graphs.made_up(100))
    assert len(one.nodes) == graphs.TABLES + 1 + 4 * graphs.PER_AGENT
    assert {edge.kind for edge in one.edges} == {EdgeKind.PERMISSION, EdgeKind.DEPENDENCY}


def test_every_size_is_a_row(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "SIZES", (70, 100))
    monkeypatch.setattr(graphs, "REPEATED", 1)
    graphs.main()
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["resources", "69", "93"]
