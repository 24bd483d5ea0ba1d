"""Two records side by side: configuration, resources, durations, cost (pure over what was loaded)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from history import diffing, textdiff
from history.diffing import Edit
from history.metadata import Metadata
from history.reading import RecordReader
from history.steps import StepResult, step_results
from history.wording import shown
from projects.configuration.nodes import to_plain
from projects.configuration.reading import read

VOLATILE_TAGS = frozenset({"strands:version", "strands:deployed-by"})
"""Tags that change with every deployment and say nothing about the resource."""
MOST_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, loaded."""

    metadata: Metadata
    config_text: str
    state: Mapping[str, Any]
    approvals: Sequence[Mapping[str, Any]]
    steps: Mapping[str, StepResult]


def side(reader: RecordReader) -> Side:
    """Loads what a comparison needs of a record."""
    return Side(
        metadata=reader.metadata(),
        config_text=reader.config_text(),
        state=reader.state_after(),
        approvals=reader.approvals(),
        steps=step_results(reader.all_events()),
    )


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
class ResourceRow:
    """What became of one resource: created, updated, replaced (another physical id or type) or deleted."""

    stack: str
    logical_id: str
    type: str
    change: str
    properties: tuple[EditRow, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs between two records; `before` and `after` for what is shown as it is.

    `configuration_problem` says why there are no structural rows, if the configurations cannot be read.
    """

    before: Side
    after: Side
    configuration_text: textdiff.TextDiff
    configuration: tuple[EditRow, ...]
    configuration_problem: str
    resources: tuple[ResourceRow, ...]
    unchanged: int
    steps: tuple[StepRow, ...]

    @property
    def same_source(self) -> bool:
        """The agents' code is the same."""
        return self.before.metadata.source_digest == self.after.metadata.source_digest

    @property
    def duration_difference(self) -> float:
        """Seconds the second took longer."""
        return self.after.metadata.duration_seconds - self.before.metadata.duration_seconds

    @property
    def cost_difference(self) -> float | None:
        """US dollars a month the second costs more; None when one of them is not known."""
        before, after = self.before.metadata.monthly_usd, self.after.metadata.monthly_usd
        return None if before is None or after is None else round(after - before, 4)


def compare(before: Side, after: Side) -> Comparison:
    """Compares two records, of the same environment or not, in whatever order they were made."""
    configuration, problem = _configurations(before.config_text, after.config_text)
    old, new = _resources(before.state), _resources(after.state)
    one_place = (before.metadata.project, before.metadata.environment) == (
        after.metadata.project,
        after.metadata.environment,
    )
    rows = [_resource_row(old.get(key), new.get(key), one_place) for key in sorted(old.keys() | new.keys())]
    return Comparison(
        before=before,
        after=after,
        configuration_text=textdiff.side_by_side(before.config_text, after.config_text),
        configuration=configuration,
        configuration_problem=problem,
        resources=tuple(row for row in rows if row is not None),
        unchanged=sum(row is None for row in rows),
        steps=_steps(before.steps, after.steps),
    )


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


def _side_text(row: diffing.Row, value: Any) -> str:
    """A value in words; places of moved items count from 1."""
    return str(value + 1) if row.edit is Edit.MOVED else shown(value)


def _configurations(before: str, after: str) -> tuple[tuple[EditRow, ...], str]:
    old, new = read(before)[0], read(after)[0]
    if old is None or new is None:
        which = "first" if old is None else "second"
        return (), f"the {which} configuration cannot be read as YAML; only the texts are compared"
    return edit_rows(to_plain(old), to_plain(new)), ""


@dataclass(frozen=True, slots=True)
class _Resource:
    stack: str
    logical_id: str
    entry: Mapping[str, Any]

    @property
    def value(self) -> dict[str, Any]:
        """What people compare: properties, and the tags somebody chose."""
        tags = {key: tag for key, tag in self.entry.get("tags", {}).items() if key not in VOLATILE_TAGS}
        return {**self.entry["properties"], **({"Tags": tags} if tags else {})}


def _resources(state: Mapping[str, Any]) -> dict[tuple[str, str], _Resource]:
    return {
        (stack, logical_id): _Resource(stack, logical_id, entry)
        for stack, body in state["stacks"].items()
        for logical_id, entry in body["resources"].items()
    }


def _resource_row(before: _Resource | None, after: _Resource | None, one_place: bool) -> ResourceRow | None:
    """The row of a resource that is in one or both; None when nothing differs.

    In `one_place` another physical id means another resource; between two environments they always differ.
    """
    there = after or before
    assert there is not None, "a key comes from one of the two"
    rows = edit_rows(before.value if before else {}, after.value if after else {})
    if before is None:
        change = "created"
    elif after is None:
        change = "deleted"
    elif before.entry["type"] != after.entry["type"] or (
        one_place and before.entry["physicalId"] != after.entry["physicalId"]
    ):
        change = "replaced"
    elif rows:
        change = "updated"
    else:
        return None
    return ResourceRow(there.stack, there.logical_id, there.entry["type"], change, rows)


def _steps(before: Mapping[str, StepResult], after: Mapping[str, StepResult]) -> tuple[StepRow, ...]:
    """Every step of either, the longest of the second first."""
    rows = []
    for step in before.keys() | after.keys():
        old, new = before.get(step), after.get(step)
        there = new or old
        assert there is not None, "a step comes from one of the two"
        rows.append(StepRow(step, there.logical_id, old.seconds if old else None, new.seconds if new else None))
    return tuple(sorted(rows, key=lambda row: (-(row.after or 0.0), -(row.before or 0.0), row.step)))
