"""AWS::ApiGatewayV2::Integration: what an HTTP API calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Answer
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("NotFoundException",)
_MUTABLE: Mapping[str, Any] = {
    "IntegrationType": None,
    "IntegrationUri": None,
    "IntegrationMethod": "POST",
    "PayloadFormatVersion": "1.0",
    "TimeoutInMillis": 30000,
    "ConnectionType": "INTERNET",
    "Description": "",
}


class ApiGatewayV2Integration(AwsProvisioner):
    """Physical id: the integration's id; found again by its API, type and URI."""

    service = "apigatewayv2"
    supported = frozenset(_MUTABLE) | {"ApiId"}
    taggable = False
    looks_first = True
    kind = Kind(
        type="AWS::ApiGatewayV2::Integration",
        label="API integration",
        immutable=frozenset({"ApiId"}),
        defaults={name: value for name, value in _MUTABLE.items() if value is not None},
        permissions=("apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST"),
    )

    def locate(self, target: Target) -> str | None:
        integration = self._like(target)
        return None if integration is None else str(integration["IntegrationId"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        api_id = properties["ApiId"]
        found = self.aws.look("apigatewayv2", "get_integration", _ABSENT, ApiId=api_id, IntegrationId=physical_id)
        if found is None:
            return None
        live = {**self.kind.defaults, **picked(found, *_MUTABLE), "ApiId": api_id}
        return Live(physical_id, live, {"IntegrationId": physical_id})

    def make(self, target: Target) -> Made:
        made = self.aws.call(
            "apigatewayv2",
            "create_integration",
            recover=lambda: self._like(target),
            **picked(target.properties, *self.supported),
        )
        return Made(made["IntegrationId"], {"IntegrationId": made["IntegrationId"]})

    def update(self, target: Target, live: Live) -> Made:
        changed = self.changed(target, live)
        parameters = {
            name: target.properties.get(name, fallback) for name, fallback in _MUTABLE.items() if name in changed
        }
        if parameters:
            self.aws.call(
                "apigatewayv2",
                "update_integration",
                ApiId=target.properties["ApiId"],
                IntegrationId=live.physical_id,
                **parameters,
            )
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look(
            "apigatewayv2",
            "delete_integration",
            _ABSENT,
            ApiId=recorded.properties["ApiId"],
            IntegrationId=recorded.physical_id,
        )

    def _like(self, target: Target) -> Answer | None:
        wanted = picked(target.properties, "IntegrationType", "IntegrationUri")
        there = self.aws.pages(
            "apigatewayv2",
            "get_integrations",
            "Items",
            absent=_ABSENT,
            ApiId=target.properties["ApiId"],
            MaxResults="500",
        )
        return next((entry for entry in there or () if picked(entry, *wanted) == wanted), None)
