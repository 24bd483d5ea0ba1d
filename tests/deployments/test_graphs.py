"""Graphs of states and plans, where their nodes are drawn, and what the list beside the picture says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from deployments.engine.graph import dependencies
from deployments.engine.plan import Action, Change, Plan, PlanKind, Reason, Subject
from deployments.engine.resources import Resource
from deployments.engine.state import State, StateResource
from deployments.graphs.cycles import downwards
from deployments.graphs.drawing import Drawing, draw, telling
from deployments.graphs.layout import Box, lay_out
from deployments.graphs.model import Edge, EdgeKind, Graph, Node, graph
from deployments.graphs.reading import costs_of, graph_of_plan, graph_of_run, graph_of_state
from deployments.templatetags.graphs import node_line

GOLDEN = Path(__file__).parent / "golden" / "support-desk-dev.json"
SUBJECT = Subject(PlanKind.DEPLOY, "p", "dev", "1" * 12, "us-east-1", 0, "", "", 1, "", "")
names = st.sampled_from([f"N{number}" for number in range(24)])


@st.composite
def graphs(draw_one: st.DrawFn) -> Graph:
    """Up to two dozen nodes in up to four stacks, with edges of every kind, on cycles too."""
    chosen = draw_one(st.sets(names, max_size=24))
    nodes = [Node(name, name, draw_one(st.sampled_from("abcd")), "AWS::SQS::Queue") for name in sorted(chosen)]
    edges = draw_one(st.lists(st.builds(Edge, names, names, st.sampled_from(EdgeKind)), max_size=50))
    return graph(nodes, edges)


def apart(one: Box, other: Box) -> bool:
    """The two do not touch."""
    return one.x + one.width < other.x or other.x + other.width < one.x or one.bottom < other.y or other.bottom < one.y


def reaches(edges: Mapping[tuple[str, str], int], start: str, end: str) -> bool:
    """Whether edges lead from the one to the other."""
    waiting, seen = [start], set[str]()
    while waiting:
        node = waiting.pop()
        fresh = [target for source, target in edges if source == node and target not in seen]
        seen.update(fresh)
        waiting += fresh
    return end in seen


@given(graphs())
def test_nothing_lies_over_anything_else_and_everything_in_its_stack(one: Graph) -> None:
    layout = lay_out(one)
    assert set(layout.nodes) == {node.id for node in one.nodes}
    assert all(apart(*pair) for pair in combinations(layout.nodes.values(), 2))
    assert all(apart(*pair) for pair in combinations(layout.stacks.values(), 2))
    for node in one.nodes:
        box, stack = layout.nodes[node.id], layout.stacks[node.stack]
        assert stack.x < box.x and box.x + box.width < stack.x + stack.width
        assert stack.y < box.y and box.bottom < stack.bottom
    for box in layout.stacks.values():
        assert box.x >= 0 and box.y >= 0 and box.x + box.width <= layout.width and box.bottom <= layout.height


@given(graphs())
def test_edges_point_down_unless_they_are_on_a_cycle(one: Graph) -> None:
    layout = lay_out(one)
    stack_of = {node.id: node.stack for node in one.nodes}
    inside = {(edge.source, edge.target): 1 for edge in one.edges if stack_of[edge.source] == stack_of[edge.target]}
    between = {(stack_of[edge.source], stack_of[edge.target]): 1 for edge in one.edges}
    for source, target in inside:
        if not reaches(inside, target, source):
            assert layout.nodes[source].bottom < layout.nodes[target].y
    for source, target in between:
        if source != target and not reaches(between, target, source):
            assert layout.stacks[source].bottom < layout.stacks[target].y


@given(graphs(), st.randoms(use_true_random=False))
def test_equal_graphs_get_equal_pictures(one: Graph, random: Any) -> None:
    nodes, edges = list(one.nodes), list(one.edges)
    random.shuffle(nodes)
    random.shuffle(edges)
    assert draw(graph(nodes, edges)) == draw(one)


@given(graphs())
def test_what_is_kept_of_edges_points_one_way_and_all_that_is_on_no_cycle_is_kept(one: Graph) -> None:
    edges = {(edge.source, edge.target): 1 for edge in one.edges}
    kept = downwards([node.id for node in one.nodes], edges)
    assert not any(reaches(kept, target, source) for source, target in kept)
    assert all(edge in kept for edge in edges if not reaches(edges, edge[1], edge[0]))


@given(graphs())
def test_an_edge_is_left_out_only_if_a_way_around_is_drawn(one: Graph) -> None:
    drawn = {(edge.source, edge.target): 1 for edge in telling(one) if edge.kind is not EdgeKind.TRIGGER}
    for edge in one.edges:
        if edge.kind is EdgeKind.TRIGGER:
            assert edge in telling(one)
        else:
            assert reaches(drawn, edge.source, edge.target)


@given(graphs(), st.integers(1, 24))
def test_a_budget_collapses_stacks_and_loses_nothing(one: Graph, budget: int) -> None:
    drawing = draw(one, budget=budget)
    shown = [node.node for stack in drawing.stacks for node in stack.nodes]
    assert sum(node.size for node in shown) == len(one.nodes) == drawing.resources
    assert len(shown) <= max(budget, len(one.stacks()))
    if len(one.nodes) <= budget:
        assert not any(stack.is_collapsed for stack in drawing.stacks)


def test_the_stack_that_was_opened_is_the_last_to_be_collapsed() -> None:
    nodes = [Node(f"{stack}{number}", "n", stack, "T") for stack in "ab" for number in range(5)]
    closed = {stack.name for stack in draw(graph(nodes, ()), budget=7, opened=("a",)).stacks if stack.is_collapsed}
    assert closed == {"b"}


def test_a_collapsed_stack_says_what_is_gravest_in_it() -> None:
    nodes = [
        Node("A", "A", "s", "T", status="no-change", monthly_usd=1.0),
        Node("B", "B", "s", "T", status="failed", monthly_usd=2.0),
        Node("C", "C", "other", "T"),
    ]
    one = graph(nodes, [Edge("A", "B", EdgeKind.DEPENDENCY), Edge("C", "A", EdgeKind.TRIGGER)]).collapsed({"s"})
    stack = next(node for node in one.nodes if node.stack == "s")
    assert (stack.id, stack.size, stack.status, stack.monthly_usd) == ("stack:s", 2, "failed", 3.0)
    assert one.edges == (Edge("C", "stack:s", EdgeKind.TRIGGER),)


def sample_plan() -> Plan:
    """The sample's resources, all to be created; dependencies as their references say."""
    resources = {entry["logicalId"]: Resource.from_dict(entry) for entry in json.loads(GOLDEN.read_text())["resources"]}
    needs = dependencies(resources)
    changes = [
        Change(
            stack=entry.stack,
            logical_id=name,
            type=entry.type,
            action=Action.CREATE,
            reason=Reason.NEW,
            target=entry,
            dependencies=needs[name],
            cost_after=1.5,
            agent=entry.agent,
        )
        for name, entry in resources.items()
    ]
    return Plan(SUBJECT, tuple(changes))


def kinds(one: Graph) -> dict[tuple[str, str], str]:
    """The kind of each edge."""
    return {(edge.source, edge.target): edge.kind.value for edge in one.edges}


def test_the_sample_says_who_starts_uses_and_needs_whom() -> None:
    found = kinds(graph_of_plan(sample_plan()))
    assert found["JobsQueue", "TriageJobsTrigger"] == found["TriageJobsTrigger", "TriageFunction"] == "trigger"
    assert found["HttpApi", "CustomerSupportPostSupportRoute"] == "trigger"
    assert found["CustomerSupportIntegration", "CustomerSupportFunction"] == "trigger"
    assert found["ReporterMinute0Hour8Rule", "ReporterFunction"] == "trigger"
    assert found["SharedExecutionRole", "TicketsTable"] == "permission"
    assert found["CustomerSupportFunction", "SharedExecutionRole"] == "dependency"
    assert ("TriageJobsTrigger", "JobsQueue") not in found


def state(*resources: StateResource) -> State:
    """A state of these."""
    return State(1, "l" * 32, "dev", "us-east-1", "1" * 12).with_resources(resources)


QUEUE = StateResource("s", "Jobs", "AWS::SQS::Queue", "https://sqs/jobs", {}, {"Arn": "arn:aws:sqs:x:1:jobs"})
MAPPING = StateResource(
    "a", "Trigger", "AWS::Lambda::EventSourceMapping", "uuid-1", {"EventSourceArn": "arn:aws:sqs:x:1:jobs"},
    dependencies=("Jobs",),
)  # fmt: skip


def test_a_state_and_a_plan_are_connected_alike() -> None:
    change = Change("a", "Trigger", MAPPING.type, Action.CREATE, Reason.NEW, dependencies=("Jobs",))
    wanted = Resource("a", "Trigger", MAPPING.type, {"EventSourceArn": {"Fn::GetAtt": ["Jobs", "Arn"]}})
    queue = Change("s", "Jobs", QUEUE.type, Action.NO_CHANGE, Reason.UNCHANGED, physical_id="https://sqs/jobs")
    planned = graph_of_plan(Plan(SUBJECT, (queue, replace(change, target=wanted))))
    assert kinds(planned) == kinds(graph_of_state(state(QUEUE, MAPPING))) == {("Jobs", "Trigger"): "trigger"}


def test_what_a_run_did_to_each_resource_is_its_status() -> None:
    changed, moved = replace(QUEUE, properties={"DelaySeconds": 3}), replace(MAPPING, physical_id="uuid-2")
    gone, new = replace(QUEUE, logical_id="Gone"), replace(QUEUE, logical_id="New")
    stays = replace(QUEUE, logical_id="Stays")
    one = graph_of_run(state(QUEUE, MAPPING, gone, stays), state(changed, moved, new, stays))
    assert {node.id: node.status for node in one.nodes} == {
        "Jobs": "update", "Trigger": "replace", "Gone": "delete", "New": "create", "Stays": "no-change",
    }  # fmt: skip


def test_costs_are_the_planned_ones_of_what_was_done() -> None:
    base = Change("s", "A", "T", Action.UPDATE, Reason.CONFIGURATION, cost_before=1.0, cost_after=2.0)
    free = replace(base, logical_id="B", action=Action.CREATE, cost_before=None)
    still = replace(base, logical_id="C", action=Action.NO_CHANGE)
    plan = Plan(SUBJECT, (base, free, still))
    assert costs_of(plan, {"A"}) == {"A": 2.0, "C": 2.0}
    assert costs_of(plan, {"A", "B"}) == {"A": 2.0, "B": 2.0, "C": 2.0}
    assert costs_of(plan, ()) == {"A": 1.0, "C": 2.0}


@pytest.fixture(scope="module")
def page() -> str:
    """The template with the sample's plan."""
    return render_to_string("graphs/graph.html", {"graph": draw(graph_of_plan(sample_plan())), "label": "The plan"})


def test_every_resource_is_one_element_with_its_status_and_one_entry_of_the_list(page: str) -> None:
    for change in sample_plan().changes:
        assert page.count(f'id="node-{change.logical_id}"') == 1
        assert page.count(f'id="resource-{change.logical_id}"') == 1
    assert page.count('data-status="create"') >= 2 * len(sample_plan().changes)
    assert "style=" not in page
    assert 'data-agent="customer-support"' in page
    assert "is started by <a href" in page


def test_nodes_come_in_reading_order(page: str) -> None:
    drawing = draw(graph_of_plan(sample_plan()))
    for stack in drawing.stacks:
        places = [(node.box.y, node.box.x) for node in stack.nodes]
        assert places == sorted(places)
    positions = [page.index(f'id="node-{node.node.id}"') for stack in drawing.stacks for node in stack.nodes]
    assert all(one < other for one, other in pairwise(positions))


def test_one_more_resource_moves_no_other_stack_within_itself() -> None:
    plan = sample_plan()
    more = replace(plan.changes[0], logical_id="Another", dependencies=(), target=None)
    before, after = (lay_out(graph_of_plan(each)) for each in (plan, Plan(SUBJECT, (*plan.changes, more))))
    for name, box in before.nodes.items():
        stack = next(change.stack for change in plan.changes if change.logical_id == name)
        if stack != more.stack:
            old, new = before.stacks[stack], after.stacks[stack]
            assert (box.x - old.x, box.y - old.y) == (after.nodes[name].x - new.x, after.nodes[name].y - new.y)


def test_names_are_cut_to_what_fits() -> None:
    long = Node("TriageAVeryLongNameThatNobodyReads", "TriageAVeryLongNameThatNobodyReads", "triage", "AWS::IAM::Role")
    [stack] = draw(graph([long], ())).stacks
    assert stack.nodes[0].short == "AVeryLongNameTha…"
    assert node_line(replace(long, status="update", type="AWS::Lambda::EventSourceMapping")) == "Lambda Ev…"
    assert node_line(long) == "IAM Role"


def test_a_picture_too_wide_to_be_read_when_shrunk_is_scrolled() -> None:
    assert draw(graph_of_plan(sample_plan())).fits
    many = [Node(f"N{number}", "n", f"s{number}", "T") for number in range(200)]
    assert not draw(graph(many, ())).fits


def test_nothing_is_no_picture() -> None:
    assert not draw(Graph())
    assert isinstance(draw(Graph()), Drawing)
