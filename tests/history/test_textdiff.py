"""Two texts side by side."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from history.textdiff import Kind, Line, Segment, TextRow, side_by_side

texts = st.lists(st.sampled_from(["a: 1", "a: 2", "", "  b: x y", "c"]), max_size=12).map("\n".join)


def sides(rows: tuple[TextRow, ...]) -> tuple[list[str], list[str]]:
    """What the rows say stands on either side."""
    left = ["".join(segment.text for segment in row.left.segments) for row in rows if row.left]
    right = ["".join(segment.text for segment in row.right.segments) for row in rows if row.right]
    return left, right


@given(texts, texts)
def test_both_sides_are_shown_whole_and_numbered(before: str, after: str) -> None:
    difference = side_by_side(before, after, context=None)
    assert sides(difference.rows) == (before.splitlines(), after.splitlines())
    for numbers in (
        [row.left.number for row in difference.rows if row.left],
        [row.right.number for row in difference.rows if row.right],
    ):
        assert numbers == list(range(1, len(numbers) + 1))
    assert difference.is_equal is (before.splitlines() == after.splitlines())


@given(texts, texts)
def test_folding_hides_equal_lines_only(before: str, after: str) -> None:
    every = side_by_side(before, after, context=None).rows
    folded = side_by_side(before, after, context=1).rows
    assert [row for row in folded if row.kind not in (Kind.EQUAL, Kind.FOLD)] == [
        row for row in every if row.kind is not Kind.EQUAL
    ]
    assert sum(row.hidden or 1 for row in folded) == len(every)
    assert [each for row in folded for each in (row.rows or [row])] == list(every), "what is folded comes along"


def test_words_that_differ_are_marked_inside_the_line() -> None:
    (row,) = side_by_side("    memory: 512  # MB", "    memory: 1024  # MB").rows
    assert row == TextRow(
        Kind.CHANGED,
        Line(1, (Segment("    memory: "), Segment("512", True), Segment("  # MB"))),
        Line(1, (Segment("    memory: "), Segment("1024", True), Segment("  # MB"))),
    )


def test_lines_with_nothing_in_common_are_marked_whole() -> None:
    (row,) = side_by_side("alpha", "beta gamma").rows
    assert row.left == Line(1, (Segment("alpha", True),))
    (row,) = side_by_side("x" * 5000 + "a", "x" * 5000 + "b").rows
    assert row.left is not None
    assert [segment.marked for segment in row.left.segments] == [True]


def test_context_is_kept_around_a_change_and_the_rest_folded() -> None:
    before = [f"line {number}" for number in range(20)]
    after = [*before[:10], "new", *before[10:]]
    rows = side_by_side("\n".join(before), "\n".join(after), context=2).rows
    assert [row.kind for row in rows] == [
        Kind.FOLD, Kind.EQUAL, Kind.EQUAL, Kind.ADDED, Kind.EQUAL, Kind.EQUAL, Kind.FOLD,
    ]  # fmt: skip
    assert (rows[0].hidden, rows[-1].hidden) == (8, 8)
    assert rows[3].right == Line(11, (Segment("new"),))


def test_line_ends_of_another_system_are_no_difference() -> None:
    assert side_by_side("a\r\nb\r\n", "a\nb\n").is_equal


def test_a_removed_line_stands_alone() -> None:
    assert [row.kind for row in side_by_side("a\nb\nc", "a\nc").rows] == [Kind.EQUAL, Kind.REMOVED, Kind.EQUAL]


def test_large_texts_stay_quick_and_endless_ones_are_cut() -> None:
    before = "\n".join(f"key-{number}: {number % 7}" if number % 3 else "" for number in range(6000))
    after = before.replace(": 5", ": 6")
    start = time.process_time()
    assert not side_by_side(before, after).is_equal
    assert time.process_time() - start < 3
    endless = side_by_side("a\n" * 30_000, "a\n" * 30_001)
    assert endless.truncated
    assert endless.is_equal
