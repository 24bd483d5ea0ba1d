"""Where everything is drawn: boxes in layers inside each stack, and the stacks in layers in the picture.

One method serves both, as in Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system
structures" (1981): edges point down but on cycles, a box stands as near to what it leads to as it can, the order in a
layer follows the neighbours, and each layer moves to where its neighbours are, which is a regression that keeps order
and distance. A wide layer takes several rows. Equal graphs get equal places.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deployments.graphs.cycles import Weights, downwards, neighbours
from deployments.graphs.model import Graph

NODE_WIDTH, NODE_HEIGHT = 192, 52
GAP_ACROSS, GAP_DOWN, GAP_ROWS = 20, 44, 14
PADDING, TITLE = 16, 34
STACKS_ACROSS, STACKS_DOWN = 28, 64
LEAST_WIDTH = 1200
ASPECT = 1.6
"""How much wider than high a picture is wished to be."""
NARROW = 0.7
"""How many columns a stack has, for each that would make it square."""
SWEEPS = 4

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """A place in the picture; all in pixels, from the upper left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        """How far right its centre is."""
        return self.x + self.width // 2

    @property
    def bottom(self) -> int:
        """How far down it reaches."""
        return self.y + self.height

    def moved(self, x: int, y: int) -> Box:
        """So much further right and down."""
        return Box(self.x + x, self.y + y, self.width, self.height)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where nodes and stacks are, by id and by name, in reading order: by row, then from left to right."""

    width: int
    height: int
    nodes: Mapping[str, Box]
    stacks: Mapping[str, Box]


@dataclass(frozen=True, slots=True)
class Spacing:
    """Between boxes of a layer, between layers, and between the rows of one; and how wide a row may be."""

    across: int
    down: int
    rows: int
    widest: float


def lay_out(graph: Graph) -> Layout:
    """The places of everything in the graph."""
    stack_of = {node.id: node.stack for node in graph.nodes}
    inside: dict[str, dict[tuple[str, str], int]] = {stack: {} for stack in graph.stacks()}
    between: dict[tuple[str, str], int] = {}
    for edge in graph.edges:
        source, target = stack_of[edge.source], stack_of[edge.target]
        if source == target:
            inside[source][edge.source, edge.target] = 1
        else:
            between[source, target] = between.get((source, target), 0) + 1
    parts, sizes = {}, {}
    for stack, edges in inside.items():
        members = [node for node, of in stack_of.items() if of == stack]
        parts[stack] = arrange(dict.fromkeys(members, (NODE_WIDTH, NODE_HEIGHT)), edges, _in_stack(len(members)))
        width, height = _extent(parts[stack])
        sizes[stack] = (width + 2 * PADDING, height + TITLE + PADDING)
    area = sum(width * height for width, height in sizes.values())
    widest = max(LEAST_WIDTH, ASPECT * math.sqrt(area))
    stacks = arrange(sizes, between, Spacing(STACKS_ACROSS, STACKS_DOWN, STACKS_ACROSS, widest))
    nodes = {
        node: box.moved(stacks[stack].x + PADDING, stacks[stack].y + TITLE)
        for stack in _in_reading_order(stacks)
        for node, box in _in_reading_order(parts[stack]).items()
    }
    width, height = _extent(stacks)
    return Layout(width, height, nodes, _in_reading_order(stacks))


def _in_stack(members: int) -> Spacing:
    columns = max(2, round(NARROW * math.sqrt(members)))
    return Spacing(GAP_ACROSS, GAP_DOWN, GAP_ROWS, columns * (NODE_WIDTH + GAP_ACROSS))


def arrange(sizes: Mapping[str, Size], weights: Weights, spacing: Spacing) -> dict[str, Box]:
    """A place for every box, none over another; of an edge on no cycle the source is above the target."""
    names = sorted(sizes)
    down = downwards(names, dict(sorted(weights.items())))
    rows = _rows(_layers(names, down), sizes, down, spacing)
    centres = _centres([row for row, _ in rows], sizes, down, spacing.across)
    least = min((centres[name] - sizes[name][0] / 2 for name in names), default=0)
    boxes, y = {}, 0
    for row, is_last in rows:
        for name in row:
            width, height = sizes[name]
            boxes[name] = Box(round(centres[name] - width / 2 - least), y, width, height)
        y += max(sizes[name][1] for name in row) + (spacing.down if is_last else spacing.rows)
    return boxes


def _layers(names: Sequence[str], down: Weights) -> list[list[str]]:
    """The boxes by layer, from the top; what nothing is connected with comes last."""
    ahead, back = neighbours(names, down)
    missing = {name: len(back[name]) for name in names}
    order = [name for name in names if not missing[name]]
    layer = dict.fromkeys(names, 0)
    for name in order:
        for other in ahead[name]:
            layer[other] = max(layer[other], layer[name] + 1)
            missing[other] -= 1
            if not missing[other]:
                order.append(other)
    for name in reversed(order):  # as near to what it leads to as can be, if that shortens more than it lengthens
        if ahead[name] and len(ahead[name]) > len(back[name]):
            layer[name] = min(layer[other] for other in ahead[name]) - 1
    layers: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 2)]
    for name in names:
        layers[layer[name] if ahead[name] or back[name] else -1].append(name)
    return [each for each in layers if each]


def _rows(
    layers: Sequence[list[str]], sizes: Mapping[str, Size], down: Weights, spacing: Spacing
) -> list[tuple[list[str], bool]]:
    """The rows of all layers, and of each whether it is the last of its layer."""
    rows: list[tuple[list[str], bool]] = []
    for layer in _ordered(layers, down):
        width = sum(sizes[name][0] + spacing.across for name in layer)
        count = min(len(layer), max(1, math.ceil(width / spacing.widest)))
        rows += [(layer[start::count], start == count - 1) for start in range(count)]
    return rows


def _ordered(layers: Sequence[list[str]], down: Weights) -> list[list[str]]:
    """The layers, each in the order in which its boxes' neighbours above (and then below) are."""
    names = [name for layer in layers for name in layer]
    ahead, back = neighbours(names, down)
    place = {name: (rank + 0.5) / len(layer) for layer in layers for rank, name in enumerate(layer)}
    ordered = [list(layer) for layer in layers]
    for sweep in range(SWEEPS):
        beside = ahead if sweep % 2 else back
        for layer in reversed(ordered) if sweep % 2 else ordered:
            wish = {
                name: sum(place[other] for other in beside[name]) / len(beside[name]) if beside[name] else place[name]
                for name in layer
            }
            layer.sort(key=lambda name: (wish[name], name))
            place |= {name: (rank + 0.5) / len(layer) for rank, name in enumerate(layer)}
    return ordered


def _centres(rows: Sequence[Sequence[str]], sizes: Mapping[str, Size], down: Weights, gap: int) -> dict[str, float]:
    """How far right each box's centre is: near the mean of its neighbours' above (and then below)."""
    ahead, back = neighbours([name for row in rows for name in row], down)
    centre: dict[str, float] = {}
    for row in rows:
        offset = -sum(sizes[name][0] + gap for name in row) / 2
        for name in row:
            centre[name] = offset + (sizes[name][0] + gap) / 2
            offset += sizes[name][0] + gap
    for sweep in range(SWEEPS):
        beside = ahead if sweep % 2 else back
        for row in reversed(rows) if sweep % 2 else rows:
            wishes = [
                sum(centre[other] for other in beside[name]) / len(beside[name]) if beside[name] else centre[name]
                for name in row
            ]
            centre |= zip(row, _apart(wishes, [sizes[name][0] + gap for name in row]), strict=True)
    return centre


def _apart(wishes: Sequence[float], widths: Sequence[float]) -> list[float]:
    """The centres nearest to the wishes (least squares) that keep the order and half of both widths between two."""
    offsets, offset = [], 0.0
    for position, width in enumerate(widths):
        offset += (widths[position - 1] + width) / 2 if position else 0.0
        offsets.append(offset)
    blocks: list[tuple[float, int]] = []
    for wish, offset in zip(wishes, offsets, strict=True):
        total, count = wish - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            former, many = blocks.pop()
            total, count = total + former, count + many
        blocks.append((total, count))
    means = [total / count for total, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _extent(boxes: Mapping[str, Box]) -> Size:
    return max((box.x + box.width for box in boxes.values()), default=0), max(
        (box.bottom for box in boxes.values()), default=0
    )


def _in_reading_order(boxes: Mapping[str, Box]) -> dict[str, Box]:
    return dict(sorted(boxes.items(), key=lambda item: (item[1].y, item[1].x)))
