"""Two JSON-like values side by side as a tree: aligned, moved items recognised, equal parts folded (pure)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from history.diffing import Diff, ListDiff, MapDiff, Replaced, diff
from history.wording import visible

MOST_ROWS = 1_500
LONGEST_VALUE = 2_000
PREVIEW = 100
"""So much of a mapping or list is shown before it is opened."""


class Mark(StrEnum):
    """What happened to a row."""

    EQUAL = "equal"
    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A value under its key on both sides; a side without it is None.

    Of long mappings and lists the texts are `3 keys` and `2 items`, and `rows` what is in them; `open` where
    something in there differs. An item of a list has no key.
    """

    key: str
    mark: Mark
    before: str | None
    after: str | None
    rows: tuple[TreeRow, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """All rows; `truncated` where there are more than a page shows."""

    rows: tuple[TreeRow, ...]
    truncated: bool = False


def tree(before: Any, after: Any) -> Tree:
    """Two values side by side; what is beyond `MOST_ROWS` rows is left out, and said so."""
    builder = _Builder(MOST_ROWS)
    top = builder.both("", before, after, diff(before, after))
    rows = top.rows or (top,)
    return Tree(rows, builder.left <= 0)


class _Builder:
    """Makes rows until there are enough."""

    def __init__(self, most: int) -> None:
        self.left = most

    def both(self, key: str, before: Any, after: Any, difference: Diff | None, *, moved: bool = False) -> TreeRow:
        """A value that is on both sides."""
        self.left -= 1
        match difference:
            case None:
                rows = tuple(self._one(before, Mark.EQUAL))
                mark = Mark.MOVED if moved else Mark.EQUAL
                return TreeRow(key, mark, _text(before, key), _text(after, key), rows)
            case Replaced():
                if isinstance(before, dict | list) or isinstance(after, dict | list):
                    rows = (self.alone("", before, Mark.REMOVED), self.alone("", after, Mark.ADDED))
                    return TreeRow(key, Mark.CHANGED, _size(before), _size(after), rows, open=True)
                return TreeRow(key, Mark.CHANGED, _text(before, key), _text(after, key))
            case MapDiff():
                rows = tuple(self._keys(before, after, difference))
            case ListDiff():
                rows = tuple(self._items(before, after, difference))
        return TreeRow(key, Mark.MOVED if moved else Mark.CHANGED, _size(before), _size(after), rows, open=True)

    def alone(self, key: str, value: Any, mark: Mark, *, top: bool = True) -> TreeRow:
        """A value that is on one side only; what is in it can be seen at once, what is in that once it is opened."""
        self.left -= 1
        rows = tuple(self._one(value, mark))
        text = _size(value) if rows and top else _text(value, key)
        before, after = (text, None) if mark is Mark.REMOVED else (None, text)
        return TreeRow(key, mark, before, after, rows, open=bool(rows) and top)

    def _one(self, value: Any, mark: Mark) -> Iterator[TreeRow]:
        """What is in a value that is the same all the way down, or on one side only."""
        inner: Iterator[tuple[str, Any]]
        if isinstance(value, Mapping):
            inner = ((str(key), value[key]) for key in sorted(value, key=str))
        elif isinstance(value, list):
            inner = (("", item) for item in value)
        else:
            return
        for key, item in inner:
            if self.left <= 0:
                return
            yield self.both(key, item, item, None) if mark is Mark.EQUAL else self.alone(key, item, mark, top=False)

    def _keys(self, before: Any, after: Any, difference: MapDiff) -> Iterator[TreeRow]:
        for key in sorted({*before, *after}, key=str):
            if self.left <= 0:
                return
            if key in difference.removed:
                yield self.alone(str(key), before[key], Mark.REMOVED)
            elif key in difference.added:
                yield self.alone(str(key), after[key], Mark.ADDED)
            else:
                yield self.both(str(key), before[key], after[key], difference.changed.get(key))

    def _items(self, before: Any, after: Any, difference: ListDiff) -> Iterator[TreeRow]:
        """In the order of the second side; a removed item stands behind the one it followed."""
        moved = difference.alignment.moved()
        removed = sorted(difference.removed)
        sources: dict[int, int | None] = {new: old for old, new in difference.alignment.pairs()}
        sources |= dict.fromkeys(difference.added)
        for new, old in sorted(sources.items()):
            if self.left <= 0:
                return
            while removed and old is not None and old not in moved and removed[0] < old:
                yield self.alone("", before[removed.pop(0)], Mark.REMOVED)
            if old is None:
                yield self.alone("", after[new], Mark.ADDED)
            else:
                yield self.both("", before[old], after[new], difference.changed.get((old, new)), moved=old in moved)
        for old in removed:
            yield self.alone("", before[old], Mark.REMOVED)


def _text(value: Any, key: str) -> str:
    """A value in one line; of a long mapping or list how much is in it, of an item without a key how it begins."""
    text = visible(json.dumps(value, ensure_ascii=False, default=str))
    longest = PREVIEW if isinstance(value, dict | list) else LONGEST_VALUE
    if len(text) <= longest:
        return text
    return _size(value) if key and isinstance(value, dict | list) else f"{text[: longest - 1]}…"


def _size(value: Any) -> str:
    if not isinstance(value, dict | list):
        return _text(value, "")
    noun = "key" if isinstance(value, dict) else "item"
    return f"{len(value)} {noun}{'' if len(value) == 1 else 's'}"
