"""Two texts side by side: numbered rows, what changed inside a line marked, what is equal folded (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from enum import StrEnum

MOST_LINES = 20_000
"""Lines of a side that are looked at; what is behind is cut off, and said so."""
MOST_EXACT_LINES = 4_000
"""Beyond this many differing lines, lines that occur very often are left out of the matching, which keeps it quick."""
LONGEST_MARKED_LINE = 2_000
MOST_FOLDED_LINES = 200
"""Of a longer fold the lines are not sent along, so that a small change of a long text stays a small page."""

_WORD = re.compile(r"\w+|\s+|.", re.DOTALL)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


class Kind(StrEnum):
    """What a row shows."""

    EQUAL = "equal"
    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"
    FOLD = "fold"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a line; `marked` when the other side has something else there."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of one side; `number` counts from 1."""

    number: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class TextRow:
    """One row; a side without a line there is None.

    A fold stands for `hidden` equal lines; `rows` are those, where they are few enough to be sent along.
    """

    kind: Kind
    left: Line | None = None
    right: Line | None = None
    hidden: int = 0
    rows: tuple[TextRow, ...] = ()


@dataclass(frozen=True, slots=True)
class TextDiff:
    """All rows; `truncated` when a side was longer than what is looked at."""

    rows: tuple[TextRow, ...]
    truncated: bool = False

    @property
    def is_equal(self) -> bool:
        """Nothing differs (in what was looked at)."""
        return all(row.kind in (Kind.EQUAL, Kind.FOLD) for row in self.rows)


def side_by_side(before: str, after: str, *, context: int | None = 3) -> TextDiff:
    """Compares two texts line by line.

    `context` equal lines are kept around every change and longer stretches folded; None keeps all of them. White space
    at the end of a line counts, the kind of line end does not.
    """
    left, right = before.splitlines(), after.splitlines()
    truncated = max(len(left), len(right)) > MOST_LINES
    rows = list(_rows(left[:MOST_LINES], right[:MOST_LINES]))
    return TextDiff(tuple(rows if context is None else _folded(rows, context)), truncated)


def patch(before: str, after: str, before_name: str | None, after_name: str | None) -> str:
    """What turns one text into the other, as `git apply` and `patch -p1` take it; nothing where they are equal.

    A name of None is of a file that is not there. Names must not hold line ends.
    """
    old = f"a/{before_name}" if before_name is not None else "/dev/null"
    new = f"b/{after_name}" if after_name is not None else "/dev/null"
    # A tab ends a name that has blanks in it.
    old, new = (f"{name}\t" if " " in name else name for name in (old, new))
    lines = unified_diff(_LINE.findall(before), _LINE.findall(after), old, new)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _rows(left: Sequence[str], right: Sequence[str]) -> Iterator[TextRow]:
    for operation, i1, i2, j1, j2 in _operations(left, right):
        if operation == "equal":
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                yield TextRow(Kind.EQUAL, _line(i, left[i]), _line(j, right[j]))
            continue
        both = min(i2 - i1, j2 - j1)
        for i, j in zip(range(i1, i1 + both), range(j1, j1 + both), strict=True):
            marked_left, marked_right = _marked(left[i], right[j])
            yield TextRow(Kind.CHANGED, Line(i + 1, marked_left), Line(j + 1, marked_right))
        for i in range(i1 + both, i2):
            yield TextRow(Kind.REMOVED, left=_line(i, left[i]))
        for j in range(j1 + both, j2):
            yield TextRow(Kind.ADDED, right=_line(j, right[j]))


def _operations(left: Sequence[str], right: Sequence[str]) -> Iterable[tuple[str, int, int, int, int]]:
    """difflib's operations, without the equal ends, on which it would spend most of its time."""
    shorter = min(len(left), len(right))
    start = next((i for i in range(shorter) if left[i] != right[i]), shorter)
    most = shorter - start
    end = next((i for i in range(most) if left[-1 - i] != right[-1 - i]), most)
    left_end, right_end = len(left) - end, len(right) - end
    if start:
        yield "equal", 0, start, 0, start
    middle, other = left[start:left_end], right[start:right_end]
    often = max(len(middle), len(other)) > MOST_EXACT_LINES
    for operation, i1, i2, j1, j2 in SequenceMatcher(None, middle, other, autojunk=often).get_opcodes():
        yield operation, start + i1, start + i2, start + j1, start + j2
    if end:
        yield "equal", left_end, len(left), right_end, len(right)


def _line(index: int, text: str) -> Line:
    return Line(index + 1, (Segment(text),))


def _marked(before: str, after: str) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Both lines with the words that differ marked; wholly marked when they have little in common or are too long."""
    if max(len(before), len(after)) <= LONGEST_MARKED_LINE:
        left, right = _WORD.findall(before), _WORD.findall(after)
        matcher = SequenceMatcher(None, left, right, autojunk=False)
        if matcher.ratio() >= 0.4:
            operations = matcher.get_opcodes()
            return (
                tuple(Segment("".join(left[i1:i2]), op != "equal") for op, i1, i2, _, _ in operations if i1 < i2),
                tuple(Segment("".join(right[j1:j2]), op != "equal") for op, _, _, j1, j2 in operations if j1 < j2),
            )
    return (Segment(before, True),), (Segment(after, True),)


def _folded(rows: Sequence[TextRow], context: int) -> Iterator[TextRow]:
    """The rows with every stretch of equal lines beyond the context around changes as one fold."""
    near = [False] * len(rows)
    for position, row in enumerate(rows):
        if row.kind is not Kind.EQUAL:
            for close in range(max(0, position - context), min(len(rows), position + context + 1)):
                near[close] = True
    hidden: list[TextRow] = []
    for position, row in enumerate(rows):
        if not near[position]:
            hidden.append(row)
            continue
        if hidden:
            yield _fold(hidden)
            hidden = []
        yield row
    if hidden:
        yield _fold(hidden)


def _fold(hidden: list[TextRow]) -> TextRow:
    return TextRow(Kind.FOLD, hidden=len(hidden), rows=tuple(hidden) if len(hidden) <= MOST_FOLDED_LINES else ())
