"""A part of a plan: what somebody chose and what that needs; everything else stays as it is (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from deployments.engine.errors import NotPlannable
from deployments.engine.kinds import guards
from deployments.engine.plan import Action, Change, Reason
from deployments.engine.state import replacer_of


def narrowed(changes: Sequence[Change], targets: Iterable[str]) -> tuple[Change, ...]:
    """The changes of what `targets` names (stacks or logical ids) and of what these need.

    What is left out and exists stays as it is; what is left out and does not exist is no part of the plan. A chosen
    resource brings what it refers to and the policy that guards it; what goes away brings those who stop using it.

    Raises:
        NotPlannable: a target is neither a stack nor a resource; the message names the nearest.
    """
    chosen = _with_needs(changes, _named(changes, targets))
    return tuple(
        change if change.logical_id in chosen else _left_out(change)
        for change in changes
        if change.logical_id in chosen or change.action not in (Action.CREATE, Action.IMPORT)
    )


def _named(changes: Sequence[Change], targets: Iterable[str]) -> set[str]:
    """The logical ids that the targets stand for."""
    found: set[str] = set()
    for target in targets:
        of_target = {
            change.logical_id
            for change in changes
            if target in (change.stack, change.logical_id, replacer_of(change.logical_id))
        }
        if not of_target:
            known = {name for change in changes for name in (change.stack, change.logical_id)}
            near = get_close_matches(target, sorted(known), n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise NotPlannable(f"There is no agent and no resource {target} here.{hint}")
        found |= of_target
    return found


def _with_needs(changes: Sequence[Change], chosen: set[str]) -> set[str]:
    by_id = {change.logical_id: change for change in changes}
    users: dict[str, list[str]] = {}
    guardians: dict[str, list[str]] = {}
    for change in changes:
        if change.action is not Action.NO_CHANGE:
            for used in change.used if change.target else change.dependencies:
                users.setdefault(used, []).append(change.logical_id)
        for used in change.dependencies if change.target else ():
            if guards(change.type, by_id[used].type):
                guardians.setdefault(used, []).append(change.logical_id)
    waiting = list(chosen)
    while waiting:
        change = by_id[waiting.pop()]
        needed = [*change.dependencies, *change.awaits, *guardians.get(change.logical_id, ())] if change.target else []
        if change.action in (Action.DELETE, Action.REPLACE):
            needed += users.get(change.logical_id, ())
        new = set(needed) - chosen
        chosen |= new
        waiting += new
    return chosen


def _left_out(change: Change) -> Change:
    reason = change.reason if change.action is Action.NO_CHANGE else Reason.NOT_CHOSEN
    return replace(
        change,
        action=Action.NO_CHANGE,
        reason=reason,
        properties=(),
        data_loss=False,
        notes=(),
        cost_after=change.cost_before,
        target=None,
        awaits=(),
        replaced_as=None,
    )
