"""REST and HTTP APIs and their parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.apigateway.models import apigateway_backends
from moto.apigatewayv2.models import apigatewayv2_backends

from strandsweb.sandbox.inventory.kinds import Kinds


def _parts(name: str) -> Callable[[Any], list[str]]:
    return lambda b: [f"{key}/{part}" for key, api in b.apis.items() for part in getattr(api, name)]


KINDS: Kinds = {
    "AWS::ApiGateway::Account": (
        apigateway_backends,
        lambda b: [b.account_id] if b.account.cloudwatch_role_arn else [],
    ),
    "AWS::ApiGateway::Authorizer": (apigateway_backends, _parts("authorizers")),
    "AWS::ApiGateway::Deployment": (apigateway_backends, _parts("deployments")),
    "AWS::ApiGateway::Method": (
        apigateway_backends,
        lambda b: [
            f"{key}|{resource}|{method}"
            for key, api in b.apis.items()
            for resource, entry in api.resources.items()
            for method in entry.resource_methods
        ],
    ),
    "AWS::ApiGateway::Resource": (
        apigateway_backends,
        lambda b: [
            f"{key}/{part}" for key, api in b.apis.items() for part, entry in api.resources.items() if entry.parent_id
        ],
    ),
    "AWS::ApiGateway::RestApi": (apigateway_backends, lambda b: b.apis),
    "AWS::ApiGateway::Stage": (apigateway_backends, _parts("stages")),
    "AWS::ApiGatewayV2::Api": (apigatewayv2_backends, lambda b: b.apis),
    "AWS::ApiGatewayV2::Authorizer": (apigatewayv2_backends, _parts("authorizers")),
    "AWS::ApiGatewayV2::Integration": (apigatewayv2_backends, _parts("integrations")),
    "AWS::ApiGatewayV2::Route": (apigatewayv2_backends, _parts("routes")),
    "AWS::ApiGatewayV2::Stage": (apigatewayv2_backends, _parts("stages")),
}
