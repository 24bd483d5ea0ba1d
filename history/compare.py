"""Two values, and two runs, in words: rows of what differs (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from history import diffing
from history.diffing import Edit
from history.steps import StepResult
from history.wording import shown

MOST_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class EditRow:
    """One edit in words: `agents.customer-support.memory`, `512`, `1024`; a side that is not there is empty.

    `edit` is added, removed, changed or moved; values are one bounded line each.
    """

    path: str
    edit: Edit
    before: str
    after: str

    def __str__(self) -> str:
        match self.edit:
            case Edit.ADDED:
                return f"{self.path}  + {self.after}"
            case Edit.REMOVED:
                return f"{self.path}  - {self.before}"
            case Edit.CHANGED:
                return f"{self.path}  {self.before} -> {self.after}"
            case Edit.MOVED:
                return f"{self.path}  moved from place {self.before} to {self.after}"


@dataclass(frozen=True, slots=True)
class StepRow:
    """How long one step took in each; None where it did not run."""

    step: str
    logical_id: str
    before: float | None
    after: float | None

    @property
    def difference(self) -> float | None:
        """Seconds the second took longer; None when only one of them ran it."""
        return None if self.before is None or self.after is None else self.after - self.before


def edit_rows(before: Any, after: Any) -> tuple[EditRow, ...]:
    """The differences of two JSON-like values in words, at most so many that a page can show them."""
    rows: list[EditRow] = []
    for row in diffing.edits(diffing.diff(before, after), before):
        if len(rows) == MOST_ROWS:
            break
        rows.append(
            EditRow(
                path=diffing.path_text(row.path),
                edit=row.edit,
                before="" if row.edit is Edit.ADDED else _side_text(row, row.before),
                after="" if row.edit is Edit.REMOVED else _side_text(row, row.after),
            )
        )
    return tuple(rows)


def step_rows(before: Mapping[str, StepResult], after: Mapping[str, StepResult]) -> tuple[StepRow, ...]:
    """Every step of either, the longest of the second first."""
    rows = []
    for step in before.keys() | after.keys():
        old, new = before.get(step), after.get(step)
        there = new or old
        assert there is not None, "a step comes from one of the two"
        rows.append(StepRow(step, there.logical_id, old.seconds if old else None, new.seconds if new else None))
    return tuple(sorted(rows, key=lambda row: (-(row.after or 0.0), -(row.before or 0.0), row.step)))


def _side_text(row: diffing.Row, value: Any) -> str:
    """A value in words; places of moved items count from 1."""
    return str(value + 1) if row.edit is Edit.MOVED else shown(value)
