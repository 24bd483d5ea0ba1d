"""Desired, recorded and live properties of one resource -> what will change in it, and who made it differ."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deployments.engine.canonical import dumps
from deployments.engine.comparison import aligned, as_set, restricted, same
from deployments.engine.intrinsics import MAPPING, PLAIN, has_unknown, is_intrinsic
from deployments.engine.kinds import Kind
from deployments.engine.plan import ABSENT, Origin, PropertyChange
from deployments.engine.policies import documents, same_meaning

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """One property as the three see it, each ABSENT where it is not there (defaults already put in)."""

    path: str
    desired: Any
    recorded: Any
    live: Any
    policy: bool = False

    def equal(self, one: Any, other: Any) -> bool:
        """Equal for this property: policies by meaning."""
        if self.policy and ABSENT not in (one, other):
            return same_meaning(one, other)
        return same(one, other)


def property_changes(
    kind: Kind, *, desired: Json, recorded: Json, live: Json, secret_key: bytes = b""
) -> tuple[PropertyChange, ...]:
    """The properties whose live value is not the desired one, by path.

    Only what the configuration asks for, or asked for when it was last written, is looked at; what the cloud adds
    by itself is not. `desired` may hold intrinsics: those are known only after the run, and count as changes.
    `secret_key` keys the digests that stand for sensitive values.
    """
    rows = []
    for place in managed(kind, desired=desired, recorded=recorded, live=live):
        unknown = has_unknown(place.desired)
        if not unknown and place.equal(place.desired, place.live):
            continue
        row = PropertyChange(
            path=place.path,
            before=place.live,
            after=place.desired,
            origin=_origin(place),
            replaces=kind.fixes(place.path, place.live, place.desired),
            unknown=unknown,
        )
        if _touches(place.path, kind.sensitive):
            before, after = (conceal(kind, place.path, side, secret_key) for side in (row.before, row.after))
            row = replace(row, before=before, after=after, sensitive=True)
        rows.append(row)
    return tuple(rows)


def tag_changes(
    *, desired: Mapping[str, str], recorded: Mapping[str, str], live: Mapping[str, str]
) -> tuple[PropertyChange, ...]:
    """`Tags.key` rows; tags that we never wrote are not looked at."""
    places = [
        Place(f"Tags.{key}", desired.get(key, ABSENT), recorded.get(key, ABSENT), live.get(key, ABSENT))
        for key in sorted({*desired, *recorded})
    ]
    return tuple(
        PropertyChange(path=place.path, before=place.live, after=place.desired, origin=_origin(place))
        for place in places
        if not same(place.desired, place.live)
    )


def managed(kind: Kind, *, desired: Json, recorded: Json, live: Json) -> Iterator[Place]:
    """Every property that is ours to look at, leaf by leaf, sorted by path."""
    wanted, now = _Side(kind, desired), _Side(kind, live)
    was = wanted if recorded is desired else _Side(kind, recorded)
    for name in sorted({*wanted.properties, *was.properties}):
        sides = [side.value(name) for side in (wanted, was, now)]
        if name in kind.write_only:
            sides[2] = sides[1]
        if name in kind.policies:
            yield from _policies(name, sides)
        else:
            yield from _leaves(kind, name, sides, kind.defaults.get(name, ABSENT))


class _Side:
    """Properties in the form they are compared in."""

    def __init__(self, kind: Kind, properties: Json) -> None:
        self.properties = kind.normalise(properties)

    def value(self, name: str) -> Any:
        return self.properties.get(name, ABSENT)


def _leaves(kind: Kind, path: str, sides: list[Any], default: Any) -> Iterator[Place]:
    trees = [_is_tree(side) for side in sides] if not isinstance(sides[0], PLAIN) else [False, False]
    if (trees[0] or trees[1]) and all(tree or side is ABSENT for tree, side in zip(trees, sides, strict=True)):
        deciding = sides if path in kind.maps else sides[:2]
        keys = {key for side in deciding if side is not ABSENT for key in side}
        for key in sorted(keys):
            below = default.get(key, ABSENT) if isinstance(default, Mapping) else ABSENT
            inner = [ABSENT if side is ABSENT else side.get(key, ABSENT) for side in sides]
            yield from _leaves(kind, f"{path}.{key}", inner, below)
        return
    desired, recorded, live = (default if side is ABSENT else side for side in sides)
    if _touches(path, kind.unordered) and not is_intrinsic(desired):
        desired, recorded, live = as_set(desired), as_set(recorded), as_set(live)
        live = aligned(aligned(live, recorded), desired)
        recorded = aligned(recorded, desired)
    yield Place(path, desired, recorded, restricted(live, [desired, recorded]))


def _policies(name: str, sides: list[Any]) -> Iterator[Place]:
    if is_intrinsic(sides[0]):
        yield Place(name, *sides)
        return
    by_name = [{} if side is ABSENT else documents(side) for side in sides]
    for key in sorted({key for side in by_name for key in side}):
        path = f"{name}.{key}" if key else name
        desired, recorded, live = (side.get(key, ABSENT) for side in by_name)
        yield Place(path, desired, recorded, live, policy=True)


def _origin(place: Place) -> Origin:
    configuration = not place.equal(place.recorded, place.desired)
    outside = not place.equal(place.recorded, place.live)
    if configuration and outside:
        return Origin.BOTH
    return Origin.OUTSIDE if outside else Origin.CONFIGURATION


def _is_tree(value: Any) -> bool:
    if value is ABSENT or isinstance(value, PLAIN):
        return False
    return isinstance(value, MAPPING) and not is_intrinsic(value)


def _touches(path: str, names: Collection[str]) -> bool:
    """One of the names is the path, leads to it, or lies below it."""
    return bool(names) and any(f"{path}.".startswith(f"{name}.") or f"{name}.".startswith(f"{path}.") for name in names)


def conceal(kind: Kind, path: str, value: Any, key: bytes) -> Any:
    """The value, or where the kind calls the path sensitive a keyed digest that stands for it."""
    if value is ABSENT or not _touches(path, kind.sensitive):
        return value
    return "digest:" + hmac.new(key, dumps(value).encode(), hashlib.sha256).hexdigest()[:16]
