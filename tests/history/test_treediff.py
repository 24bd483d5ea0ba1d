"""Two values as an aligned tree."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given

from history.alignment import same
from history.treediff import MOST_ROWS, Mark, TreeRow, tree
from history.wording import visible
from tests.history.test_diffing import values


def lines(rows: tuple[TreeRow, ...], depth: int = 0) -> list[str]:
    """What a reader sees, folded rows with `+`."""
    found = []
    for row in rows:
        fold = "" if not row.rows else "v " if row.open else "+ "
        found.append(f"{'  ' * depth}{fold}{row.key} {row.mark} {row.before} | {row.after}")
        found += lines(row.rows, depth + 1) if row.open else []
    return found


def test_equal_parts_are_folded_and_items_aligned() -> None:
    before = {"Name": "a", "Same": {"x": 1, "y": [1]}, "Rules": [{"Sid": "A", "Act": 1}, {"Sid": "B"}, {"Sid": "C"}]}
    after = {"Name": "b", "Same": {"y": [1], "x": 1}, "Rules": [{"Sid": "C"}, {"Sid": "A", "Act": 2}, {"Sid": "D"}]}
    assert lines(tree(before, after).rows) == [
        'Name changed "a" | "b"',
        "v Rules changed 3 items | 3 items",
        '  +  moved {"Sid": "C"} | {"Sid": "C"}',
        "  v  changed 2 keys | 2 keys",
        "    Act changed 1 | 2",
        '    Sid equal "A" | "A"',
        "  v  added None | 1 key",
        '    Sid added None | "D"',
        "  v  removed 1 key | None",
        '    Sid removed "B" | None',
        '+ Same equal {"x": 1, "y": [1]} | {"y": [1], "x": 1}',
    ]


def test_another_kind_of_value_shows_both_whole() -> None:
    assert lines(tree({"a": {"k": 1}}, {"a": "x"}).rows) == [
        'v a changed 1 key | "x"',
        "  v  removed 1 key | None",
        "    k removed 1 | None",
        '   added None | "x"',
    ]
    assert lines(tree(1, 2).rows) == [" changed 1 | 2"]
    assert lines(tree({}, {"a": []}).rows) == ["a added None | []"]
    long = {"k": "x" * 200, "in": {"deep": [1]}}
    assert lines(tree({"a": long}, {"a": long}).rows) == ["+ a equal 2 keys | 2 keys"]
    assert lines(tree([], [long]).rows)[-2:] == ['  + in added None | {"deep": [1]}', f'  k added None | "{"x" * 200}"']
    assert lines(tree([1, long], [2, long]).rows)[1].startswith('+  equal {"k": "xxx')
    (row,) = tree(1, "x" * 5000).rows
    assert row.after is not None and len(row.after) == 2000


def leaves(rows: tuple[TreeRow, ...], side: str) -> list[str]:
    """The scalars of one side; a value that became another kind of value is told by the rows in it."""
    found = []
    for row in rows:
        if row.rows:
            found += leaves(row.rows, side)
        elif (text := getattr(row, side)) is not None and text[0] not in "{[":
            found.append(text)
    return found


def scalars(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in scalars(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in scalars(inner)]
    return [visible(json.dumps(value, ensure_ascii=False))]


def unequal(rows: tuple[TreeRow, ...]) -> bool:
    return any(row.mark is not Mark.EQUAL or unequal(row.rows) for row in rows)


@given(values, values)
def test_every_value_of_both_sides_is_in_it_once(before: Any, after: Any) -> None:
    found = tree({"it": before}, {"it": after})
    assert sorted(leaves(found.rows, "before")) == sorted(scalars(before))
    assert sorted(leaves(found.rows, "after")) == sorted(scalars(after))
    assert unequal(found.rows) is not same(before, after)


def test_what_is_too_much_is_cut_and_said_so() -> None:
    found = tree({}, {f"k{number}": number for number in range(3 * MOST_ROWS)})
    assert found.truncated
    assert len(found.rows) < MOST_ROWS
    assert not tree({"a": 1}, {"a": 1}).truncated
