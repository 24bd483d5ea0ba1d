"""Whether a role may do what a deployment takes, asked of IAM's own simulator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deployments.aws.calls import Aws

_ALLOWED = "allowed"
_WILD = "preflight"


def denied_actions(aws: Aws, role_arn: str, policy: Mapping[str, Any]) -> tuple[str, ...]:
    """The actions of `policy` that the role may not do, sorted.

    Each is simulated on one example of every resource pattern beside it, and counts as allowed when it is on any of
    them, as a pattern is there for some of its statement's actions only.
    Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html

    Raises:
        CloudError: the simulator may not be asked, or does not know the role.
    """
    wanted: set[str] = set()
    allowed: set[str] = set()
    for statement in policy["Statement"]:
        wanted.update(statement["Action"])
        allowed.update(_allowed(aws, role_arn, statement))
    return tuple(sorted(wanted - allowed))


def _allowed(aws: Aws, role_arn: str, statement: Mapping[str, Any]) -> Iterable[str]:
    parameters: dict[str, Any] = {
        "PolicySourceArn": role_arn,
        "ActionNames": statement["Action"],
        "ResourceArns": [_example(resource) for resource in statement["Resource"]],
        "ContextEntries": _context(statement.get("Condition", {})),
    }
    while True:
        answer = aws.call("iam", "simulate_principal_policy", **parameters)
        for result in answer["EvaluationResults"]:
            if _ALLOWED in (result["EvalDecision"], *_specific(result)):
                yield result["EvalActionName"]
        if not answer.get("IsTruncated"):
            return
        parameters["Marker"] = answer["Marker"]


def _specific(result: Mapping[str, Any]) -> list[str]:
    return [each["EvalResourceDecision"] for each in result.get("ResourceSpecificResults", ())]


def _example(resource: str) -> str:
    """A resource that fits the pattern."""
    return resource if resource == "*" else resource.replace("*", _WILD)


def _context(condition: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What holds when the deployment asks: the values the policy's own conditions are about."""
    return [
        {
            "ContextKeyName": key,
            "ContextKeyValues": values if isinstance(values, list) else [values],
            "ContextKeyType": "string",
        }
        for entries in condition.values()
        for key, values in entries.items()
    ]
