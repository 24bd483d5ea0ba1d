"""What the planner must know of a kind of resource, without knowing any cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Normalise = Callable[[Mapping[str, Any]], Mapping[str, Any]]
SideBySide = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


def unchanged(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """The normal form of a kind that needs none."""
    return properties


def any_differs(*names: str) -> SideBySide:
    """Two can exist at once where one of these properties differs."""
    return lambda before, after: any(before.get(name) != after.get(name) for name in names)


def always(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Two can exist at once whatever their properties are."""
    return True


def guards(type: str, guarded: str) -> bool:
    """Whether resources of the one type say who may use one of the other: an `AWS::SQS::QueuePolicy` guards queues."""
    return type == f"{guarded}Policy"


@dataclass(frozen=True, slots=True)
class Kind:
    """The facts of one CloudFormation type.

    Attributes:
        type: CloudFormation's name, `AWS::SQS::Queue`.
        label: what people call it, `SQS queue`.
        immutable: properties whose change needs a replacement: top-level ones, or dotted paths below one (`A.B`; `*`
            stands for every entry of a list).
        stateful: deleting it destroys data.
        holds: what kind of data that is, for people (`the items`); nothing where nobody knows.
        name_property: the property that carries the deterministic physical name, if it has one.
        policies: properties that hold IAM policy documents (`PolicyDocument`-shaped, or lists of CloudFormation's
            `Policies` entries); they are compared by meaning.
        unordered: properties whose lists are sets (order does not matter).
        defaults: what the cloud reports where a property is left out; such a live value is never drift, and
            taking a property out of the configuration means going back to it.
        write_only: properties the cloud never reads back; they are compared with the recorded value only.
        sensitive: property paths (dotted, `Environment.Variables.TOKEN`) never shown in clear.
        maps: properties (dotted paths) whose keys are people's own, as `Environment.Variables`: a key that somebody
            added outside is a difference there, while elsewhere a key that nobody asked for is the cloud's affair.
        side_by_side: whether the old and the new one of a replacement can exist at once, from the live and the desired
            properties (these may hold intrinsics). Then the new one is made first, whatever uses the old one is moved
            to it, and the old one is deleted last. Where nothing is said: when it has a name and the name differs.
        pictures: types whose resources it keeps as they are at the moment it is made; so what goes of those it knew
            goes before another one is made, and need not wait for the old one.
        normalise: brings properties (desired, recorded or live alike) into the one form they are compared in; a
            desired value may still be an intrinsic.
        fixed_monthly_usd: what it costs each month whether used or not, from its properties; None where the
            cost depends on use alone.
        permissions: IAM actions a deploy role needs for it.
    """

    type: str
    label: str
    immutable: frozenset[str] = frozenset()
    stateful: bool = False
    holds: str = ""
    name_property: str | None = None
    policies: frozenset[str] = frozenset()
    unordered: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    write_only: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    maps: frozenset[str] = frozenset()
    side_by_side: SideBySide | None = None
    pictures: frozenset[str] = frozenset()
    normalise: Normalise = unchanged
    fixed_monthly_usd: Callable[[Mapping[str, Any]], float] | None = None
    permissions: tuple[str, ...] = ()

    def fixes(self, path: str, before: Any, after: Any) -> bool:
        """Whether the change of what is at a dotted path needs a replacement, see `immutable`."""
        return any(
            f"{path}.".startswith(f"{name}.")
            or (
                name.startswith(f"{path}.")
                and _below(before, name[len(path) + 1 :]) != _below(after, name[len(path) + 1 :])
            )
            for name in self.immutable
        )

    def can_coexist(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """See `side_by_side`."""
        if self.side_by_side is not None:
            return self.side_by_side(before, after)
        name = after.get(self.name_property or "")
        return isinstance(name, str) and before.get(self.name_property or "") != name


def _below(value: Any, path: str) -> list[Any]:
    """Everything at a dotted path inside a value."""
    step, _, rest = path.partition(".")
    match value:
        case list() if step == "*":
            inner = list(value)
        case Mapping() if step in value:
            inner = [value[step]]
        case _:
            return []
    return [found for each in inner for found in _below(each, rest)] if rest else inner


Kinds = Mapping[str, Kind]
