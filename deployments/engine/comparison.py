"""When two property values count as equal: by type and number, as sets, and only as far as we asked for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deployments.engine.canonical import dumps
from deployments.engine.intrinsics import MAPPING, PLAIN
from deployments.engine.plan import ABSENT

_LEAF = (*PLAIN, type(ABSENT))


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 and 1.0 are, 1 and true are not; an empty list or mapping is as good as none."""
    if isinstance(one, _LEAF) and isinstance(other, _LEAF):
        return one is other if isinstance(one, bool) or isinstance(other, bool) else bool(one == other)
    one, other = _or_empty(one, other), _or_empty(other, one)
    if isinstance(one, MAPPING) and isinstance(other, MAPPING):
        return all(same(one.get(key, ABSENT), other.get(key, ABSENT)) for key in {*one, *other})
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def restricted(value: Any, shapes: Iterable[Any]) -> Any:
    """The value without the keys that none of the shapes has, at any depth; a list has to be as long as its shape."""
    if isinstance(value, _LEAF):
        return value
    shapes = list(shapes)
    if isinstance(value, list):
        alike = [shape for shape in shapes if isinstance(shape, list) and len(shape) == len(value)]
        return [restricted(entry, [shape[index] for shape in alike]) for index, entry in enumerate(value)]
    known = [shape for shape in shapes if isinstance(shape, MAPPING)]
    return {
        key: restricted(entry, [shape[key] for shape in known if key in shape])
        for key, entry in value.items()
        if not known or any(key in shape for shape in known)
    }


def as_set(value: Any) -> Any:
    """The value with every list in it sorted."""
    if isinstance(value, _LEAF):
        return value
    if isinstance(value, list):
        return sorted(map(as_set, value), key=dumps)
    return {key: as_set(entry) for key, entry in value.items()}


def aligned(value: Any, shape: Any) -> Any:
    """A list (as a set) in the order of `shape`: entries that match first, those that match nothing last."""
    if not isinstance(value, list) or not isinstance(shape, list):
        return value
    left = list(value)
    found = []
    for wanted in shape:
        match = next((entry for entry in left if same(restricted(entry, [wanted]), wanted)), ABSENT)
        if match is not ABSENT:
            left.remove(match)
            found.append(match)
    return found + left


def _or_empty(value: Any, against: Any) -> Any:
    """ABSENT as an empty value of the other's kind."""
    if value is ABSENT and isinstance(against, Mapping | list):
        return [] if isinstance(against, list) else {}
    return value
