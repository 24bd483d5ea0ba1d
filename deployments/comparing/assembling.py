"""All that differs between two sides, put together (pure over what was loaded)."""

from __future__ import annotations

from dataclasses import dataclass

from deployments.comparing.code import Code
from deployments.comparing.configurations import Configurations, compare_configurations
from deployments.comparing.costs import Costs, compare_costs
from deployments.comparing.permissions import PermissionRow, compare_permissions
from deployments.comparing.resources import Resources, compare_resources
from deployments.comparing.sides import Side
from deployments.engine.kinds import Kinds
from history.compare import StepRow, step_rows


@dataclass(frozen=True, slots=True)
class Bar:
    """A step with the lengths of its bars, per cent of the longest of all."""

    row: StepRow
    before_percent: float
    after_percent: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs between two sides; `before` and `after` for what is shown as it is."""

    before: Side
    after: Side
    configurations: Configurations
    resources: Resources
    permissions: tuple[PermissionRow, ...]
    code: Code
    costs: Costs
    steps: tuple[StepRow, ...]

    @property
    def across(self) -> bool:
        """The two are of different places."""
        return self.before.place != self.after.place

    @property
    def is_empty(self) -> bool:
        """Nothing differs that would make one side another than the other; who agreed and how long it took may."""
        return not (
            self.configurations.rows
            or not self.configurations.text.is_equal
            or self.resources.rows
            or self.permissions
            or self.code.folders
            or self.code.missing
            or self.costs.rows
        )

    @property
    def duration_difference(self) -> float | None:
        """Seconds the second took longer; None where one of them did not run."""
        before, after = self.before.metadata, self.after.metadata
        return after.duration_seconds - before.duration_seconds if before and after else None

    @property
    def bars(self) -> list[Bar]:
        """The steps as bars."""
        longest = max((each for row in self.steps for each in (row.before, row.after) if each), default=0.0)
        return [Bar(row, _percent(row.before, longest), _percent(row.after, longest)) for row in self.steps]

    @property
    def one_story(self) -> bool:
        """Both sides stand for the same deployment: who agreed and how long it took is the same."""
        return self.before.stands_for == self.after.stands_for


def assemble(before: Side, after: Side, *, kinds: Kinds, code: Code, noise: bool = False) -> Comparison:
    """Compares two sides, of one place or of two, in whatever order they were made; `noise`: see `resources`."""
    return Comparison(
        before=before,
        after=after,
        configurations=compare_configurations(before, after),
        resources=compare_resources(before, after, kinds, noise=noise),
        permissions=compare_permissions(before, after, kinds),
        code=code,
        costs=compare_costs(before, after, kinds),
        steps=step_rows(before.steps, after.steps),
    )


def _percent(seconds: float | None, longest: float) -> float:
    return round(100 * seconds / longest, 2) if seconds and longest else 0.0
