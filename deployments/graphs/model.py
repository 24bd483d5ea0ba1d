"""A graph as a value: resources and agents, what connects them, and the stacks they are in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

STACK = "stack"
"""The type of a node that stands for a whole stack."""


class EdgeKind(StrEnum):
    """What an edge says; of two resources only the first of these is drawn that holds."""

    TRIGGER = "trigger"
    PERMISSION = "permission"
    DEPENDENCY = "dependency"


@dataclass(frozen=True, slots=True)
class Node:
    """One resource, or one stack that is collapsed.

    `id` is the logical id (of a stack `stack:` and its name), `agent` the agent whose code it runs, "" for all else.
    `status` is a word of the status table, "" where nothing is said of it; `monthly_usd` None where it is unknown;
    `size` how many resources it stands for.
    """

    id: str
    name: str
    stack: str
    type: str
    physical_id: str = ""
    agent: str = ""
    status: str = ""
    monthly_usd: float | None = None
    size: int = 1


@dataclass(frozen=True, slots=True)
class Edge:
    """From what starts, uses or needs to what is started, used or needed."""

    source: str
    target: str
    kind: EdgeKind


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by id, and edges between them, both sorted; equal content makes equal graphs."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.nodes)

    def with_statuses(self, statuses: Mapping[str, str]) -> Graph:
        """The same graph; nodes named here have another status."""
        return replace(
            self, nodes=tuple(replace(node, status=statuses.get(node.id, node.status)) for node in self.nodes)
        )

    def with_costs(self, monthly_usd: Mapping[str, float]) -> Graph:
        """The same graph; nodes named here have a cost."""
        return replace(
            self,
            nodes=tuple(replace(node, monthly_usd=monthly_usd.get(node.id, node.monthly_usd)) for node in self.nodes),
        )

    def stacks(self) -> dict[str, int]:
        """How many resources each stack holds, by name."""
        sizes: Counter[str] = Counter()
        for node in self.nodes:
            sizes[node.stack] += node.size
        return dict(sorted(sizes.items()))

    def collapsed(self, stacks: Collection[str]) -> Graph:
        """The same graph with one node in place of each of these stacks; its status is the gravest in it."""
        inside = {node.id: f"stack:{node.stack}" for node in self.nodes if node.stack in stacks}
        members: dict[str, list[Node]] = {}
        for node in self.nodes:
            if node.id in inside:
                members.setdefault(node.stack, []).append(node)
        kept = [node for node in self.nodes if node.id not in inside]
        edges = (
            replace(edge, source=inside.get(edge.source, edge.source), target=inside.get(edge.target, edge.target))
            for edge in self.edges
        )
        return graph([*kept, *(_whole(stack, nodes) for stack, nodes in members.items())], edges)


def graph(nodes: Iterable[Node], edges: Iterable[Edge]) -> Graph:
    """A graph of these; edges to nowhere and to itself are left out, and between two nodes the first kind counts."""
    known = {node.id: node for node in nodes}
    order = {kind: rank for rank, kind in enumerate(EdgeKind)}
    chosen: dict[frozenset[str], Edge] = {}
    for edge in sorted(edges, key=lambda edge: (order[edge.kind], edge.source, edge.target)):
        if edge.source in known and edge.target in known and edge.source != edge.target:
            chosen.setdefault(frozenset((edge.source, edge.target)), edge)
    return Graph(
        tuple(sorted(known.values(), key=lambda node: node.id)),
        tuple(sorted(chosen.values(), key=lambda edge: (edge.source, edge.target))),
    )


GRAVITY = (
    "failed", "delete", "replace", "cancelled", "running", "update", "import", "create", "pending", "skipped",
    "succeeded", "no-change", "",
)  # fmt: skip
"""Of the statuses of many, the first of these is said of all of them."""


def _whole(stack: str, nodes: list[Node]) -> Node:
    costs = [node.monthly_usd for node in nodes if node.monthly_usd is not None]
    statuses = {node.status for node in nodes}
    return Node(
        id=f"stack:{stack}",
        name=stack,
        stack=stack,
        type=STACK,
        status=next((status for status in GRAVITY if status in statuses), ""),
        monthly_usd=round(sum(costs), 4) if costs else None,
        size=sum(node.size for node in nodes),
    )
