"""How much a plan does, to be held against a budget; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deployments.engine.kinds import Kind
from deployments.engine.plan import ABSENT, Action, Change, Plan, PropertyChange
from deployments.engine.policies import Grant, grants
from projects.protection.facts import Impact

_ATTACHED = "ManagedPolicyArns"
_INVOKES = "AWS::Lambda::Permission"


def impact_of(plan: Plan, kinds: Mapping[str, Kind]) -> Impact:
    """Deletions, replacements of what holds data, US dollars a month, new permissions and resources touched.

    `kinds` are by type. A permission is new where a policy newly allows, or no longer denies, one action on one
    resource; a managed policy that is newly attached counts as one, as only AWS knows what is in it.
    """
    doing = [change for change in plan.changes if change.action is not Action.NO_CHANGE]
    before, after = plan.monthly_usd()
    return Impact(
        deletes=sum(change.action is Action.DELETE for change in doing),
        replaced_stateful=sum(change.action is Action.REPLACE and kinds[change.type].stateful for change in doing),
        monthly_increase_usd=round(after - before, 2),
        new_permissions=sum(_new_permissions(change) for change in doing),
        resources=len(doing),
    )


def _new_permissions(change: Change) -> int:
    if change.action is Action.DELETE:
        return 0
    if change.type == _INVOKES:
        return int(change.action is not Action.UPDATE)
    return sum(_widening(each) for each in change.properties)


def _widening(each: PropertyChange) -> int:
    last = each.path.rpartition(".")[2]
    if last == _ATTACHED:
        return len(_entries(each.after) - _entries(each.before))
    was, will = _grants(last, each.before), _grants(last, each.after)
    allowed = sum(grant.effect != "Deny" for grant in will - was)
    return allowed + sum(grant.effect == "Deny" for grant in was - will)


def _entries(value: Any) -> set[str]:
    return {str(entry) for entry in value} if isinstance(value, list | tuple) else set()


def _grants(name: str, value: Any) -> frozenset[Grant]:
    """All that the policy documents in a property say; also where only the statements of one are looked at."""
    if value is ABSENT:
        return frozenset()
    if name == "Statement":
        value = {"Statement": value}
    return frozenset[Grant]().union(*(grants(document) for document in _documents(value)))


def _documents(value: Any) -> Iterator[Any]:
    """Every policy document in a value, however deep."""
    if isinstance(value, Mapping):
        if "Statement" in value:
            yield value
            return
        for inner in value.values():
            yield from _documents(inner)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _documents(entry)
