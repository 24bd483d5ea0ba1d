"""Whether a Lambda function's resource policy lets a service invoke it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

_ACTIONS = frozenset({"lambda:InvokeFunction", "lambda:*", "*"})


def allows(statements: Iterable[Mapping[str, Any]], *, service: str, account: str, source_arns: Iterable[str]) -> bool:
    """Whether a statement names `service` (say apigateway.amazonaws.com) and fits one of the source's names."""
    arns = list(source_arns)
    return any(_allows(statement, service, account, arns) for statement in statements)


def _allows(statement: Mapping[str, Any], service: str, account: str, arns: list[str]) -> bool:
    principal = statement.get("Principal", {})
    named = principal if isinstance(principal, str) else principal.get("Service", "")
    if statement.get("Effect") != "Allow" or statement.get("Action") not in _ACTIONS or named not in {service, "*"}:
        return False
    for conditions in statement.get("Condition", {}).values():
        for key, wanted in conditions.items():
            match key.lower():
                case "aws:sourcearn":
                    if not any(_arn_like(arn, wanted) for arn in arns):
                        return False
                case "aws:sourceaccount":
                    if wanted != account:
                        return False
                case _:
                    return False
    return True


def _arn_like(arn: str, pattern: str) -> bool:
    """ArnLike: each of the six colon-separated parts matches its pattern, `*` and `?` being wild."""
    given, wanted = arn.split(":", 5), pattern.split(":", 5)
    return len(given) == len(wanted) and all(
        fnmatchcase(a, b.replace("[", "[[]")) for a, b in zip(given, wanted, strict=True)
    )
