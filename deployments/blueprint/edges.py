"""How the resources of a blueprint hang together, for pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from deployments.blueprint.values import Blueprint
from deployments.engine.intrinsics import references
from deployments.engine.resources import Resource


class EdgeKind(StrEnum):
    """What an edge means."""

    DEPENDENCY = "dependency"  # the source cannot exist without the target
    PERMISSION = "permission"  # the source, an agent's function, may use the target
    TRIGGER = "trigger"  # the source starts the target, an agent's function


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """From one logical id to another."""

    source: str
    target: str
    kind: EdgeKind


def edges(blueprint: Blueprint) -> tuple[Edge, ...]:
    """All edges, sorted, each once; references to what is not in the blueprint make none."""
    return tuple(sorted({*_dependencies(blueprint), *_permissions(blueprint), *_triggers(blueprint)}))


def _dependencies(blueprint: Blueprint) -> Iterator[Edge]:
    known = {resource.logical_id for resource in blueprint.resources}
    for resource in blueprint.resources:
        for target in {*references(resource.properties), *resource.depends_on} & known:
            yield Edge(resource.logical_id, target, EdgeKind.DEPENDENCY)


def _permissions(blueprint: Blueprint) -> Iterator[Edge]:
    functions = {
        resource.agent: resource.logical_id
        for resource in blueprint.resources
        if resource.type == "AWS::Lambda::Function"
    }
    for grant in blueprint.grants:
        if function := functions.get(grant.agent):
            yield Edge(function, grant.logical_id, EdgeKind.PERMISSION)


def _triggers(blueprint: Blueprint) -> Iterator[Edge]:
    """Queues and streams by their mapping, topics by their subscription, buckets by what they notify, schedules and
    buses by their rule, secrets by their rotation, APIs by what they call and whom they ask; an alias stands for its
    function."""
    functions = {
        resource.logical_id: references(resource.properties["FunctionName"])
        for resource in blueprint.resources
        if resource.type == "AWS::Lambda::Alias"
    }
    for resource in blueprint.resources:
        starting, started = _ends(resource)
        for source in references(starting):
            for called in references(started):
                for target in functions.get(called, (called,)):
                    yield Edge(source, target, EdgeKind.TRIGGER)


def _ends(resource: Resource) -> tuple[Any, Any]:
    """What starts something, and what it starts; both empty where the resource is no trigger."""
    properties = resource.properties
    match resource.type:
        case "AWS::Lambda::EventSourceMapping":
            return properties["EventSourceArn"], properties["FunctionName"]
        case "AWS::Events::Rule":
            return {"Ref": resource.logical_id}, properties["Targets"]
        case "AWS::S3::Bucket":
            return {"Ref": resource.logical_id}, properties.get("NotificationConfiguration")
        case "AWS::SecretsManager::RotationSchedule":
            return properties["SecretId"], properties["RotationLambdaARN"]
        case "AWS::SNS::Subscription":
            return properties["TopicArn"], properties["Endpoint"]
        case "AWS::ApiGatewayV2::Integration":
            return properties["ApiId"], properties["IntegrationUri"]
        case "AWS::ApiGatewayV2::Authorizer":
            return properties["ApiId"], properties["AuthorizerUri"]
        case "AWS::ApiGateway::Method":
            return properties["RestApiId"], properties["Integration"]
        case "AWS::ApiGateway::Authorizer":
            return properties["RestApiId"], properties["AuthorizerUri"]
        case _:
            return None, None
