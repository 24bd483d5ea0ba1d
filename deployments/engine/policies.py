"""IAM policy documents by meaning: what they allow and deny, whatever the order and the spelling.

A document is taken apart into grants (effect, principal, action, resource, condition); two documents mean the
same when their grants are the same. Sids and the version do not matter, nor the case of actions.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployments.engine.canonical import dumps
from deployments.engine.intrinsics import is_intrinsic, shown


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One effect on one action; every part is text fit to be read, `action` is as written (compared in lower case)."""

    effect: str
    principal: str
    action_key: str
    resource: str
    condition: str
    action: str = field(compare=False)


def documents(value: Any) -> dict[str, Any]:
    """Policy documents by name: of a list of `{PolicyName, PolicyDocument}`, or one document under ""."""
    if isinstance(value, list):
        return {
            str(entry.get("PolicyName", index)): entry.get("PolicyDocument", entry) for index, entry in enumerate(value)
        }
    return {"": value} if value else {}


def grants(document: Any) -> frozenset[Grant]:
    """What a document says (a mapping, its JSON text, or an intrinsic, which says nothing yet)."""
    if isinstance(document, str):
        document = json.loads(document)
    if not document or is_intrinsic(document):
        return frozenset()
    return frozenset(
        Grant(str(statement.get("Effect", "Allow")), principal, action.lower(), resource, condition, action)
        for statement in _listed(document.get("Statement"))
        for condition in [_condition(statement.get("Condition"))]
        for principal in _principals(statement)
        for action in _part(statement, "Action")
        for resource in _part(statement, "Resource")
    )


def same_meaning(one: Any, other: Any) -> bool:
    """Both documents allow and deny the same."""
    return bool(one == other) or grants(one) == grants(other)


def sentences(who: str, before: Iterable[Any], after: Iterable[Any]) -> tuple[str, ...]:
    """What `who` (an agent, a role) newly may and no longer may, when `after` takes the place of `before`."""
    was = frozenset[Grant]().union(*(grants(document) for document in before))
    will = frozenset[Grant]().union(*(grants(document) for document in after))
    told = [_sentence(who, group, newly=True) for group in _grouped(will - was)]
    told += [_sentence(who, group, newly=False) for group in _grouped(was - will)]
    return tuple(told)


def _grouped(found: Iterable[Grant]) -> list[tuple[Grant, str, str]]:
    """Grants put together: actions over the same resource first, then resources with the same actions."""
    actions: dict[tuple[str, str, str, str], list[Grant]] = {}
    for grant in sorted(found):
        actions.setdefault((grant.effect, grant.principal, grant.condition, grant.resource), []).append(grant)
    resources: dict[tuple[str, str, str, str], list[Grant]] = {}
    for (effect, principal, condition, _), same in actions.items():
        names = ", ".join(grant.action for grant in same)
        resources.setdefault((effect, principal, condition, names), []).append(same[0])
    return [
        (same[0], names, ", ".join(grant.resource for grant in same if grant.resource))
        for (_, _, _, names), same in resources.items()
    ]


def _sentence(who: str, group: tuple[Grant, str, str], *, newly: bool) -> str:
    grant, actions, resources = group
    if grant.effect == "Deny":
        verb = "is newly denied" if newly else "is no longer denied"
    else:
        verb = "may newly" if newly else "may no longer"
    subject = "anyone" if grant.principal == "*" else grant.principal or who
    place = resources or who
    return f"{subject} {verb} {actions} on {place}" + (f" if {grant.condition}" if grant.condition else "")


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return shown(value) if is_intrinsic(value) else dumps(value)
    return str(value)


def _part(statement: Mapping[str, Any], name: str) -> list[str]:
    """`Action` or `Resource` one by one; the `Not` form as one (it means all but these); "" where there is neither."""
    if f"Not{name}" in statement:
        return ["all but " + ", ".join(sorted(_text(entry) for entry in _listed(statement[f"Not{name}"])))]
    return [_text(entry) for entry in _listed(statement.get(name))] or [""]


def _principals(statement: Mapping[str, Any]) -> list[str]:
    if "NotPrincipal" in statement:
        return ["everyone but " + ", ".join(sorted(_principals({"Principal": statement["NotPrincipal"]})))]
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping) or is_intrinsic(principal):
        return [_text(entry) for entry in _listed(principal)] or [""]
    return [_account(_text(entry)) for _, entries in sorted(principal.items()) for entry in _listed(entries)]


def _account(principal: str) -> str:
    """AWS writes a bare account id as the account's root."""
    return f"arn:aws:iam::{principal}:root" if len(principal) == 12 and principal.isdigit() else principal


def _condition(condition: Any) -> str:
    tests = [
        f"{operator} {key.lower()} {', '.join(sorted(_text(value) for value in _listed(values)))}"
        for operator, keys in (condition or {}).items()
        for key, values in keys.items()
    ]
    return " and ".join(sorted(tests))
