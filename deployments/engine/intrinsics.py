"""References inside properties, and what is worked out from them, as CloudFormation defines its functions.

`Ref`, `Fn::GetAtt` and `Fn::Sub` refer; `Fn::Select` and `Fn::Cidr` work something out, also of values that refer.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Container, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Any, Final

from deployments.engine.errors import Refused, UnknownReference
from deployments.engine.state import StateResource

PSEUDO_PARAMETERS = ("AWS::Region", "AWS::AccountId", "AWS::Partition")
_FUNCTIONS = frozenset({"Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Select", "Fn::Cidr"})
_MOST_BLOCKS = 256
PLAIN = (str, int, float, type(None))
"""What most values are; asking for these first spares asking whether they are mappings, which is ten times slower."""
MAPPING = (dict, Mapping)
"""A mapping, asked for in the order that is quick."""
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


class Unknown(Enum):
    """The type of `UNKNOWN`: a value that exists only after the run."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

Lookup = Callable[[str, str], Any]
"""`lookup(logical id or pseudo parameter, attribute or "" for the physical id)` -> the value, or UNKNOWN."""


def is_intrinsic(value: object) -> bool:
    """The value is one of the functions (and so, after `resolve`, one whose value is not known yet).

    Raises:
        Refused: it is a function of CloudFormation's that is not supported here.
    """
    if isinstance(value, PLAIN) or not isinstance(value, MAPPING) or len(value) != 1:
        return False
    (key,) = value
    if isinstance(key, str) and key.startswith("Fn::") and key not in _FUNCTIONS:
        raise Refused(f"{key} is not supported; use Ref, Fn::GetAtt, Fn::Sub, Fn::Select or Fn::Cidr")
    return key in _FUNCTIONS


def has_unknown(value: object) -> bool:
    """An intrinsic is left anywhere in the value."""
    return bool(_intrinsics(value))


def references(value: object) -> frozenset[str]:
    """The logical ids a value refers to, pseudo parameters left out.

    Raises:
        Refused: an intrinsic is malformed or not supported.
    """
    names = {name for intrinsic in _intrinsics(value) for name, _ in _mentions(intrinsic)}
    return frozenset(name for name in names if not name.startswith("AWS::"))


def resolve(value: Any, lookup: Lookup) -> Any:
    """The value with every intrinsic replaced by what `lookup` knows; unknown ones are kept as they are."""
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, list | tuple):
        return [resolve(entry, lookup) for entry in value]
    if is_intrinsic(value):
        return _resolved(value, lookup)
    return {key: resolve(entry, lookup) for key, entry in value.items()}


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
    mentioned = [
        f"${{{name}.{attribute}}}" if attribute else f"${{{name}}}" for name, attribute in _mentions(intrinsic)
    ]
    (function,) = intrinsic
    return f"{function}({', '.join(mentioned)})" if function in ("Fn::Select", "Fn::Cidr") else mentioned[0]


def nearest(name: str, known: Container[str] | Mapping[str, Any]) -> str:
    """` (did you mean X?)`, or nothing."""
    close = get_close_matches(name, list(known), 1) if isinstance(known, Mapping) else []
    return f" (did you mean {close[0]}?)" if close else ""


def _found(known: Mapping[str, Any], name: str, noun: str, place: str) -> Any:
    if name not in known:
        raise UnknownReference(f"there is no {noun} {name}{place}{nearest(name, known)}")
    return known[name]


def _intrinsics(value: object) -> list[Mapping[str, Any]]:
    """All of them in the value, the outermost of each."""
    found, waiting = [], [value]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, PLAIN):
            continue
        if isinstance(entry, MAPPING):
            if is_intrinsic(entry):
                found.append(entry)
            else:
                waiting += entry.values()
        elif isinstance(entry, list | tuple):
            waiting += entry
    return found


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
        case ("Fn::Select", [_, _]) | ("Fn::Cidr", [_, _, _]):
            return [pair for inner in _intrinsics(body) for pair in _mentions(inner)]
    raise Refused(f"{function} is malformed: {body!r}")


def _resolved(intrinsic: Mapping[str, Any], lookup: Lookup) -> Any:
    values = {pair: lookup(*pair) for pair in _mentions(intrinsic)}
    if UNKNOWN in values.values():
        return dict(intrinsic)
    ((function, body),) = intrinsic.items()
    if function == "Fn::Select":
        return _selected(*resolve(body, lookup))
    if function == "Fn::Cidr":
        return _blocks(*resolve(body, lookup))
    if function != "Fn::Sub":
        (value,) = values.values()
        return value
    text, own = (body, {}) if isinstance(body, str) else (body[0], resolve(body[1], lookup))

    def fill(match: re.Match[str]) -> str:
        name = match[1].strip()
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        return str(own[name] if name in own else values[_split(name)])

    return _PLACEHOLDER.sub(fill, text)


def _selected(index: Any, entries: Any) -> Any:
    """`Fn::Select`: the entry at an index from 0."""
    if not isinstance(entries, list) or not str(index).isdigit() or int(index) >= len(entries):
        raise Refused(f"Fn::Select finds no entry {index!r} in {entries!r}")
    return entries[int(index)]


def _blocks(block: Any, count: Any, bits: Any) -> list[str]:
    """`Fn::Cidr`: the first `count` networks with `bits` bits for hosts inside a block."""
    try:
        network = ipaddress.ip_network(block)
        wanted, prefix = int(count), network.max_prefixlen - int(bits)
        if not 1 <= wanted <= min(_MOST_BLOCKS, 2 ** (prefix - network.prefixlen)):
            raise ValueError(f"{wanted} do not fit")
        parts = network.subnets(new_prefix=prefix)
        return [str(next(parts)) for _ in range(wanted)]
    except (TypeError, ValueError) as error:
        raise Refused(f"Fn::Cidr cannot part {block!r} into {count!r} networks of {bits!r} bits: {error}") from error


def _placeholders(text: str) -> list[str]:
    return [name for name in (match.strip() for match in _PLACEHOLDER.findall(text)) if not name.startswith("!")]


def _split(dotted: str) -> tuple[str, str]:
    name, _, attribute = dotted.partition(".")
    return name, attribute
