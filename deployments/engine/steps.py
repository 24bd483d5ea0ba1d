"""A plan as a graph of steps: what runs, and what each step waits for.

A replacement is two steps, delete then create, as names are deterministic and the new one needs the old one's.
The graph comes from the plan alone, so that whoever resumes a run finds the same one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from deployments.engine import graph
from deployments.engine.plan import Action, Change, Plan


class Operation(StrEnum):
    """What a step does to its resource."""

    CREATE = "create"
    IMPORT = "import"
    UPDATE = "update"
    DELETE = "delete"


_WRITES = {
    Action.CREATE: Operation.CREATE,
    Action.REPLACE: Operation.CREATE,
    Action.IMPORT: Operation.IMPORT,
    Action.UPDATE: Operation.UPDATE,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on one resource; `id` is `create:Tickets`, `needs` are ids of steps that must have succeeded."""

    id: str
    operation: Operation
    change: Change
    needs: tuple[str, ...] = ()

    @property
    def logical_id(self) -> str:
        """The resource's."""
        return self.change.logical_id


def steps_of(plan: Plan) -> tuple[Step, ...]:
    """All steps, each after those it needs.

    Raises:
        DependencyCycle: the steps wait for each other; the message names the path.
    """
    changes = {change.logical_id: change for change in plan.changes}
    users: dict[str, list[Change]] = {}
    for change in plan.changes:
        for used in change.used if change.target else change.dependencies:
            users.setdefault(used, []).append(change)
    steps: dict[str, Step] = {}
    for change in plan.changes:
        if change.action in (Action.DELETE, Action.REPLACE):
            step_id = f"delete:{change.logical_id}"
            steps[step_id] = Step(step_id, Operation.DELETE, change, _release(change, users))
        if change.target and change.action is not Action.NO_CHANGE:
            operation = _WRITES[change.action]
            step_id = f"{operation.value}:{change.logical_id}"
            steps[step_id] = Step(step_id, operation, change, _wait(change, changes))
    ranks = {step_id: rank for rank, step_id in enumerate(steps)}
    steps = _uncrossed(steps)
    return tuple(steps[step_id] for step_id in graph.order(needs(steps.values()), ranks))


def _uncrossed(steps: dict[str, Step]) -> dict[str, Step]:
    """Deletions no longer wait for updates that wait, through a replacement, for these very deletions.

    A was used by B, and B by C; A is replaced, B deleted, and C now uses A: C's update needs the new A, which needs
    the old one gone, and so B, which C still uses.
    """
    crossed = graph.circular(needs(steps.values()))
    return {
        step_id: replace(step, needs=tuple(need for need in step.needs if not _crosses(step, steps[need], crossed)))
        for step_id, step in steps.items()
    }


def _crosses(step: Step, need: Step, crossed: set[str]) -> bool:
    ends_use = step.operation is Operation.DELETE and need.operation is Operation.UPDATE
    return ends_use and step.id in crossed and need.id in crossed


def needs(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """The steps as a `graph.Graph`."""
    return {step.id: step.needs for step in steps}


def _wait(change: Change, changes: dict[str, Change]) -> tuple[str, ...]:
    """What a creation or update waits for: what it refers to is there, and what has its name is gone."""
    found = [f"delete:{change.logical_id}"] if change.action is Action.REPLACE else []
    for name in change.dependencies:
        match changes[name].action:
            case Action.CREATE | Action.REPLACE:
                found.append(f"create:{name}")
            case Action.UPDATE | Action.IMPORT as action:
                found.append(f"{action.value}:{name}")
            case Action.DELETE:
                found.append(f"delete:{name}")
    return tuple(found)


def _release(change: Change, users: dict[str, list[Change]]) -> tuple[str, ...]:
    """What a deletion waits for: whoever used it is deleted, or no longer uses it.

    What is updated because this one is replaced comes after the new one, so it cannot come before the deletion.
    """
    found = []
    for user in users.get(change.logical_id, ()):
        if user.action in (Action.DELETE, Action.REPLACE):
            found.append(f"delete:{user.logical_id}")
        elif user.action is Action.UPDATE and change.action is Action.DELETE:
            found.append(f"update:{user.logical_id}")
    return tuple(found)
