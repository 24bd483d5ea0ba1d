"""The bench of the engine measures what it says."""

from __future__ import annotations

from benchmarks import engine


def test_an_estate_is_planned_new_unchanged_and_changed() -> None:
    took = engine.planning(60)
    assert took.resources == 60
    assert 0 < took.worst < engine.AIM_PLANNING_SECONDS


def test_a_run_and_its_bare_calls_are_timed() -> None:
    cost = engine.overhead(60)
    assert (cost.ledger, cost.steps) == ("memory", 60)
    assert cost.run_seconds > 0 and cost.bare_seconds > 0
