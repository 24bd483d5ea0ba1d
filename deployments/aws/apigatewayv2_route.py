"""AWS::ApiGatewayV2::Route: which request of an HTTP API goes to which integration, and who decides whether it may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.apigatewayv2_part import PERMISSIONS, ApiGatewayV2Part, defaults
from deployments.aws.calls import Refusal
from deployments.aws.provisioner import picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Made, Target

_MUTABLE: Mapping[str, Any] = {
    "RouteKey": None,
    "Target": "",
    "AuthorizationType": "NONE",
    "AuthorizerId": "",
    "AuthorizationScopes": [],
    "ApiKeyRequired": False,
    "OperationName": "",
}


class ApiGatewayV2Route(ApiGatewayV2Part):
    """Found again by its key, which an API has only once."""

    noun = "Route"
    mutable = _MUTABLE
    supported = frozenset(_MUTABLE) | {"ApiId"}
    kind = Kind(
        type="AWS::ApiGatewayV2::Route",
        label="API route",
        immutable=frozenset({"ApiId"}),
        unordered=frozenset({"AuthorizationScopes"}),
        defaults=defaults(_MUTABLE),
        permissions=PERMISSIONS,
    )

    def is_it(self, target: Target, part: Mapping[str, Any]) -> bool:
        return bool(part["RouteKey"] == target.properties["RouteKey"])

    def make(self, target: Target) -> Made | Refusal:
        wanted = picked(target.properties, *self.supported)
        made = self.aws.attempt("apigatewayv2", "create_route", ("ConflictException",), **wanted)
        return made if isinstance(made, Refusal) else self._made(made)
