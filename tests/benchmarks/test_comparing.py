"""The bench of comparisons measures what it says."""

from __future__ import annotations

from benchmarks import comparing


def test_the_states_are_the_same_each_time_and_share_nothing() -> None:
    before, after = comparing.states(60)
    assert (before, after) == comparing.states(60)
    assert before != after != comparing.states(60, seed=1)[1]
    assert sum(len(stack["resources"]) for stack in before["stacks"].values()) == 60


def test_both_are_measured_and_the_memory_is_far_below_the_aim() -> None:
    figures = comparing.measure(120, repeats=1)
    assert figures.rows > 20
    assert figures.times_faster > 5
    assert figures.ours_mb < comparing.AIM_EXTRA_MB / 10
    told = list(comparing.lines(figures))
    assert "120 resources" in told[0] and "deepdiff" in told[1]
