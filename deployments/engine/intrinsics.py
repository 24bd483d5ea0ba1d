"""References inside properties: `Ref`, `Fn::GetAtt` and `Fn::Sub`, as CloudFormation defines them.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Any, Final

from deployments.engine.errors import Refused, UnknownReference
from deployments.engine.state import StateResource

PSEUDO_PARAMETERS = ("AWS::Region", "AWS::AccountId", "AWS::Partition")
_FUNCTIONS = frozenset({"Ref", "Fn::GetAtt", "Fn::Sub"})
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


class Unknown(Enum):
    """The type of `UNKNOWN`: a value that exists only after the run."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

Lookup = Callable[[str, str], Any]
"""`lookup(logical id or pseudo parameter, attribute or "" for the physical id)` -> the value, or UNKNOWN."""


def is_intrinsic(value: object) -> bool:
    """The value is one of the three functions (and so, after `resolve`, one whose value is not known yet).

    Raises:
        Refused: it is a function of CloudFormation's that is not supported here.
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    (key,) = value
    if isinstance(key, str) and key.startswith("Fn::") and key not in _FUNCTIONS:
        raise Refused(f"{key} is not supported; use Ref, Fn::GetAtt or Fn::Sub")
    return key in _FUNCTIONS


def has_unknown(value: object) -> bool:
    """An intrinsic is left anywhere in the value."""
    return next(_intrinsics(value), None) is not None


def references(value: object) -> frozenset[str]:
    """The logical ids a value refers to, pseudo parameters left out.

    Raises:
        Refused: an intrinsic is malformed or not supported.
    """
    names = {name for intrinsic in _intrinsics(value) for name, _ in _mentions(intrinsic)}
    return frozenset(name for name in names if not name.startswith("AWS::"))


def resolve(value: Any, lookup: Lookup) -> Any:
    """The value with every intrinsic replaced by what `lookup` knows; unknown ones are kept as they are."""
    if isinstance(value, Mapping):
        if is_intrinsic(value):
            return _resolved(value, lookup)
        return {key: resolve(entry, lookup) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(entry, lookup) for entry in value]
    return value


def recorded_lookup(
    resources: Mapping[str, StateResource], *, region: str, account: str, unknown: Container[str] = ()
) -> Lookup:
    """A lookup in recorded resources; ids in `unknown` answer UNKNOWN.

    The lookup raises UnknownReference for an id or an attribute that is not there, naming the nearest.
    """
    pseudo = {"AWS::Region": region, "AWS::AccountId": account, "AWS::Partition": partition(region)}

    def lookup(name: str, attribute: str) -> Any:
        if name.startswith("AWS::"):
            return _found(pseudo, name, "pseudo parameter", "")
        if name in unknown:
            return UNKNOWN
        resource = _found(resources, name, "resource", "")
        return _found(resource.attributes, attribute, "attribute", f" of {name}") if attribute else resource.physical_id

    return lookup


def partition(region: str) -> str:
    """`aws`, `aws-cn` or `aws-us-gov`."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def shown(intrinsic: Mapping[str, Any]) -> str:
    """For sentences: `${Tickets.Arn}`."""
    body = intrinsic.get("Fn::Sub")
    if body is not None:
        return str(body if isinstance(body, str) else body[0])
    ((name, attribute),) = _mentions(intrinsic)
    return f"${{{name}.{attribute}}}" if attribute else f"${{{name}}}"


def nearest(name: str, known: Container[str] | Mapping[str, Any]) -> str:
    """` (did you mean X?)`, or nothing."""
    close = get_close_matches(name, list(known), 1) if isinstance(known, Mapping) else []
    return f" (did you mean {close[0]}?)" if close else ""


def _found(known: Mapping[str, Any], name: str, noun: str, place: str) -> Any:
    if name not in known:
        raise UnknownReference(f"there is no {noun} {name}{place}{nearest(name, known)}")
    return known[name]


def _intrinsics(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if is_intrinsic(value):
            yield value
            return
        for entry in value.values():
            yield from _intrinsics(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _intrinsics(entry)


def _mentions(intrinsic: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The (name, attribute) pairs one intrinsic needs."""
    ((function, body),) = intrinsic.items()
    match function, body:
        case "Ref", str():
            return [(body, "")]
        case "Fn::GetAtt", str() if "." in body:
            return [_split(body)]
        case "Fn::GetAtt", [str() as name, str() as attribute]:
            return [(name, attribute)]
        case "Fn::Sub", str():
            return [_split(name) for name in _placeholders(body)]
        case "Fn::Sub", [str() as text, Mapping() as values]:
            own = [pair for value in values.values() for inner in _intrinsics(value) for pair in _mentions(inner)]
            return own + [_split(name) for name in _placeholders(text) if name not in values]
    raise Refused(f"{function} is malformed: {body!r}")


def _resolved(intrinsic: Mapping[str, Any], lookup: Lookup) -> Any:
    values = {pair: lookup(*pair) for pair in _mentions(intrinsic)}
    if UNKNOWN in values.values():
        return dict(intrinsic)
    if "Fn::Sub" not in intrinsic:
        (value,) = values.values()
        return value
    body = intrinsic["Fn::Sub"]
    text, own = (body, {}) if isinstance(body, str) else (body[0], resolve(body[1], lookup))

    def fill(match: re.Match[str]) -> str:
        name = match[1].strip()
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        return str(own[name] if name in own else values[_split(name)])

    return _PLACEHOLDER.sub(fill, text)


def _placeholders(text: str) -> list[str]:
    return [name for name in (match.strip() for match in _PLACEHOLDER.findall(text)) if not name.startswith("!")]


def _split(dotted: str) -> tuple[str, str]:
    name, _, attribute = dotted.partition(".")
    return name, attribute
