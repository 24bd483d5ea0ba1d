"""Dependency graphs: edges of resources, one deterministic order, cycles by name, layers and the critical path.

A graph is a mapping from a node to the nodes it needs, all of them nodes of the graph. Everything is iterative
and linear (but for a heap), so that ten thousand resources in one chain are no trouble.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from deployments.engine.errors import DependencyCycle, UnknownReference
from deployments.engine.intrinsics import nearest, references
from deployments.engine.resources import Resource

Graph = Mapping[str, Iterable[str]]


def dependencies(resources: Mapping[str, Resource]) -> dict[str, tuple[str, ...]]:
    """What each resource needs: what its properties refer to and what it names itself, sorted.

    Raises:
        UnknownReference: a name is not among the resources; the message names the nearest.
    """
    graph = {}
    for logical_id, resource in resources.items():
        needs = references(resource.properties) | set(resource.depends_on)
        for name in sorted(needs):
            if name not in resources:
                raise UnknownReference(f"{logical_id} refers to {name}, which is not there{nearest(name, resources)}")
        graph[logical_id] = tuple(sorted(needs))
    return graph


def order(graph: Graph, priority: Mapping[str, int] | None = None) -> list[str]:
    """The nodes, each after what it needs; among free ones by priority (low first), then by name.

    Raises:
        DependencyCycle: the message names the path, `A -> B -> A`.
    """
    rank = priority or {}
    missing = {node: len(set(needs)) for node, needs in graph.items()}
    dependants = reverse(graph)
    free = [(rank.get(node, 0), node) for node, count in missing.items() if not count]
    heapq.heapify(free)
    done: list[str] = []
    while free:
        _, node = heapq.heappop(free)
        done.append(node)
        for dependant in dependants[node]:
            missing[dependant] -= 1
            if not missing[dependant]:
                heapq.heappush(free, (rank.get(dependant, 0), dependant))
    if len(done) < len(missing):
        raise DependencyCycle(f"dependency cycle: {' -> '.join(_cycle(graph, set(missing) - set(done)))}")
    return done


def circular(graph: Graph) -> set[str]:
    """The nodes on a circle, or between two circles; empty where `order` finds an order."""
    left = set(graph)
    for direction in (graph, reverse(graph)):
        count = {node: len(set(direction[node]) & left) for node in left}
        opposite = reverse({node: set(direction[node]) & left for node in left})
        free = [node for node, needs in count.items() if not needs]
        while free:
            node = free.pop()
            left.remove(node)
            for dependant in opposite[node]:
                count[dependant] -= 1
                if not count[dependant]:
                    free.append(dependant)
    return left


def reverse(graph: Graph) -> dict[str, list[str]]:
    """For each node the nodes that need it."""
    dependants: dict[str, list[str]] = {node: [] for node in graph}
    for node, needs in graph.items():
        for need in set(needs):
            dependants[need].append(node)
    return dependants


def layers(graph: Graph) -> list[list[str]]:
    """Nodes by their distance from the nodes that need nothing, for display."""
    depth: dict[str, int] = {}
    for node in order(graph):
        depth[node] = 1 + max((depth[need] for need in graph[node]), default=-1)
    rows: list[list[str]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for node in sorted(depth):
        rows[depth[node]].append(node)
    return rows


def heights(graph: Graph) -> dict[str, int]:
    """For each node how many nodes the longest chain of those that wait for it holds."""
    dependants = reverse(graph)
    height: dict[str, int] = {}
    for node in reversed(order(graph)):
        height[node] = max((1 + height[dependant] for dependant in dependants[node]), default=0)
    return height


def critical_path(graph: Graph, durations: Mapping[str, float]) -> tuple[float, tuple[str, ...]]:
    """The longest chain by duration (0 where there is none): its seconds and its nodes, first to last."""
    until: dict[str, float] = {}
    before: dict[str, str] = {}
    for node in order(graph):
        needs = sorted(graph[node])
        if needs:
            before[node] = max(needs, key=until.__getitem__)
        until[node] = durations.get(node, 0.0) + (until[before[node]] if needs else 0.0)
    if not until:
        return 0.0, ()
    last = max(sorted(until), key=until.__getitem__)
    chain = [last]
    while chain[-1] in before:
        chain.append(before[chain[-1]])
    return until[last], tuple(reversed(chain))


def _cycle(graph: Graph, stuck: set[str]) -> list[str]:
    """One circle among nodes that each wait for another of them, from its smallest name round to it."""
    node, path, seen = min(stuck), list[str](), dict[str, int]()
    while node not in seen:
        seen[node] = len(path)
        path.append(node)
        node = min(need for need in graph[node] if need in stuck)
    circle = path[seen[node] :]
    start = circle.index(min(circle))
    return [*circle[start:], *circle[: start + 1]]
