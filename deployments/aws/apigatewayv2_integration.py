"""AWS::ApiGatewayV2::Integration: what an HTTP API calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.apigatewayv2_part import PERMISSIONS, ApiGatewayV2Part, defaults
from deployments.aws.provisioner import picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Target

_MUTABLE: Mapping[str, Any] = {
    "IntegrationType": None,
    "IntegrationUri": None,
    "IntegrationMethod": "POST",
    "PayloadFormatVersion": "1.0",
    "TimeoutInMillis": 30000,
    "ConnectionType": "INTERNET",
    "Description": "",
}


class ApiGatewayV2Integration(ApiGatewayV2Part):
    """Found again by its type and URI."""

    noun = "Integration"
    mutable = _MUTABLE
    supported = frozenset(_MUTABLE) | {"ApiId"}
    looks_first = True
    kind = Kind(
        type="AWS::ApiGatewayV2::Integration",
        label="API integration",
        immutable=frozenset({"ApiId"}),
        defaults=defaults(_MUTABLE),
        permissions=PERMISSIONS,
    )

    def is_it(self, target: Target, part: Mapping[str, Any]) -> bool:
        wanted = picked(target.properties, "IntegrationType", "IntegrationUri")
        return picked(part, *wanted) == wanted
