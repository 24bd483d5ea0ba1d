"""AWS::ApiGateway::Resource: one segment of a REST API's paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.apigateway_part import PERMISSIONS, RestApiPart, made_once
from deployments.aws.calls import Refusal
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target

_PROPERTIES = frozenset({"ParentId", "PathPart", "RestApiId"})


class ApiGatewayResource(RestApiPart):
    """Found again by its parent and path part, which an API has only once."""

    noun = "resource"
    supported = _PROPERTIES
    kind = Kind(
        type="AWS::ApiGateway::Resource",
        label="API path",
        immutable=_PROPERTIES,
        permissions=PERMISSIONS,
    )

    def is_it(self, target: Target, part: Mapping[str, Any]) -> bool:
        there = (part.get("parentId"), part.get("pathPart"))
        return there == (target.properties["ParentId"], target.properties["PathPart"])

    def live(self, part: Mapping[str, Any], properties: Mapping[str, Any]) -> Live:
        live = {
            "ParentId": part.get("parentId"),
            "PathPart": part.get("pathPart"),
            "RestApiId": properties["RestApiId"],
        }
        return Live(part["id"], live, {"ResourceId": part["id"]})

    def make(self, target: Target) -> Made | Refusal:
        wanted = target.properties
        made = made_once(
            self.aws,
            "create_resource",
            restApiId=wanted["RestApiId"],
            parentId=wanted["ParentId"],
            pathPart=wanted["PathPart"],
        )
        return made if isinstance(made, Refusal) else Made(made["id"], {"ResourceId": made["id"]})

    def update(self, target: Target, live: Live) -> Made:
        # Every property is immutable: there is nothing that an update could change.
        return Made(live.physical_id, live.attributes)
