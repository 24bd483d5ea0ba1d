"""Taking a failed run back: what it created, but for what stays for good or is needed by what stays (pure)."""

from __future__ import annotations

from collections.abc import Collection

from deployments.engine.plan import Action, Plan
from deployments.engine.state import State


def created_by(plan: Plan, succeeded: Collection[str]) -> frozenset[str]:
    """The logical ids of what a run newly made: `succeeded` are the ids of its steps that did.

    What it replaced was there before, under the same name, and so was what it imported or changed.
    """
    return frozenset(
        change.logical_id
        for change in plan.changes
        if change.action is Action.CREATE and f"create:{change.logical_id}" in succeeded
    )


def to_undo(state: State, created: Collection[str]) -> frozenset[str]:
    """Which of these can go: they are there, nothing protects them, and nothing that stays needs them."""
    going = {name for name in created if name in state.resources and not state.resources[name].retain}
    while True:
        staying = (resource for name, resource in state.resources.items() if name not in going)
        needed = going & {name for resource in staying for name in resource.dependencies}
        if not needed:
            return frozenset(going)
        going -= needed
