"""States, plans and two states of one environment as graphs of one shape."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from deployments.engine.plan import Action, Plan
from deployments.engine.state import State, StateResource, replacer_of
from deployments.graphs.model import Graph, Node, graph
from deployments.graphs.wiring import Wired, edges_of

RUNS_CODE = frozenset({"AWS::Lambda::Function", "AWS::ECS::Service", "AWS::BedrockAgentCore::Runtime"})
"""Types that are the agent itself, where an agent owns one."""


def graph_of_state(state: State) -> Graph:
    """What exists, without statuses."""
    return graph(map(_node, state.resources.values()), edges_of(map(_wired, state.resources.values())))


def graph_of_plan(plan: Plan) -> Graph:
    """What will exist and what will go; the status of each is what happens to it, the cost what it will cost."""
    nodes, wired = [], []
    for change in plan.changes:
        cost = change.cost_before if change.action is Action.DELETE else change.cost_after
        nodes.append(
            Node(
                id=change.logical_id,
                name=change.logical_id,
                stack=change.stack,
                type=change.type,
                physical_id=change.physical_id or "",
                agent=_agent(change.type, change.agent),
                status=change.action.value,
                monthly_usd=cost,
            )
        )
        properties: Mapping[str, Any] = change.target.properties if change.target else {}
        names = frozenset({change.physical_id}) if change.physical_id else frozenset[str]()
        wired.append(Wired(change.logical_id, change.type, properties, change.dependencies, names))
    return graph(nodes, edges_of(wired))


def graph_of_run(before: State, after: State) -> Graph:
    """What was there before a run or is there after it; the status of each is what happened to it."""
    found = dict(before.resources) | dict(after.resources)
    statuses = {name: _happened(before.resources.get(name), after.resources.get(name)) for name in found}
    return graph(map(_node, found.values()), edges_of(map(_wired, found.values()))).with_statuses(statuses)


def costs_of(plan: Plan, done: Container[str]) -> dict[str, float]:
    """What each resource costs a month, in US dollars, where the plan knows it and what is `done` of it is done."""
    costs = {
        change.logical_id: change.cost_after
        if change.action is Action.NO_CHANGE or change.logical_id in done
        else change.cost_before
        for change in plan.changes
    }
    return {name: cost for name, cost in costs.items() if cost is not None}


def _node(entry: StateResource) -> Node:
    return Node(
        id=entry.logical_id,
        name=entry.logical_id,
        stack=entry.stack,
        type=entry.type,
        physical_id=entry.physical_id,
        agent="" if replacer_of(entry.logical_id) else _agent(entry.type, entry.agent),
    )


def _agent(type_name: str, agent: str | None) -> str:
    return agent if agent and type_name in RUNS_CODE else ""


def _wired(entry: StateResource) -> Wired:
    names = {entry.physical_id, *(value for value in entry.attributes.values() if isinstance(value, str))}
    return Wired(entry.logical_id, entry.type, entry.properties, entry.dependencies, frozenset(names))


def _happened(before: StateResource | None, after: StateResource | None) -> str:
    if before is None:
        return Action.CREATE.value
    if after is None:
        return Action.DELETE.value
    if (before.type, before.physical_id) != (after.type, after.physical_id):
        return Action.REPLACE.value
    written = (before.properties, before.tags) != (after.properties, after.tags)
    return (Action.UPDATE if written else Action.NO_CHANGE).value
