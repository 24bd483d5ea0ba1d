"""Which edges of a graph can all point the same way: every edge but a few of those on cycles.

Cycles are found as strongly connected components (Kosaraju); in each, nodes are put in a row from its two ends inwards,
so that little weight points backwards (Eades, Lin and Smyth, "A fast and effective heuristic for the feedback arc set
problem", 1993).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Weights = Mapping[tuple[str, str], int]
"""How much each edge (from, to) counts; no edge leads to where it comes from."""


def downwards(nodes: Sequence[str], weights: Weights) -> dict[tuple[str, str], int]:
    """The edges that may all point down at once; all edges that are on no cycle are among them."""
    place = {node: (rank, 0) for rank, part in enumerate(_components(nodes, weights)) for node in part}
    parts: dict[int, list[str]] = {}
    for node in nodes:
        parts.setdefault(place[node][0], []).append(node)
    inner: dict[int, dict[tuple[str, str], int]] = {}
    for edge, weight in weights.items():
        if place[edge[0]][0] == place[edge[1]][0]:
            inner.setdefault(place[edge[0]][0], {})[edge] = weight
    for rank, edges in inner.items():
        place |= {node: (rank, position) for position, node in enumerate(_row(parts[rank], edges))}
    return {edge: weight for edge, weight in weights.items() if place[edge[0]] < place[edge[1]]}


def _components(nodes: Sequence[str], weights: Weights) -> list[list[str]]:
    """Nodes that can reach each other, together; each part before those it leads to."""
    ahead, back = neighbours(nodes, weights)
    seen: set[str] = set()
    finished: list[str] = []
    for start in nodes:
        walk = [(start, iter(ahead[start]))] if start not in seen else []
        seen.add(start)
        while walk:
            node, rest = walk[-1]
            if (following := next((other for other in rest if other not in seen), None)) is None:
                finished.append(walk.pop()[0])
            else:
                seen.add(following)
                walk.append((following, iter(ahead[following])))
    parts: list[list[str]] = []
    taken: set[str] = set()
    for start in reversed(finished):
        if start in taken:
            continue
        part, waiting = [], [start]
        taken.add(start)
        while waiting:
            node = waiting.pop()
            part.append(node)
            fresh = [other for other in back[node] if other not in taken]
            taken.update(fresh)
            waiting += fresh
        parts.append(part)
    return parts


def _row(nodes: Sequence[str], weights: Weights) -> list[str]:
    """The nodes of one component in a row along which most weight points forwards."""
    out = dict.fromkeys(nodes, 0)
    into = dict.fromkeys(nodes, 0)
    for (source, target), weight in weights.items():
        out[source] += weight
        into[target] += weight
    ahead, back = neighbours(nodes, weights)
    left: list[str] = []
    right: list[str] = []
    remaining = dict.fromkeys(nodes)
    while remaining:
        sink = next((node for node in remaining if not out[node]), None)
        node = sink or max(remaining, key=lambda each: (not into[each], out[each] - into[each]))
        (right if sink else left).append(node)
        del remaining[node]
        for other in ahead[node]:
            into[other] -= weights[node, other]
        for other in back[node]:
            out[other] -= weights[other, node]
    return left + right[::-1]


def neighbours(nodes: Sequence[str], edges: Weights) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """For each node where its edges lead to, and where edges to it come from."""
    ahead: dict[str, list[str]] = {node: [] for node in nodes}
    back: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in edges:
        ahead[source].append(target)
        back[target].append(source)
    return ahead, back
