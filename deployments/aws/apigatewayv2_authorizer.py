"""AWS::ApiGatewayV2::Authorizer: the function that an HTTP API asks whether a request may pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.apigatewayv2_part import PERMISSIONS, ApiGatewayV2Part, defaults
from deployments.engine.kinds import Kind
from deployments.engine.ports import Target

_MUTABLE: Mapping[str, Any] = {
    "Name": None,
    "AuthorizerType": None,
    "AuthorizerUri": None,
    "AuthorizerPayloadFormatVersion": None,
    "EnableSimpleResponses": False,
    "IdentitySource": [],
    "AuthorizerResultTtlInSeconds": 0,
}


class ApiGatewayV2Authorizer(ApiGatewayV2Part):
    """Found again by its name."""

    noun = "Authorizer"
    mutable = _MUTABLE
    supported = frozenset(_MUTABLE) | {"ApiId"}
    looks_first = True
    kind = Kind(
        type="AWS::ApiGatewayV2::Authorizer",
        label="API authorizer",
        immutable=frozenset({"ApiId"}),
        unordered=frozenset({"IdentitySource"}),
        defaults=defaults(_MUTABLE),
        permissions=PERMISSIONS,
    )

    def is_it(self, target: Target, part: Mapping[str, Any]) -> bool:
        return bool(part["Name"] == target.properties["Name"])
