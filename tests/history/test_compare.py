"""Two values and two runs in words."""

from __future__ import annotations

from history.compare import EditRow, edit_rows, step_rows
from history.diffing import Edit
from history.steps import StepResult, step_results
from history.wording import shown, visible


def ran(step: str, seconds: float | None) -> StepResult:
    return StepResult(step, step.partition(":")[2], "succeeded", seconds)


def test_durations_are_compared_step_by_step() -> None:
    before = {each.step: each for each in (ran("update:A", 1.5), ran("create:B", 4.0), ran("delete:C", None))}
    after = {each.step: each for each in (ran("update:A", 2.0), ran("create:D", 3.0))}
    rows = step_rows(before, after)
    assert [(row.step, row.before, row.after, row.difference) for row in rows] == [
        ("create:D", None, 3.0, None),
        ("update:A", 1.5, 2.0, 0.5),
        ("create:B", 4.0, None, None),
        ("delete:C", None, None, None),
    ]


def test_a_step_that_never_ran_has_no_duration() -> None:
    told = [{"code": "step.skipped", "step": "create:A", "logicalId": "A", "data": {"because": ["create:B"]}}]
    assert step_results(told) == {"create:A": StepResult("create:A", "A", "skipped", None)}


def test_edits_in_words() -> None:
    rows = edit_rows({"a": [1, 2, 3], "b": None, "c": "x  y\nz"}, {"a": [2, 3, 1], "b": {"k": [True]}})
    assert [str(row) for row in rows] == ["a[2]  moved from place 1 to 3", 'b  null -> {"k": [true]}', "c  - x y z"]
    assert rows[2] == EditRow("c", Edit.REMOVED, "x y z", "")
    assert [str(row) for row in edit_rows({}, {"a": 1})] == ["a  + 1"]


def test_values_and_rows_are_bounded() -> None:
    assert shown("x" * 500) == "x" * 119 + "…"
    assert len(edit_rows({}, {str(number): number for number in range(5000)})) == 2000


def test_what_misleads_a_reader_is_spelt_out() -> None:
    assert visible("if admin:\u202e # nimda\r\n\tgo\x1b[31m") == "if admin:⟨U+202E⟩ # nimda\n\tgo⟨U+001B⟩[31m"
    assert visible("naïve ⟶ 😀\n") == "naïve ⟶ 😀\n"
