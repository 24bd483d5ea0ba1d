"""The authorization matrix: what everybody may do in one place, and why; generated from the table of roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from projects.roles import EVERYWHERE, STRENGTH, Action, Assignment, Role, Standing, can, standing


@dataclass(frozen=True, slots=True)
class Cell:
    """Whether somebody may do something, and the sentence why."""

    action: Action
    allowed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """One person in one place."""

    name: str
    standing: Standing
    cells: tuple[Cell, ...]


def actions_in(environment: str) -> tuple[Action, ...]:
    """The columns: all actions in the project, in an environment those that its roles decide."""
    return tuple(action for action in Action if not (environment and action in EVERYWHERE))


def rows(people: Iterable[tuple[str, Iterable[Assignment]]], environment: str = "") -> tuple[Row, ...]:
    """One row per person (name and assignments), in their order."""
    return tuple(_row(name, standing(assignments, environment)) for name, assignments in people)


def table() -> tuple[tuple[Action, tuple[bool, ...]], ...]:
    """The table of roles: per action, which roles may, from the least to the most."""
    return tuple((action, tuple(can(role, action) for role in STRENGTH)) for action in Action)


def roles() -> tuple[Role, ...]:
    """The columns of `table`."""
    return STRENGTH


def _row(name: str, found: Standing) -> Row:
    return Row(
        name,
        found,
        tuple(Cell(action, found.may(action), found.why(name, action)) for action in actions_in(found.environment)),
    )
