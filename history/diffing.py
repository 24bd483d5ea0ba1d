"""Structural differences of JSON-like values: exact, invertible, stable, and in words people read (pure).

`diff(a, b)` answers a small tree that knows both sides, so that `apply(diff(a, b), a) == b`,
`inverse(diff(a, b)) == diff(b, a)`, and nothing is said of what is equal (None: no difference). Items of lists are
told apart by their name where they have one, else by content, so that a moved or inserted item does not make
everything behind it look changed (`alignment`). `edits` reads the tree as flat rows with paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from history.alignment import Alignment, Index, align, same


@dataclass(frozen=True, slots=True)
class Replaced:
    """One value became another that has nothing in common with it worth telling."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class MapDiff:
    """A mapping changed: keys that went and came with their values, and keys whose values differ."""

    removed: Mapping[Any, Any]
    added: Mapping[Any, Any]
    changed: Mapping[Any, Diff]


@dataclass(frozen=True, slots=True)
class ListDiff:
    """A list changed.

    `alignment` pairs old indices with new ones; `removed` and `added` hold the items without a partner by their index
    on their own side; `changed` what differs inside a pair, by (old index, new index).
    """

    alignment: Alignment
    removed: Mapping[int, Any]
    added: Mapping[int, Any]
    changed: Mapping[tuple[int, int], Diff]


Diff = Replaced | MapDiff | ListDiff


def diff(before: Any, after: Any) -> Diff | None:
    """What turns `before` into `after`; None when they are equal.

    Values are what JSON and YAML hold (mappings, lists, scalars). Equal means equal in type too: `1`, `1.0` and `true`
    differ. The order of a mapping's keys does not matter, that of a list's items does.
    """
    if before is after:
        return None
    if isinstance(before, dict) and isinstance(after, dict):
        return _map_diff(before, after)
    if isinstance(before, list) and isinstance(after, list):
        return _list_diff(before, after)
    return None if same(before, after) else Replaced(before, after)


def apply(difference: Diff | None, before: Any) -> Any:
    """`before` with the difference done to it; neither is changed.

    Raises:
        ValueError: the difference was not made from this value.
    """
    match difference:
        case None:
            return before
        case Replaced(expected, after):
            if not same(expected, before):
                raise ValueError(f"the difference expects {expected!r}, not {before!r}")
            return after
        case MapDiff(removed, added, changed):
            if not isinstance(before, dict) or not (removed.keys() | changed.keys()) <= before.keys():
                raise ValueError("the difference was made from another mapping")
            kept = {key: value for key, value in before.items() if key not in removed}
            return kept | {key: apply(each, before[key]) for key, each in changed.items()} | dict(added)
        case ListDiff():
            return _applied(difference, before)


def inverse(difference: Diff | None) -> Diff | None:
    """The way back: `apply(inverse(diff(a, b)), b) == a`."""
    match difference:
        case None:
            return None
        case Replaced(before, after):
            return Replaced(after, before)
        case MapDiff(removed, added, changed):
            return MapDiff(added, removed, {key: _turned(each) for key, each in changed.items()})
        case ListDiff(alignment, removed, added, changed):
            turned = {(new, old): _turned(each) for (old, new), each in changed.items()}
            return ListDiff(alignment.inverse(), added, removed, dict(sorted(turned.items())))


class Edit(StrEnum):
    """What happened at a path."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


Path = tuple[Any, ...]
"""Keys of mappings, names of items in lists that have names, `Index` in lists that have not."""


@dataclass(frozen=True, slots=True)
class Row:
    """One edit: where, what, and both sides (None where there is none; for a move, the indices)."""

    path: Path
    edit: Edit
    before: Any = None
    after: Any = None


def edits(difference: Diff | None, before: Any, path: Path = ()) -> Iterator[Row]:
    """The difference as rows, in the order of the value it was made from; added items of a list come last.

    A position is that of the new side, for removed items of the old. An item that only changed its place relative to
    the others is one `MOVED` row, in lists whose order can be told.
    """
    match difference:
        case None:
            return
        case Replaced(old, new):
            yield Row(path, Edit.CHANGED, old, new)
        case MapDiff(removed, added, changed):
            for key, value in before.items():
                if key in removed:
                    yield Row((*path, key), Edit.REMOVED, before=value)
                elif key in changed:
                    yield from edits(changed[key], value, (*path, key))
            for key, value in added.items():
                yield Row((*path, key), Edit.ADDED, after=value)
        case ListDiff():
            yield from _list_edits(difference, before, path)


def path_text(path: Path) -> str:
    """`agents.customer-support.memory`, `routes[2]`; a key that holds a dot or bracket is quoted."""
    text = ""
    for part in path:
        if isinstance(part, Index):
            text += f"[{int(part)}]"
            continue
        word = str(part)
        if not word or any(character in word for character in '.[]" \n'):
            text += f'["{word}"]'
        else:
            text += f".{word}" if text else word
    return text


def _map_diff(before: dict[Any, Any], after: dict[Any, Any]) -> MapDiff | None:
    removed = {key: value for key, value in before.items() if key not in after}
    added = {key: value for key, value in after.items() if key not in before}
    changed: dict[Any, Diff] = {}
    for key, value in before.items():
        if key in after and (inner := diff(value, after[key])) is not None:
            changed[key] = inner
    return MapDiff(removed, added, changed) if removed or added or changed else None


def _list_diff(before: list[Any], after: list[Any]) -> ListDiff | None:
    if same(before, after):
        return None
    alignment = align(before, after)
    changed: dict[tuple[int, int], Diff] = {}
    for old, new in alignment.pairs():
        if (inner := diff(before[old], after[new])) is not None:
            changed[old, new] = inner
    kept_old = {old for old, _ in alignment.pairs()}
    kept_new = {new for _, new in alignment.pairs()}
    return ListDiff(
        alignment,
        {index: value for index, value in enumerate(before) if index not in kept_old},
        {index: value for index, value in enumerate(after) if index not in kept_new},
        changed,
    )


def _list_edits(difference: ListDiff, before: list[Any], path: Path) -> Iterator[Row]:
    alignment = difference.alignment
    moved = alignment.moved()
    for old, value in enumerate(before):
        if old in difference.removed:
            yield Row((*path, alignment.label(value, old)), Edit.REMOVED, before=value)
        elif (new := moved.get(old)) is not None:
            yield Row((*path, alignment.label(value, new)), Edit.MOVED, old, new)
    for (old, new), each in difference.changed.items():
        yield from edits(each, before[old], (*path, alignment.label(before[old], new)))
    for new, value in difference.added.items():
        yield Row((*path, alignment.label(value, new)), Edit.ADDED, after=value)


def _applied(difference: ListDiff, before: Any) -> list[Any]:
    pairs = list(difference.alignment.pairs())
    if not isinstance(before, list) or len(before) != len(pairs) + len(difference.removed):
        raise ValueError("the difference was made from another list")
    after: dict[int, Any] = dict(difference.added)
    for old, new in pairs:
        after[new] = apply(difference.changed.get((old, new)), before[old])
    return [after[index] for index in range(len(after))]


def _turned(difference: Diff) -> Diff:
    turned = inverse(difference)
    assert turned is not None  # only None has None as its inverse
    return turned
