"""Which of two resources starts, may use, or needs the other, told from types and properties.

What a resource mentions is looked for only among what it depends on, so that a chance likeness of texts connects
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.engine.canonical import dumps
from deployments.engine.intrinsics import references
from deployments.graphs.model import Edge, EdgeKind

LEAST_NAME = 6
"""Shorter names are found in texts by chance."""


@dataclass(frozen=True, slots=True)
class Wired:
    """What wiring has to know of a resource: `names` are the texts by which others mention it, once it exists."""

    id: str
    type: str
    properties: Mapping[str, Any]
    dependencies: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()


_TRIGGERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "AWS::ApiGateway::Method": (("RestApiId", "ResourceId"), ("Integration",)),
    "AWS::ApiGatewayV2::Integration": ((), ("IntegrationUri",)),
    "AWS::ApiGatewayV2::Route": (("ApiId",), ("Target",)),
    "AWS::Events::Rule": (("EventBusName",), ("Targets",)),
    "AWS::Lambda::EventSourceMapping": (("EventSourceArn",), ("FunctionName",)),
    "AWS::Lambda::Url": ((), ("TargetFunctionArn",)),
    "AWS::S3::Bucket": ((), ("NotificationConfiguration",)),
    "AWS::SNS::Subscription": (("TopicArn",), ("Endpoint",)),
}
"""Of what carries a trigger: the properties that name what starts it, and those that name what it starts."""

_HOLDERS = frozenset({"AWS::IAM::Role", "AWS::IAM::ManagedPolicy"})
"""What may do something, by a policy in its properties."""


def edges_of(resources: Iterable[Wired]) -> Iterator[Edge]:
    """Every edge; the same two resources may have several."""
    known = {resource.id: resource for resource in resources}
    for resource in known.values():
        needed = [known[name] for name in resource.dependencies if name in known]
        for other in needed:
            yield Edge(resource.id, other.id, EdgeKind.DEPENDENCY)
        if not needed:
            continue
        if resource.type in _TRIGGERS:
            sources, targets = _TRIGGERS[resource.type]
            for name in _mentioned(resource, sources, needed):
                yield Edge(name, resource.id, EdgeKind.TRIGGER)
            for name in _mentioned(resource, targets, needed):
                yield Edge(resource.id, name, EdgeKind.TRIGGER)
        if resource.type in _HOLDERS:
            for name in _mentioned(resource, ("Policies", "PolicyDocument"), needed):
                yield Edge(resource.id, name, EdgeKind.PERMISSION)


def _mentioned(resource: Wired, properties: tuple[str, ...], among: list[Wired]) -> list[str]:
    """Which of these the properties name: by a reference, or, once resolved, by ARN, id or name."""
    values = [resource.properties[name] for name in properties if name in resource.properties]
    if not values:
        return []
    referred = references(values)
    text = dumps(values)
    return [
        other.id
        for other in among
        if other.id in referred or any(name in text for name in other.names if len(name) >= LEAST_NAME)
    ]
