"""AWS::ApiGateway::Deployment: a REST API's methods as they were at one moment, for a stage to serve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.apigateway_part import PERMISSIONS, RestApiPart
from deployments.engine.kinds import Kind, always
from deployments.engine.ports import Live, Made, Target

_PROPERTIES = frozenset({"Description", "RestApiId"})


class ApiGatewayDeployment(RestApiPart):
    """Found again by its description, which must say what is in it: what is deployed never changes."""

    noun = "deployment"
    supported = _PROPERTIES
    looks_first = True
    kind = Kind(
        type="AWS::ApiGateway::Deployment",
        label="API deployment",
        immutable=_PROPERTIES,
        side_by_side=always,  # a stage serves the old one until it is given the new one
        pictures=frozenset({"AWS::ApiGateway::Method"}),
        permissions=PERMISSIONS,
    )

    def is_it(self, target: Target, part: Mapping[str, Any]) -> bool:
        return bool(part.get("description", "") == target.properties["Description"])

    def live(self, part: Mapping[str, Any], properties: Mapping[str, Any]) -> Live:
        live = {"Description": part.get("description", ""), "RestApiId": properties["RestApiId"]}
        return Live(part["id"], live, {"DeploymentId": part["id"]})

    def make(self, target: Target) -> Made:
        made = self.aws.call(
            "apigateway",
            "create_deployment",
            recover=lambda: self.there(target),
            restApiId=target.properties["RestApiId"],
            description=target.properties["Description"],
        )
        return Made(made["id"], {"DeploymentId": made["id"]})

    def update(self, target: Target, live: Live) -> Made:
        # Every property is immutable: there is nothing that an update could change.
        return Made(live.physical_id, live.attributes)
