"""What IAM policies decide; pure. Rules: IAM user guide, "Policy evaluation logic" and "JSON policy elements"."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ALLOWED, DENIED, NOT_ALLOWED = "allowed", "explicitDeny", "implicitDeny"

Context = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be decided. Context keys are lower case; `principals` are the names the caller goes by."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)
    principals: frozenset[tuple[str, str]] | None = None


def statements_of(document: str | Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements of a policy. Raises ValueError when it is no policy."""
    policy = json.loads(document) if isinstance(document, str) else document
    found = policy.get("Statement", []) if isinstance(policy, Mapping) else None
    statements = found if isinstance(found, list) else [found]
    checked = [dict(statement) for statement in statements if isinstance(statement, Mapping)]
    if len(checked) != len(statements):
        raise ValueError("The policy has statements that are no objects.")
    return checked


def decide(statements: Iterable[Mapping[str, Any]], asked: Asked) -> tuple[str, list[int]]:
    """The decision, and the positions of the statements that made it: a denial wins over every permission."""
    matched = [(index, one["Effect"]) for index, one in enumerate(statements) if _matches(one, asked)]
    denials = [index for index, effect in matched if effect == "Deny"]
    if denials:
        return DENIED, denials
    return (ALLOWED if matched else NOT_ALLOWED), [index for index, _ in matched]


def _matches(statement: Mapping[str, Any], asked: Asked) -> bool:
    if "Action" in statement:
        acts = any(_wild(pattern.lower(), asked.action.lower()) for pattern in _many(statement["Action"]))
    else:
        excluded = _many(statement.get("NotAction", "*"))
        acts = not any(_wild(pattern.lower(), asked.action.lower()) for pattern in excluded)
    if "NotResource" in statement:
        fits = not any(_wild(_filled(pattern, asked), asked.resource) for pattern in _many(statement["NotResource"]))
    else:
        patterns = _many(statement.get("Resource", "*"))
        fits = any(_wild(_filled(pattern, asked), asked.resource) for pattern in patterns)
    named = asked.principals is None or _names(statement, asked.principals)
    conditions = statement.get("Condition") or {}
    return acts and fits and named and all(
        _holds(operator, key, [str(value) for value in _many(wanted)], asked)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )  # fmt: skip


def _names(statement: Mapping[str, Any], principals: frozenset[tuple[str, str]]) -> bool:
    """Whether the statement's Principal is one of the caller's names, (kind, name) pairs such as (AWS, account)."""
    principal = statement.get("Principal", {})
    if principal == "*":
        return True
    pairs = {(kind, name) for kind, names in principal.items() for name in _many(names)}
    return ("AWS", "*") in pairs or bool(pairs & principals)


def _filled(pattern: str, asked: Asked) -> str:
    """A pattern with its policy variables replaced; an unknown one matches nothing."""

    def value(found: re.Match[str]) -> str:
        known = asked.context.get(found.group(1).lower(), [])
        return known[0] if len(known) == 1 else "\0"

    return re.sub(r"\$\{([\w:/.-]+)\}", value, pattern)


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _wild(pattern: str, text: str) -> bool:
    expression = "".join(".*" if part == "*" else "." if part == "?" else re.escape(part) for part in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _truth(text: str) -> bool:
    return text.lower() == "true"


def _within(text: str, block: str) -> bool:
    return ipaddress.ip_address(text) in ipaddress.ip_network(block, strict=False)


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda given, wanted: given == wanted,
    "StringEqualsIgnoreCase": lambda given, wanted: given.lower() == wanted.lower(),
    "StringLike": lambda given, wanted: _wild(wanted, given),
    "ArnEquals": lambda given, wanted: _wild(wanted, given),
    "ArnLike": lambda given, wanted: _wild(wanted, given),
    "Bool": lambda given, wanted: _truth(given) == _truth(wanted),
    "NumericEquals": lambda given, wanted: float(given) == float(wanted),
    "NumericLessThan": lambda given, wanted: float(given) < float(wanted),
    "NumericLessThanEquals": lambda given, wanted: float(given) <= float(wanted),
    "NumericGreaterThan": lambda given, wanted: float(given) > float(wanted),
    "NumericGreaterThanEquals": lambda given, wanted: float(given) >= float(wanted),
    "IpAddress": _within,
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "NotIpAddress": "IpAddress",
}


def _holds(operator: str, key: str, wanted: list[str], asked: Asked) -> bool:
    """One condition. Values of one key are alternatives; an operator nobody knows never holds."""
    quantifier, _, name = operator.rpartition(":")
    name, optional = (name.removesuffix("IfExists"), True) if name.endswith("IfExists") else (name, False)
    given = list(asked.context.get(key.lower(), []))
    if name == "Null":
        return any(_truth(value) == (not given) for value in wanted)
    negated = name in _NEGATED
    test = _TESTS.get(_NEGATED.get(name, name))
    if test is None:
        return False
    if not given:
        return optional or negated or quantifier == "ForAllValues"
    wanted = [_filled(value, asked) for value in wanted]

    def fits(value: str) -> bool:
        try:
            return any(test(value, one) for one in wanted) != negated
        except ValueError:
            return False

    return all(map(fits, given)) if quantifier == "ForAllValues" or negated else any(map(fits, given))
