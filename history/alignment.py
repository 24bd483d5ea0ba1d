"""Which item of one list corresponds to which of another: by name, else by content, else by likeness (pure).

All choices are the same seen from either side, so that a difference read backwards is the difference backwards.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

NAMES = (
    "name", "Name", "Key", "key", "logicalId", "LogicalId", "Sid", "Id", "id", "PolicyName",
    "AttributeName", "IndexName", "resource", "schedule",
)  # fmt: skip
"""Keys that tell items apart, the most telling first; one counts when every item of both lists has its own value."""

MOST_COMPARISONS = 2_500
"""Likeness is compared each with each up to this many pairs in one gap; beyond, items are paired in order."""


LIKE = 0.1
VERY_LIKE = 0.5


class Index(int):
    """A position in a list, apart from a key that happens to be a number."""


@dataclass(frozen=True, slots=True)
class Run:
    """`length` items that follow each other on both sides, from `old` and from `new` on."""

    old: int
    new: int
    length: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """Pairs of corresponding items as runs, ordered by the new side; `by` is the key they are named by, or None."""

    runs: tuple[Run, ...]
    by: str | None = None

    def pairs(self) -> Iterator[tuple[int, int]]:
        """(old index, new index) of every pair, ordered by the new one."""
        for run in self.runs:
            for offset in range(run.length):
                yield run.old + offset, run.new + offset

    def inverse(self) -> Alignment:
        """The same seen from the other side."""
        runs = sorted((Run(run.new, run.old, run.length) for run in self.runs), key=lambda run: run.new)
        return Alignment(tuple(runs), self.by)

    def moved(self) -> dict[int, int]:
        """Old to new index of the fewest items whose moving explains the new order (the rest keeps its order)."""
        pairs = list(self.pairs())
        staying = _longest_rising([old for old, _ in pairs])
        return {old: new for position, (old, new) in enumerate(pairs) if position not in staying}

    def label(self, item: Any, index: int) -> Any:
        """How an item is called in a path: its name, or its index."""
        return Index(index) if self.by is None else item[self.by]


def same(before: Any, after: Any) -> bool:
    """Equal in value and in type, all the way down: `True` is not `1`, and `1` is not `1.0`."""
    if before is after:
        return True
    if before.__class__ is not after.__class__:
        return False
    if before.__class__ is dict:
        return len(before) == len(after) and all(key in after and same(before[key], after[key]) for key in before)
    if before.__class__ is list:
        return len(before) == len(after) and all(map(same, before, after))
    return bool(before == after)


def align(before: Sequence[Any], after: Sequence[Any]) -> Alignment:
    """Pairs up the items of two lists."""
    by = _naming(before, after)
    if by is None:
        return Alignment(_runs(_by_content(before, after)))
    places = {item[by]: index for index, item in enumerate(before)}
    return Alignment(_runs({places[item[by]]: index for index, item in enumerate(after) if item[by] in places}), by)


def _naming(before: Sequence[Any], after: Sequence[Any]) -> str | None:
    """The key that names every item of both lists, if there is one."""
    if not all(isinstance(item, dict) for items in (before, after) for item in items):
        return None
    for key in NAMES:
        if all(_names(items, key) for items in (before, after)):
            return key
    return None


def _names(items: Sequence[Any], key: str) -> bool:
    values = [item.get(key) for item in items]
    return all(isinstance(value, str) for value in values) and len(set(values)) == len(values)


def _by_content(before: Sequence[Any], after: Sequence[Any]) -> dict[int, int]:
    """Old to new index: equal ends first, then equal items anywhere, then alike ones in one gap, then elsewhere."""
    shorter = min(len(before), len(after))
    start = next((i for i in range(shorter) if not same(before[i], after[i])), shorter)
    most = shorter - start
    end = next((i for i in range(most) if not same(before[-1 - i], after[-1 - i])), most)
    old_end, new_end = len(before) - end, len(after) - end
    pairs = {i: i for i in range(start)} | {old_end + i: new_end + i for i in range(end)}

    places: dict[Any, list[int]] = defaultdict(list)
    for old in range(start, old_end):
        places[_frozen(before[old])].append(old)
    seen: dict[Any, int] = defaultdict(int)
    for new in range(start, new_end):
        content = _frozen(after[new])
        if seen[content] < len(places.get(content, ())):
            pairs[places[content][seen[content]]] = new
        seen[content] += 1

    for olds, news in _gaps(pairs, start, old_end, new_end):
        pairs |= _alike(before, olds, after, news, LIKE)
    taken = set(pairs.values())
    olds = [old for old in range(start, old_end) if old not in pairs]
    news = [new for new in range(start, new_end) if new not in taken]
    return pairs | _alike(before, olds, after, news, VERY_LIKE)


def _gaps(pairs: dict[int, int], start: int, old_end: int, new_end: int) -> list[tuple[list[int], list[int]]]:
    """The unpaired items of both sides that follow the same pair (or stand at the start)."""
    sources = {new: old for old, new in pairs.items()}
    gaps: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    behind = -1
    for old in range(start, old_end):
        if old in pairs:
            behind = pairs[old]
        else:
            gaps[behind][0].append(old)
    behind = -1
    for new in range(start, new_end):
        if new in sources:
            behind = new
        else:
            gaps[behind][1].append(new)
    return list(gaps.values())


def _alike(
    before: Sequence[Any], olds: list[int], after: Sequence[Any], news: list[int], least: float
) -> dict[int, int]:
    """Pairs of items at least so much alike, the most alike first, then by place."""
    if len(olds) * len(news) > MOST_COMPARISONS:
        in_order = zip(olds, news, strict=False)
        return {old: new for old, new in in_order if _likeness(before[old], after[new]) >= least}
    scored = [
        (-score, a + b, abs(a - b), a, b)
        for a, old in enumerate(olds)
        for b, new in enumerate(news)
        if (score := _likeness(before[old], after[new])) >= least
    ]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for *_, a, b in sorted(scored):
        if olds[a] not in pairs and b not in taken:
            pairs[olds[a]] = news[b]
            taken.add(b)
    return pairs


def _likeness(before: Any, after: Any) -> float:
    """From 0 (another thing) to 1 (the same)."""
    if before.__class__ is not after.__class__:
        return 0.0
    if before.__class__ is dict:
        shared = before.keys() & after.keys()
        equal = sum(same(before[key], after[key]) for key in shared)
        return (3 * equal + len(shared)) / (4 * (len(before.keys() | after.keys()) or 1))
    return LIKE


def _frozen(value: Any) -> Any:
    """A hashable value, equal exactly for values that are the `same`."""
    if value.__class__ is dict:
        return dict, frozenset((key, _frozen(item)) for key, item in value.items())
    if value.__class__ is list:
        return list, tuple(map(_frozen, value))
    return value.__class__, value


def _runs(pairs: dict[int, int]) -> tuple[Run, ...]:
    runs: list[Run] = []
    for new, old in sorted((new, old) for old, new in pairs.items()):
        last = runs[-1] if runs else None
        if last and (last.old + last.length, last.new + last.length) == (old, new):
            runs[-1] = Run(last.old, last.new, last.length + 1)
        else:
            runs.append(Run(old, new, 1))
    return tuple(runs)


def _longest_rising(values: Sequence[int]) -> set[int]:
    """Positions of a longest rising subsequence (values are distinct)."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for position, value in enumerate(values):
        place = bisect_left(tails, value)
        before.append(ends[place - 1] if place else -1)
        if place == len(tails):
            tails.append(value)
            ends.append(position)
        else:
            tails[place], ends[place] = value, position
    positions: set[int] = set()
    position = ends[-1] if ends else -1
    while position >= 0:
        positions.add(position)
        position = before[position]
    return positions
