"""The structural difference: exact, invertible, stable, quick, and readable."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.alignment import same
from history.diffing import Edit, ListDiff, Row, apply, diff, edits, inverse, path_text

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, 1.0, 2.5])
    | st.text("ab.[é\u202e😀\0", max_size=2)
)
named = st.fixed_dictionaries({"name": st.sampled_from("abcdef")}, optional={"size": scalars, "more": scalars})
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(st.sampled_from(["x", "y", "name", "Key"]), inner, max_size=4)
        | st.lists(named, max_size=5, unique_by=lambda item: item["name"])
        | st.lists(named, max_size=5)
        | st.lists(st.sampled_from([1, 1.0, True, "a", [1], [True], {"x": 1}]), max_size=8)
    ),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None)
@given(values, values)
def test_applied_it_gives_the_other_value_and_back(before: Any, after: Any) -> None:
    originals = copy.deepcopy((before, after))
    difference = diff(before, after)
    assert same(apply(difference, before), after)
    assert same(apply(inverse(difference), after), before)
    assert (before, after) == originals


@settings(max_examples=200, deadline=None)
@given(values, values)
def test_it_reads_the_same_from_either_side(before: Any, after: Any) -> None:
    assert inverse(diff(before, after)) == diff(after, before)


@settings(max_examples=150, deadline=None)
@given(values, values)
def test_nothing_is_said_of_equal_values_and_something_of_different_ones(before: Any, after: Any) -> None:
    assert diff(before, copy.deepcopy(before)) is None
    rows = list(edits(diff(before, after), before))
    assert bool(rows) is not same(before, after)


@given(st.lists(values, min_size=1, max_size=5), st.integers(0, 5), values)
def test_an_inserted_item_is_one_addition(items: list[Any], place: int, item: Any) -> None:
    longer = [*items[:place], item, *items[place:]]
    rows = list(edits(diff(items, longer), items))
    assert [row.edit for row in rows] == [Edit.ADDED]
    assert same(rows[0].after, item)


def turned(value: Any) -> Any:
    """The same value with the keys of every mapping in the opposite order."""
    if isinstance(value, dict):
        return {key: turned(inner) for key, inner in reversed(value.items())}
    return [turned(inner) for inner in value] if isinstance(value, list) else value


@given(values, values)
def test_it_is_stable_and_the_order_of_keys_does_not_matter(before: Any, after: Any) -> None:
    difference = diff(before, after)
    assert list(edits(difference, before)) == list(edits(diff(*copy.deepcopy((before, after))), before))
    assert diff(turned(before), turned(after)) == difference
    assert sorted(map(plain, rows_of(before, after))) == sorted(map(plain, rows_of(turned(before), turned(after))))
    assert diff(before, turned(before)) is None


def rows_of(before: Any, after: Any) -> list[Row]:
    return list(edits(diff(before, after), before))


def plain(row: Row) -> str:
    """A row as text in which keys have one order."""
    sides = [json.dumps(side, sort_keys=True) for side in (row.before, row.after)]
    return f"{path_text(row.path)} {row.edit} {sides}"


names = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)


@given(names, names, st.integers(0, 6), values)
def test_an_inserted_named_item_disturbs_no_other_row(
    before: list[str], after: list[str], place: int, item: Any
) -> None:
    old = [{"name": name, "size": 1} for name in before]
    new = [{"name": name, "size": len(after)} for name in after]
    longer = [*new[:place], {"name": "z", "item": item}, *new[place:]]

    def without_places(rows: list[Row]) -> list[tuple[Any, ...]]:
        return [(row.path, row.edit) if row.edit is Edit.MOVED else (row.path, row.edit, plain(row)) for row in rows]

    plainly = without_places(rows_of(old, new))
    inserted = [row for row in without_places(rows_of(old, longer)) if row[0] != ("z",)]
    assert inserted == plainly
    assert [row.edit for row in rows_of(old, longer) if row.path == ("z",)] == [Edit.ADDED]


@given(st.lists(st.integers(0, 3), max_size=8), st.lists(st.integers(0, 3), max_size=8))
def test_with_duplicates_no_more_is_said_than_there_are(before: list[int], after: list[int]) -> None:
    """Each item takes part once: what is kept, changed, or only on one side adds up."""
    difference = diff(before, after)
    if difference is None:
        assert before == after
        return
    assert isinstance(difference, ListDiff)
    kept = len(list(difference.alignment.pairs()))
    assert kept + len(difference.removed) == len(before)
    assert kept + len(difference.added) == len(after)


def test_an_item_that_moved_and_changed_is_both_and_nothing_else_is_said() -> None:
    before = [{"name": "a", "size": 1}, {"name": "b", "size": 1}, {"name": "c", "size": 1}]
    after = [before[1], before[2], {"name": "a", "size": 2}]
    assert rows(before, after) == ["a moved 0 -> 2", "a.size changed 1 -> 2"]


def test_true_is_not_one_and_one_is_not_one_point_zero() -> None:
    assert diff({"a": [1, True]}, {"a": [True, 1]}) is not None
    assert diff(1, 1.0) is not None
    assert diff([[1]], [[1]]) is None


def rows(before: Any, after: Any) -> list[str]:
    return [
        f"{path_text(row.path)} {row.edit} {row.before!r} -> {row.after!r}"
        for row in edits(diff(before, after), before)
    ]


CASES: list[tuple[str, Any, Any, list[str]]] = [
    (
        "a property of a named item is found by the item's name, wherever it stands",
        {"agents": [{"name": "a", "memory": 512}, {"name": "b"}]},
        {"agents": [{"name": "c"}, {"name": "a", "memory": 1024}, {"name": "b"}]},
        ["agents.a.memory changed 512 -> 1024", "agents.c added None -> {'name': 'c'}"],
    ),
    (
        "an item that changed its place is one move",
        list("abcdef"),
        list("bcdefa"),
        ["[5] moved 0 -> 5"],
    ),
    (
        "the same word in another place of a list is a change there",
        ["x", "10.0.0.0/24", "y"],
        ["x", "10.1.0.0/24", "y"],
        ["[1] changed '10.0.0.0/24' -> '10.1.0.0/24'"],
    ),
    (
        "statements without a name are matched by likeness, not by place",
        [
            {"Effect": "Allow", "Action": "s3:Get*", "Resource": "a"},
            {"Effect": "Allow", "Action": "sqs:*", "Resource": "q"},
        ],
        [{"Effect": "Allow", "Action": "sqs:*", "Resource": "r"}],
        [
            "[0] removed {'Effect': 'Allow', 'Action': 's3:Get*', 'Resource': 'a'} -> None",
            "[0].Resource changed 'q' -> 'r'",
        ],
    ),
    (
        "tags are told apart by Key",
        [{"Key": "team", "Value": "a"}, {"Key": "tier", "Value": "1"}],
        [{"Key": "team", "Value": "b"}],
        ["tier removed {'Key': 'tier', 'Value': '1'} -> None", "team.Value changed 'a' -> 'b'"],
    ),
    (
        "two uses of one resource cannot be named by it",
        [{"resource": "uploads", "access": "read"}, {"resource": "uploads", "access": "write"}],
        [{"resource": "uploads", "access": "write"}, {"resource": "uploads", "access": "read"}],
        ["[0] moved 1 -> 0"],
    ),
    ("keys with dots are quoted", {"a.b": {"": 1}}, {"a.b": {"": 2}}, ['["a.b"][""] changed 1 -> 2']),
    ("another type is another value", {"a": [1]}, {"a": {"b": 1}}, ["a changed [1] -> {'b': 1}"]),
    ("going to nothing", {"a": 1}, None, [" changed {'a': 1} -> None"]),
    ("null is a value", {"a": None}, {}, ["a removed None -> None"]),
]


@pytest.mark.parametrize(("before", "after", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_reads_like(before: Any, after: Any, expected: list[str]) -> None:
    assert rows(before, after) == expected


def test_a_difference_is_refused_by_a_value_it_was_not_made_from() -> None:
    for before, after, other in [(1, 2, 3), ({"a": 1}, {}, {"b": 1}), ([1, 2], [1], [1]), ([1], [], {"a": 1})]:
        with pytest.raises(ValueError):
            apply(diff(before, after), other)


def test_rows_are_values() -> None:
    assert next(edits(diff({"a": 1}, {"a": 2}), {"a": 1})) == Row(("a",), Edit.CHANGED, 1, 2)


def big_state(resources: int, memory: int) -> dict[str, Any]:
    return {
        "stacks": {
            f"stack-{number % 50}": {
                "resources": {
                    f"Function{each}": {
                        "type": "AWS::Lambda::Function",
                        "properties": {
                            "MemorySize": memory if each % 10 == 0 else 512,
                            "Environment": {"Variables": {f"NAME_{i}": f"value-{each}-{i}" for i in range(10)}},
                            "Policies": [
                                {"Action": [f"s3:Get{i}", "s3:Put"], "Resource": f"arn:{each}:{i}"} for i in range(8)
                            ],
                        },
                        "tags": {f"tag-{i}": "x" for i in range(8)},
                    }
                    for each in range(number, resources, 50)
                }
            }
            for number in range(50)
        }
    }


def seconds(resources: int) -> float:
    """The best of a few tries."""
    before, after = big_state(resources, 512), big_state(resources, 1024)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        difference = diff(before, after)
        best = min(best, time.process_time() - start)
    assert len(list(edits(difference, before))) == resources // 10
    return best


def test_four_times_the_resources_take_about_four_times_as_long() -> None:
    assert seconds(1000) < 10 * seconds(250)


def test_long_unrelated_lists_stay_near_linear() -> None:
    before = [{"a": number, "b": -number} for number in range(4000)]
    after = [{"a": number, "b": number} for number in range(4000, 8000)]
    start = time.process_time()
    difference = diff(before, after)
    assert time.process_time() - start < 2
    assert same(apply(difference, before), after)
