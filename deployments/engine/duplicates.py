"""Resources that mean the same, and those that nothing needs; found in one pass, however many there are.

Names, descriptions and tags do not count, nor does the order of what is a set. IAM policies are compared by what
they allow. What a resource has for itself alone (the dead letter queue of a queue) is compared with it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployments.engine.canonical import digest, dumps
from deployments.engine.comparison import as_set
from deployments.engine.intrinsics import references
from deployments.engine.kinds import Kind, Kinds, guards
from deployments.engine.policies import Grant, documents, grants
from deployments.engine.resources import Resource
from deployments.engine.state import StateResource

_SAID = frozenset({"AlarmDescription", "Description", "GroupDescription"})
_WRITES_LOGS = frozenset({"logs:createlogstream", "logs:putlogevents"})
_LOG_GROUP = ":log-group:"
_NOTHING: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Seen:
    """One resource to compare; `dependencies` are logical ids, `aliases` the texts by which others refer to it."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    dependencies: frozenset[str]
    aliases: frozenset[str]

    @classmethod
    def recorded(cls, resource: StateResource) -> Seen:
        """A resource as it is recorded: referred to by its physical id and its attributes."""
        known = {resource.physical_id, *(value for value in resource.attributes.values() if isinstance(value, str))}
        return cls(
            resource.logical_id,
            resource.type,
            resource.properties,
            frozenset(resource.dependencies),
            frozenset(known - {""}),
        )

    @classmethod
    def wanted(cls, resource: Resource) -> Seen:
        """A resource as a blueprint wants it: referred to by its logical id."""
        return cls(
            resource.logical_id,
            resource.type,
            resource.properties,
            references(resource.properties) | frozenset(resource.depends_on),
            frozenset({resource.logical_id}),
        )


@dataclass(frozen=True, slots=True)
class Same:
    """Two or more resources of one type that mean the same.

    `facts` are what was compared and is equal, plain JSON by what it is called; `differing` are properties that are
    not, and need not be for these to be worth a look.
    """

    type: str
    logical_ids: tuple[str, ...]
    facts: Mapping[str, Any]
    differing: tuple[str, ...] = ()


def duplicates(seen: Iterable[Seen], kinds: Kinds, uses: Mapping[str, tuple[str, ...]]) -> tuple[Same, ...]:
    """Resources that mean the same, sorted by type and first logical id; none is in two of them.

    `uses` says by logical id how each declared queue, topic, bucket or bus is used, a sentence each. Only those that
    are used, and in the same way, are compared: what holds or carries something for itself is no duplicate.
    """
    world = _World.of(seen)
    groups: defaultdict[tuple[str, str], list[tuple[Seen, _Meaning]]] = defaultdict(list)
    for each in world.resources.values():
        if (meaning := _meaning(each, kinds, world, uses)) is not None:
            groups[each.type, digest(meaning.must)].append((each, meaning))
    return tuple(
        sorted(
            (_same(group) for group in groups.values() if len(group) > 1),
            key=lambda same: (same.type, same.logical_ids),
        )
    )


def unneeded(seen: Iterable[Seen], among: Iterable[str]) -> tuple[str, ...]:
    """Those of the logical ids that are there and that nothing else depends on, sorted."""
    resources = {each.logical_id: each for each in seen}
    needs = needed(resources)
    return tuple(sorted(name for name in {*among} & resources.keys() if not needs[name]))


def needed(resources: Mapping[str, Seen]) -> Counter[str]:
    """How many others need each, by logical id; what is only attached to a resource (its policy) needs it not."""
    return Counter(
        name
        for each in resources.values()
        for name in each.dependencies
        if name != each.logical_id and not (name in resources and is_attached(each, resources[name]))
    )


def is_attached(part: Seen, whole: Seen) -> bool:
    """The one says something of the other, and goes with it: `AWS::SQS::QueuePolicy` of its `AWS::SQS::Queue`."""
    return whole.logical_id in part.dependencies and guards(part.type, whole.type)


def content(code: Mapping[str, Any]) -> str:
    """What names the content of a package or layer: its SHA-256, which its key in the bucket ends with."""
    return str(code.get("S3Key", dumps(code))).rpartition("/")[2].removesuffix(".zip")


@dataclass(frozen=True, slots=True)
class _World:
    """All resources by logical id, how many others need each, and the names of log groups, sorted."""

    resources: Mapping[str, Seen]
    needs: Mapping[str, int]
    logs: tuple[str, ...]

    @classmethod
    def of(cls, seen: Iterable[Seen]) -> _World:
        resources = {each.logical_id: each for each in sorted(seen, key=lambda each: each.logical_id)}
        names = (
            str(each.properties.get("LogGroupName", ""))
            for each in resources.values()
            if each.type == "AWS::Logs::LogGroup"
        )
        return cls(resources, needed(resources), tuple(sorted(names)))

    def parts_of(self, whole: Seen) -> Iterator[Seen]:
        """Resources of the same type that only this one needs."""
        for name in whole.dependencies:
            part = self.resources.get(name)
            if part is not None and part.type == whole.type and self.needs[name] == 1 and part is not whole:
                yield part

    def writes_own_log(self, grant: Grant) -> bool:
        """The grant only lets its holder write log groups that are here."""
        _, found, name = grant.resource.removesuffix(":*").partition(_LOG_GROUP)
        if not found or grant.effect != "Allow" or grant.action_key not in _WRITES_LOGS:
            return False
        beginning = name.removesuffix("*")
        index = bisect_left(self.logs, beginning)
        nearest = self.logs[index] if beginning and index < len(self.logs) else ""
        return bool(nearest) and (nearest.startswith(beginning) if name.endswith("*") else nearest == name)


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What has to be equal, what else is worth comparing, and what of it is told in other words."""

    must: Mapping[str, Any]
    may: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)


def _meaning(each: Seen, kinds: Kinds, world: _World, uses: Mapping[str, tuple[str, ...]]) -> _Meaning | None:
    kind = kinds.get(each.type, Kind(each.type, each.type))
    properties = _normal(each.properties, kind)
    if each.type in _USED:
        used = uses.get(each.logical_id)
        if not used:
            return None
        own = {alias: part for part in world.parts_of(each) for alias in part.aliases}
        marks = {alias: digest(_normal(part.properties, kind)) for alias, part in own.items()}
        return _Meaning({**_replaced(properties, marks), "used by": list(used)})
    meaning = _MEANINGS.get(each.type)
    return meaning(properties, world) if meaning else None


def _normal(properties: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """The properties in one form, without what a thing is called, what is said of it, and what is so by default."""
    return {
        key: as_set(value) if key in kind.unordered else value
        for key, value in kind.normalise(properties).items()
        if key != kind.name_property and key not in _SAID and value not in (*_NOTHING, kind.defaults.get(key))
    }


def _replaced(value: Any, marks: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _replaced(entry, marks) for key, entry in value.items()}
    if isinstance(value, list):
        return [_replaced(entry, marks) for entry in value]
    return marks.get(value, value) if isinstance(value, str) else value


def _role(properties: Mapping[str, Any], world: _World) -> _Meaning:
    """A role is what may take it on and what it may do; that each writes its own log makes no difference."""
    allowed = {
        grant
        for document in documents(properties.get("Policies")).values()
        for grant in grants(document)
        if not world.writes_own_log(grant)
    }
    trusted = grants(properties.get("AssumeRolePolicyDocument"))
    own = ("AssumeRolePolicyDocument", "Path", "Policies")
    rest = {key: value for key, value in properties.items() if key not in own}
    return _Meaning(
        {"Trust": _keys(trusted), "Permissions": _keys(allowed), **rest},
        told={"Trust": _told(trusted), "Permissions": _told(allowed)},
    )


def _keys(found: Iterable[Grant]) -> list[list[str]]:
    """Each grant as far as it counts; sorted."""
    return sorted([grant.effect, grant.principal, grant.action_key, grant.resource, grant.condition] for grant in found)


def _told(found: Iterable[Grant]) -> list[str]:
    """Grants for people: one line for all actions of one effect on one resource."""
    actions: defaultdict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for grant in sorted(found):
        actions[grant.effect, grant.principal, grant.resource, grant.condition].append(grant.action)
    return [
        " ".join(
            filter(
                None,
                (
                    "" if effect == "Allow" else effect,
                    principal,
                    ", ".join(names),
                    resource and f"on {resource}",
                    condition and f"if {condition}",
                ),
            )
        )
        for (effect, principal, resource, condition), names in sorted(actions.items())
    ]


def _security_group(properties: Mapping[str, Any], world: _World) -> _Meaning:
    def rules(name: str) -> list[Any]:
        bare = [
            {key: value for key, value in rule.items() if key != "Description"} for rule in properties.get(name, ())
        ]
        return [rule for _, rule in sorted({dumps(rule): rule for rule in bare}.items())]

    names = ("SecurityGroupIngress", "SecurityGroupEgress")
    return _Meaning({"VpcId": properties.get("VpcId"), **{name: rules(name) for name in names}})


def _endpoint(properties: Mapping[str, Any], world: _World) -> _Meaning:
    must = ("ServiceName", "VpcEndpointType", "VpcId")
    return _Meaning(
        {key: properties.get(key) for key in must},
        {key: value for key, value in properties.items() if key not in must},
    )


def _layer(properties: Mapping[str, Any], world: _World) -> _Meaning:
    rest = {key: value for key, value in properties.items() if key not in ("Content", "LayerName")}
    return _Meaning({"Content": content(properties["Content"]), **rest})


def _function(properties: Mapping[str, Any], world: _World) -> _Meaning:
    """The same code is worth a look, whatever else differs; values of variables are not told, only whether equal."""
    rest = {key: value for key, value in properties.items() if key not in ("Code", "Role")}
    names = {}
    if variables := rest.pop("Environment", None):
        rest["Environment"] = digest(variables)
        names = {"Environment": sorted(variables.get("Variables", ()))}
    return _Meaning({"Code": content(properties["Code"])}, rest, names)


def _alarm(properties: Mapping[str, Any], world: _World) -> _Meaning:
    return _Meaning(properties)


_MEANINGS: Mapping[str, Callable[[Mapping[str, Any], _World], _Meaning]] = {
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::EC2::SecurityGroup": _security_group,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::IAM::Role": _role,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::LayerVersion": _layer,
}
_USED = frozenset({"AWS::Events::EventBus", "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue"})
"""Types of which two with the same settings are duplicates only if they are used for the same."""


def _same(group: list[tuple[Seen, _Meaning]]) -> Same:
    first = group[0][1]
    names = {name for _, meaning in group for name in meaning.may}
    differing = {name for name in names if len({dumps(meaning.may.get(name)) for _, meaning in group}) > 1}
    equal = {**first.must, **{name: value for name, value in first.may.items() if name not in differing}}
    told = {name: value for name, value in first.told.items() if name in equal}
    return Same(
        group[0][0].type,
        tuple(each.logical_id for each, _ in group),
        {name: value for name, value in {**equal, **told}.items() if value not in _NOTHING},
        tuple(sorted(differing)),
    )
