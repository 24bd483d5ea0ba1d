"""A plan as a graph of steps: what runs, and what each step waits for.

A replacement is two steps. Where both can exist at once the new one is created, whatever uses the old one moves to it,
and the old one is deleted last; where they cannot (the new one needs the old one's name) it is deleted first.
The graph comes from the plan alone, so that whoever resumes a run finds the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from deployments.engine import graph
from deployments.engine.errors import DependencyCycle
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

    @property
    def entry(self) -> str:
        """Where the state keeps what it works on: an old resource that is deleted last has a key of its own by then."""
        aside = self.change.replaced_as if self.operation is Operation.DELETE else None
        return aside or self.change.logical_id


def steps_of(plan: Plan) -> tuple[Step, ...]:
    """All steps, each after those it needs.

    Raises:
        DependencyCycle: the steps wait for each other; the message names the path.
    """
    return _ordered(_connected(plan.changes))


def settled(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes; a replacement that would have to wait for itself if it created first, deletes first.

    Raises:
        DependencyCycle: the steps wait for each other even so.
    """
    while True:
        steps = _connected(changes)
        try:
            _ordered(steps)
        except DependencyCycle:
            stuck = {steps[step_id].logical_id for step_id in graph.circular(needs(_uncrossed(steps).values()))}
            stuck &= {change.logical_id for change in changes if change.replaced_as}
            if not stuck:
                raise
            changes = [
                replace(change, replaced_as=None) if change.logical_id in stuck else change for change in changes
            ]
        else:
            return tuple(changes)


def users(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """By logical id, the changes of what has used it so far."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        for used in change.used if change.target else change.dependencies:
            found.setdefault(used, []).append(change)
    return found


def needs(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """The steps as a `graph.Graph`."""
    return {step.id: step.needs for step in steps}


def _connected(changes: Sequence[Change]) -> dict[str, Step]:
    """Every step by its id, with all it would rather wait for."""
    by_id = {change.logical_id: change for change in changes}
    used_by = users(changes)
    steps: dict[str, Step] = {}
    for change in changes:
        if change.action in (Action.DELETE, Action.REPLACE):
            step_id = f"delete:{change.logical_id}"
            steps[step_id] = Step(step_id, Operation.DELETE, change, _release(change, used_by))
        if change.target and change.action is not Action.NO_CHANGE:
            operation = _WRITES[change.action]
            step_id = f"{operation.value}:{change.logical_id}"
            steps[step_id] = Step(step_id, operation, change, _wait(change, by_id))
    return steps


def _ordered(steps: dict[str, Step]) -> tuple[Step, ...]:
    ranks = {step_id: rank for rank, step_id in enumerate(steps)}
    try:
        order = graph.order(needs(steps.values()), ranks)
    except DependencyCycle:
        steps = _uncrossed(steps)
        order = graph.order(needs(steps.values()), ranks)
    return tuple(steps[step_id] for step_id in order)


def _uncrossed(steps: dict[str, Step]) -> dict[str, Step]:
    """The steps without such waiting as makes a circle of them and can be done without.

    A was used by B, and B by C; A is replaced (deleting first), B deleted, and C now uses A: C's update needs the new
    A, which needs the old one gone, and so B, which C still uses. Then A's deletion does not wait for B's, as it does
    not wait for users that are updated either. Where the circle goes through a name (B has the one that C's new A
    wants), B's deletion does not wait for C's update.
    """
    for is_dispensable in (_spares_a_user, _ends_use):
        crossed = graph.circular(needs(steps.values()))
        steps = {
            step_id: replace(
                step,
                needs=tuple(
                    need
                    for need in step.needs
                    if not {step_id, need} <= crossed or not is_dispensable(step, steps[need])
                ),
            )
            for step_id, step in steps.items()
        }
    return steps


def _spares_a_user(step: Step, need: Step) -> bool:
    replaced = step.operation is Operation.DELETE and step.change.action is Action.REPLACE
    return replaced and not step.change.replaced_as and need.change.action is Action.DELETE


def _ends_use(step: Step, need: Step) -> bool:
    return step.operation is Operation.DELETE and need.operation is Operation.UPDATE


def _wait(change: Change, changes: dict[str, Change]) -> tuple[str, ...]:
    """What a creation or update waits for: what it refers to is there, and what has its name is gone."""
    found = [f"delete:{change.logical_id}"] if change.action is Action.REPLACE and not change.replaced_as else []
    for name in change.dependencies:
        match changes[name].action:
            case Action.CREATE | Action.REPLACE:
                found.append(f"create:{name}")
            case Action.UPDATE | Action.IMPORT as action:
                found.append(f"{action.value}:{name}")
            case Action.DELETE:  # plans of earlier versions kept here what `awaits` holds
                found.append(f"delete:{name}")
    return (*found, *(f"delete:{name}" for name in change.awaits))


def _release(change: Change, used_by: dict[str, list[Change]]) -> tuple[str, ...]:
    """What a deletion waits for: whoever used it is deleted, or no longer uses it.

    What is updated because this one is replaced comes after the new one; where that one needs the old one gone, the
    deletion cannot wait for it. Nor does it wait for a picture that is taken anew once this one is gone.
    """
    found = [f"create:{change.logical_id}"] if change.replaced_as else []
    for user in used_by.get(change.logical_id, ()):
        if change.logical_id in user.awaits and change.type != user.type:
            continue
        if user.action in (Action.DELETE, Action.REPLACE):
            found.append(f"delete:{user.logical_id}")
        elif user.action is Action.UPDATE and (change.action is Action.DELETE or change.replaced_as):
            found.append(f"update:{user.logical_id}")
    return tuple(found)
