"""Dependency graphs: order, cycles, layers and the critical path, at any depth."""

from __future__ import annotations

import time

import pytest

from deployments.engine import graph
from deployments.engine.errors import DependencyCycle
from tests.engine.stage import resource

DIAMOND = {"top": ("left", "right"), "left": ("base",), "right": ("base",), "base": ()}


def test_order_is_by_need_then_by_priority_then_by_name() -> None:
    assert graph.order(DIAMOND) == ["base", "left", "right", "top"]
    assert graph.order(DIAMOND, {"right": -1}) == ["base", "right", "left", "top"]
    assert graph.order({}) == []


def test_layers_say_how_far_a_node_is_from_the_ground() -> None:
    assert graph.layers(DIAMOND) == [["base"], ["left", "right"], ["top"]]
    assert graph.layers({}) == []


def test_heights_say_how_much_waits_for_a_node() -> None:
    assert graph.heights(DIAMOND) == {"base": 2, "left": 1, "right": 1, "top": 0}


def test_the_critical_path_is_the_longest_chain_by_duration() -> None:
    durations = {"base": 1.0, "left": 2.0, "right": 5.0, "top": 1.0}
    assert graph.critical_path(DIAMOND, durations) == (7.0, ("base", "right", "top"))
    assert graph.critical_path(DIAMOND, {"left": 1.0}) == (1.0, ("base", "left"))
    assert graph.critical_path({}, {}) == (0.0, ())


def test_a_cycle_is_named_from_its_smallest_node_without_what_merely_leads_to_it() -> None:
    tangled = {"a": ("m",), "m": ("z",), "z": ("k",), "k": ("m",), "free": (), "also": ("free", "a")}
    with pytest.raises(DependencyCycle, match=r"dependency cycle: k -> m -> z -> k$"):
        graph.order(tangled)


def test_what_is_on_a_circle_is_told_from_what_leads_to_it_or_from_it() -> None:
    tangled = {"a": ("m",), "m": ("z",), "z": ("k", "free"), "k": ("m",), "free": (), "also": ("free", "a")}
    assert graph.circular(tangled) == {"m", "z", "k"}
    assert graph.circular(DIAMOND) == set()
    between = {"one": ("one",), "bridge": ("one",), "two": ("bridge", "two"), "far": ("two",)}
    assert graph.circular(between) == {"one", "bridge", "two"}


def test_dependencies_are_references_and_names_once_each() -> None:
    resources = {
        "A": resource("A", "Rule"),
        "B": resource("B", "Rule", {"x": [{"Ref": "A"}, {"Fn::Sub": "${A} in ${AWS::Region}"}]}, depends_on=("A",)),
    }
    assert graph.dependencies(resources) == {"A": (), "B": ("A",)}


def test_ten_thousand_in_one_chain_are_no_trouble() -> None:
    chain = {str(number): (str(number - 1),) if number else () for number in range(10_000)}
    began = time.process_time()
    assert len(graph.order(chain)) == len(graph.layers(chain)) == 10_000
    assert graph.heights(chain)["0"] == 9_999
    assert graph.critical_path(chain, dict.fromkeys(chain, 1.0))[0] == 10_000.0
    with pytest.raises(DependencyCycle):
        graph.order({**chain, "0": ("9999",)})
    assert time.process_time() - began < 2
