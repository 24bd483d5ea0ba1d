"""Two records side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from history.compare import Comparison, EditRow, Side, compare, edit_rows, side
from history.diffing import Edit
from history.reading import open_record
from history.recording import record
from history.steps import StepResult, step_results
from history.store import InMemoryStore
from history.wording import shown

Make = Callable[..., Any]


def side_of(documents: Any) -> Side:
    """A side without a store."""
    return Side(
        documents.metadata,
        documents.config_yaml,
        documents.state_after,
        documents.approvals,
        step_results(documents.events),
    )


def compared(before: Any, after: Any) -> Comparison:
    return compare(side_of(before), side_of(after))


@pytest.mark.django_db
def test_two_records_are_compared_from_what_the_store_has(store: InMemoryStore, documents: Make) -> None:
    first, second = documents(1, memory=512), documents(2, memory=1024)
    readers = [open_record(record(each, store), store) for each in (first, second)]
    assert compare(side(readers[0]), side(readers[1])) == compared(first, second)


def test_the_configuration_reads_as_words_and_as_text(documents: Make) -> None:
    comparison = compared(documents(1, memory=512), documents(2, memory=1024))
    assert [str(row) for row in comparison.configuration] == ["agents.customer-support.memory  512 -> 1024"]
    assert comparison.configuration_problem == ""
    assert not comparison.configuration_text.is_equal


def test_a_resource_says_what_became_of_it(documents: Make, state: Make) -> None:
    from dataclasses import replace

    before = replace(documents(1), state_after=state(512, more=3))
    after = replace(documents(2), state_after=state(1024, more=2))
    after.state_after["stacks"]["shared-infrastructure"]["resources"]["Table1"]["physicalId"] = "another"
    after.state_after["stacks"]["customer-support"]["resources"]["New"] = {
        "type": "AWS::SQS::Queue",
        "physicalId": "q",
        "properties": {"DelaySeconds": 5},
    }
    comparison = compared(before, after)
    assert {row.logical_id: row.change for row in comparison.resources} == {
        "Function": "updated",
        "New": "created",
        "Table1": "replaced",
        "Table2": "deleted",
    }
    assert comparison.unchanged == 1
    rows = {row.logical_id: row.properties for row in comparison.resources}
    assert [str(row) for row in rows["Function"]] == ["MemorySize  512 -> 1024"], "a version's own tag is noise"
    assert [str(row) for row in rows["New"]] == ["DelaySeconds  + 5"]
    assert [str(row) for row in rows["Table2"]] == ["TableName  - table-2"]
    back = compared(after, before)
    assert {row.logical_id: row.change for row in back.resources} == {
        "Function": "updated",
        "New": "deleted",
        "Table1": "replaced",
        "Table2": "created",
    }


def test_between_two_environments_other_ids_are_no_replacement(documents: Make, state: Make) -> None:
    from dataclasses import replace

    dev = replace(documents(1), state_after=state(512))
    prod = replace(documents(2, environment="prod"), state_after=state(512, physical_id="other"))
    assert compared(dev, prod).resources == ()
    assert [row.change for row in compared(dev, replace(prod, metadata=documents(2).metadata)).resources] == [
        "replaced"
    ]


def test_durations_are_compared_step_by_step(documents: Make, events: Make) -> None:
    comparison = compared(
        documents(1, events=events(1.5)), documents(2, events=events(2.0), duration_seconds=10.0, monthly_usd=3.5)
    )
    (row,) = comparison.steps
    assert (row.step, row.before, row.after, row.difference) == ("update:Function", 1.5, 2.0, 0.5)
    assert (comparison.duration_difference, comparison.cost_difference) == (3.5, 2.25)
    other = compared(documents(1, events=events(1.5)), documents(2, events=events(2.0, "Other"), monthly_usd=None))
    assert [(row.step, row.difference) for row in other.steps] == [("update:Other", None), ("update:Function", None)]
    assert other.cost_difference is None
    assert other.same_source
    assert not compared(documents(1), documents(2, source_digest="6" * 64)).same_source


def test_a_step_that_never_ran_has_no_duration() -> None:
    told = [{"code": "step.skipped", "step": "create:A", "logicalId": "A", "data": {"because": ["create:B"]}}]
    assert step_results(told) == {"create:A": StepResult("create:A", "A", "skipped", None)}


@pytest.mark.parametrize(("broken", "which"), [("before", "first"), ("after", "second")])
def test_a_configuration_that_is_no_yaml_is_said_and_its_text_compared(
    documents: Make, broken: str, which: str
) -> None:
    from dataclasses import replace

    both = {"before": documents(1), "after": documents(2)}
    both[broken] = replace(both[broken], config_yaml="a: [1,\n")
    comparison = compared(both["before"], both["after"])
    assert comparison.configuration == ()
    assert which in comparison.configuration_problem
    assert not comparison.configuration_text.is_equal


def test_a_record_compared_with_itself_says_nothing(documents: Make) -> None:
    comparison = compared(documents(1), documents(1))
    assert comparison.configuration == comparison.resources == ()
    assert comparison.configuration_text.is_equal
    assert comparison.unchanged == 1


def test_edits_in_words() -> None:
    rows = edit_rows({"a": [1, 2, 3], "b": None, "c": "x  y\nz"}, {"a": [2, 3, 1], "b": {"k": [True]}})
    assert [str(row) for row in rows] == ["a[2]  moved from place 1 to 3", 'b  null -> {"k": [true]}', "c  - x y z"]
    assert rows[2] == EditRow("c", Edit.REMOVED, "x y z", "")


def test_values_and_rows_are_bounded() -> None:
    assert shown("x" * 500) == "x" * 119 + "…"
    assert len(edit_rows({}, {str(number): number for number in range(5000)})) == 2000
