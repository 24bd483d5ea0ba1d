"""A graph as what its template shows: shapes with their places, and the same content as a list by stack."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from deployments.graphs.cycles import downwards, neighbours
from deployments.graphs.layout import Box, lay_out
from deployments.graphs.model import STACK, Edge, EdgeKind, Graph, Node

BUDGET = 1000
"""How many nodes a page draws; where there are more, the largest stacks are collapsed."""
LONGEST_NAME = 17
"""Characters of a name that fit into a node."""
LEAST_BEND = 24
WIDEST_SHRUNK = 1800
MARGIN = 8


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """A node, where it is, and what is said of its edges: names of what it is started by, starts, may use and needs."""

    node: Node
    box: Box
    edges: tuple[tuple[str, tuple[Node, ...]], ...]

    @property
    def title(self) -> str:
        """What stands on it: an agent's name, or the logical id."""
        return self.node.agent or self.node.name

    @property
    def short(self) -> str:
        """As much of that as fits, without the stack's name, inside of which it is drawn."""
        stack = "".join(word.capitalize() for word in self.node.stack.split("-"))
        title = self.title.removeprefix(stack) or self.title
        return title if len(title) <= LONGEST_NAME else f"{title[: LONGEST_NAME - 1]}…"

    @property
    def says(self) -> bool:
        """Its status is worth a word: of most nodes of most plans it is that nothing changes."""
        return self.node.status not in ("", "no-change")

    @property
    def is_stack(self) -> bool:
        """It stands for a whole stack."""
        return self.node.type == STACK


@dataclass(frozen=True, slots=True)
class DrawnStack:
    """A stack with all in it that is drawn; `size` counts resources."""

    name: str
    box: Box
    size: int
    nodes: tuple[DrawnNode, ...]

    @property
    def is_collapsed(self) -> bool:
        """One node stands for all of it."""
        return self.nodes[0].is_stack


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """An edge and its way, as the `d` of a path."""

    edge: Edge
    way: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole picture, sizes in pixels; `statuses` and `kinds` are those that occur, for the legend."""

    width: int
    height: int
    stacks: tuple[DrawnStack, ...]
    edges: tuple[DrawnEdge, ...]
    statuses: tuple[str, ...]
    kinds: tuple[str, ...]
    resources: int

    def __bool__(self) -> bool:
        return bool(self.stacks)

    @property
    def fits(self) -> bool:
        """It can still be read where it is made as narrow as a page; others are scrolled."""
        return self.width <= WIDEST_SHRUNK


def draw(graph: Graph, *, opened: Collection[str] = (), budget: int = BUDGET) -> Drawing:
    """The picture of a graph; stacks named in `opened` are the last to be collapsed."""
    shown = graph.collapsed(_too_many(graph, opened, budget))
    layout = lay_out(shown)
    nodes = {node.id: node for node in shown.nodes}
    said = _said(shown, nodes)
    members: dict[str, list[DrawnNode]] = {stack: [] for stack in layout.stacks}
    for name, box in layout.nodes.items():
        drawn = DrawnNode(nodes[name], box.moved(MARGIN, MARGIN), said[name])
        members[drawn.node.stack].append(drawn)
    sizes = graph.stacks()
    return Drawing(
        width=layout.width + 2 * MARGIN,
        height=layout.height + 2 * MARGIN,
        stacks=tuple(
            DrawnStack(stack, box.moved(MARGIN, MARGIN), sizes[stack], tuple(members[stack]))
            for stack, box in layout.stacks.items()
        ),
        edges=tuple(
            DrawnEdge(edge, _way(layout.nodes[edge.source], layout.nodes[edge.target])) for edge in telling(shown)
        ),
        statuses=tuple(sorted({node.status for node in shown.nodes if node.status})),
        kinds=tuple(kind.value for kind in EdgeKind if any(edge.kind is kind for edge in shown.edges)),
        resources=sum(sizes.values()),
    )


def _too_many(graph: Graph, opened: Collection[str], budget: int) -> set[str]:
    """The stacks to collapse: the largest first, until what is left is within the budget."""
    sizes, collapsed = graph.stacks(), set[str]()
    left = sum(sizes.values())
    for stack in sorted(sizes, key=lambda name: (name in opened, -sizes[name], name)):
        if left <= budget:
            break
        collapsed.add(stack)
        left -= sizes[stack] - 1
    return collapsed


def telling(graph: Graph) -> list[Edge]:
    """The edges without needs that follow from others: who needs A, which needs B, is drawn to need A alone."""
    chain = {(edge.source, edge.target): 1 for edge in graph.edges if edge.kind is not EdgeKind.TRIGGER}
    names = [node.id for node in graph.nodes]
    down = downwards(names, chain)
    ahead, back = neighbours(names, down)
    bit = {name: 1 << number for number, name in enumerate(names)}
    missing = {name: len(ahead[name]) for name in names}
    order = [name for name in names if not missing[name]]
    below = dict.fromkeys(names, 0)
    implied: set[tuple[str, str]] = set()
    for name in order:
        further = 0
        for other in ahead[name]:
            further |= below[other]
        implied |= {(name, other) for other in ahead[name] if further & bit[other]}
        below[name] = reduce(or_, (bit[other] for other in ahead[name]), further)
        for other in back[name]:
            missing[other] -= 1
            if not missing[other]:
                order.append(other)
    return [
        edge
        for edge in graph.edges
        if edge.kind is not EdgeKind.DEPENDENCY or (edge.source, edge.target) not in implied
    ]


_WORDS: Mapping[EdgeKind, tuple[str, str]] = {
    EdgeKind.TRIGGER: ("starts", "is started by"),
    EdgeKind.PERMISSION: ("may use", "may be used by"),
    EdgeKind.DEPENDENCY: ("needs", "is needed by"),
}


def _said(graph: Graph, nodes: Mapping[str, Node]) -> dict[str, tuple[tuple[str, tuple[Node, ...]], ...]]:
    """Of each node, what it has to do with which others."""
    found: dict[str, dict[str, list[Node]]] = {name: {} for name in nodes}
    for kind in EdgeKind:
        for edge in graph.edges:
            if edge.kind is kind:
                to, back = _WORDS[kind]
                found[edge.source].setdefault(to, []).append(nodes[edge.target])
                found[edge.target].setdefault(back, []).append(nodes[edge.source])
    return {name: tuple((word, tuple(others)) for word, others in said.items()) for name, said in found.items()}


def _way(source: Box, target: Box) -> str:
    """A curve from below the source to above the target, or on a cycle from above it to below the target."""
    start, end = source.moved(MARGIN, MARGIN), target.moved(MARGIN, MARGIN)
    down = start.bottom < end.y
    first = (start.middle, start.bottom if down else start.y)
    last = (end.middle, end.y if down else end.bottom)
    bend = max(LEAST_BEND, abs(last[1] - first[1]) // 2) * (1 if down else -1)
    return _curve(first, (first[0], first[1] + bend), (last[0], last[1] - bend), last)


def _curve(*points: tuple[int, int]) -> str:
    first, second, third, last = (f"{x} {y}" for x, y in points)
    return f"M{first}C{second} {third} {last}"
