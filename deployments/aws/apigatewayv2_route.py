"""AWS::ApiGatewayV2::Route: which request of an HTTP API goes to which integration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("NotFoundException",)
_MUTABLE: Mapping[str, Any] = {
    "RouteKey": None,
    "Target": "",
    "AuthorizationType": "NONE",
    "AuthorizerId": "",
    "AuthorizationScopes": [],
    "ApiKeyRequired": False,
    "OperationName": "",
}


class ApiGatewayV2Route(AwsProvisioner):
    """Physical id: the route's id; found again by its key, which an API has only once."""

    service = "apigatewayv2"
    supported = frozenset(_MUTABLE) | {"ApiId"}
    taggable = False
    kind = Kind(
        type="AWS::ApiGatewayV2::Route",
        label="API route",
        immutable=frozenset({"ApiId"}),
        unordered=frozenset({"AuthorizationScopes"}),
        defaults={name: value for name, value in _MUTABLE.items() if value is not None},
        permissions=("apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST"),
    )

    def locate(self, target: Target) -> str | None:
        routes = self.aws.pages(
            "apigatewayv2",
            "get_routes",
            "Items",
            absent=_ABSENT,
            ApiId=target.properties["ApiId"],
            MaxResults="500",
        )
        key = target.properties["RouteKey"]
        return next((route["RouteId"] for route in routes or () if route["RouteKey"] == key), None)

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        api_id = properties["ApiId"]
        route = self.aws.look("apigatewayv2", "get_route", _ABSENT, ApiId=api_id, RouteId=physical_id)
        if route is None:
            return None
        live = {**self.kind.defaults, **picked(route, *_MUTABLE), "ApiId": api_id}
        return Live(physical_id, live, {"RouteId": physical_id})

    def make(self, target: Target) -> Made | Refusal:
        made = self.aws.attempt(
            "apigatewayv2", "create_route", ("ConflictException",), **picked(target.properties, *self.supported)
        )
        return made if isinstance(made, Refusal) else Made(made["RouteId"], {"RouteId": made["RouteId"]})

    def update(self, target: Target, live: Live) -> Made:
        changed = self.changed(target, live)
        parameters = {
            name: target.properties.get(name, fallback) for name, fallback in _MUTABLE.items() if name in changed
        }
        if parameters:
            self.aws.call(
                "apigatewayv2",
                "update_route",
                ApiId=target.properties["ApiId"],
                RouteId=live.physical_id,
                **parameters,
            )
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look(
            "apigatewayv2",
            "delete_route",
            _ABSENT,
            ApiId=recorded.properties["ApiId"],
            RouteId=recorded.physical_id,
        )
