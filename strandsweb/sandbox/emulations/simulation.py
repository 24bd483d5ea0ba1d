"""iam:SimulatePrincipalPolicy over the policies of a role, user or group."""

from __future__ import annotations

from typing import Any

from moto.iam.models import iam_backends

from strandsweb.sandbox.operations import OPERATIONS, Place, Refused
from strandsweb.sandbox.policies import ALLOWED, Asked, decide, statements_of


def _principal(place: Place, arn: str) -> Any:
    kind, _, path = arn.rpartition(":")[2].partition("/")
    backend = iam_backends[place.account]["aws"]
    kinds: dict[str, dict[str, Any]] = {"role": backend.roles, "user": backend.users, "group": backend.groups}
    for one in kinds.get(kind, {}).values():
        if one.arn == arn:
            return one
    if kind not in {"role", "user", "group"}:
        raise Refused("InvalidInput", f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    raise Refused("NoSuchEntity", f"The {kind} with name {path.rpartition('/')[2]} cannot be found.", 404)


def _document(policy: Any) -> str:
    return next(str(version.document) for version in policy.versions if version.is_default)


def _attached(principal: Any) -> list[tuple[str, str, str]]:
    """(id, kind, document) of every policy of a principal."""
    kind = type(principal).__name__.lower()
    inline = [(f"{kind}_{principal.name}_{name}", kind, text) for name, text in principal.policies.items()]
    managed = []
    for arn, policy in principal.managed_policies.items():
        source = "AWS Managed Policy" if ":aws:policy/" in arn else "IAM Policy"
        managed.append((policy.name, source, _document(policy)))
    return inline + managed


def _simulate(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    principal = _principal(place, parameters["PolicySourceArn"])
    policies = _attached(principal)
    given = enumerate(parameters.get("PolicyInputList") or [], 1)
    policies += [(f"PolicyInputList.{number}", "none", text) for number, text in given]
    boundaries = list(parameters.get("PermissionsBoundaryPolicyInputList") or [])
    arn = getattr(principal, "permissions_boundary_arn", None)
    if arn and not boundaries:
        boundary = iam_backends[place.account]["aws"].managed_policies.get(arn)
        boundaries = [_document(boundary)] if boundary else []
    try:
        placed = [(source, kind, one) for source, kind, text in policies for one in statements_of(text)]
        fence = [one for text in boundaries for one in statements_of(text)]
    except (ValueError, AttributeError) as problem:
        raise Refused("InvalidInput", f"A policy cannot be read: {problem}") from None
    context = {
        entry["ContextKeyName"].lower(): [str(value) for value in entry["ContextKeyValues"]]
        for entry in parameters.get("ContextEntries") or []
    }
    results = [
        _result(Asked(action, resource, context), placed, fence if boundaries else None)
        for action in parameters["ActionNames"]
        for resource in parameters.get("ResourceArns") or ["*"]
    ]
    return {"EvaluationResults": results, "IsTruncated": False}


def _result(
    asked: Asked, placed: list[tuple[str, str, dict[str, Any]]], fence: list[dict[str, Any]] | None
) -> dict[str, Any]:
    decision, matched = decide([statement for _, _, statement in placed], asked)
    sources = dict.fromkeys(placed[index][:2] for index in matched)
    result: dict[str, Any] = {
        "EvalActionName": asked.action,
        "EvalResourceName": asked.resource,
        "MatchedStatements": [{"SourcePolicyId": source, "SourcePolicyType": kind} for source, kind in sources],
        "MissingContextValues": [],
    }
    if fence is not None:
        fenced, _ = decide(fence, asked)
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": fenced == ALLOWED}
        if decision == ALLOWED and fenced != ALLOWED:
            decision = fenced
    return result | {"EvalDecision": decision}


def install() -> None:
    OPERATIONS["iam", "SimulatePrincipalPolicy"] = _simulate
