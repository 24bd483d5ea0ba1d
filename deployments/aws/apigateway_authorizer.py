"""AWS::ApiGateway::Authorizer: the function that a REST API asks whether a request may pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.apigateway_part import PERMISSIONS, RestApiPart, replacements
from deployments.aws.provisioner import picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target

_NAMES = {
    "Name": "name",
    "Type": "type",
    "AuthorizerUri": "authorizerUri",
    "IdentitySource": "identitySource",
    "AuthorizerResultTtlInSeconds": "authorizerResultTtlInSeconds",
}
_DEFAULTS: Mapping[str, Any] = {"AuthorizerResultTtlInSeconds": 300, "IdentitySource": ""}


class ApiGatewayAuthorizer(RestApiPart):
    """Found again by its name, which an API has only once."""

    noun = "authorizer"
    supported = frozenset(_NAMES) | {"RestApiId"}
    looks_first = True
    kind = Kind(
        type="AWS::ApiGateway::Authorizer",
        label="API authorizer",
        immutable=frozenset({"RestApiId"}),
        defaults=_DEFAULTS,
        permissions=PERMISSIONS,
    )

    def is_it(self, target: Target, part: Mapping[str, Any]) -> bool:
        return bool(part["name"] == target.properties["Name"])

    def live(self, part: Mapping[str, Any], properties: Mapping[str, Any]) -> Live:
        live = {name: part[key] for name, key in _NAMES.items() if key in part}
        live["RestApiId"] = properties["RestApiId"]
        return Live(part["id"], {**_DEFAULTS, **live}, {"AuthorizerId": part["id"]})

    def make(self, target: Target) -> Made:
        wanted = target.properties
        made = self.aws.call(
            "apigateway",
            "create_authorizer",
            recover=lambda: self.there(target),
            restApiId=wanted["RestApiId"],
            **{key: wanted[name] for name, key in _NAMES.items() if name in wanted},
        )
        return Made(made["id"], {"AuthorizerId": made["id"]})

    def update(self, target: Target, live: Live) -> Made:
        changed = picked({**_DEFAULTS, **target.properties}, *self.changed(target, live))
        if operations := replacements(changed, {name: f"/{key}" for name, key in _NAMES.items()}):
            where = self.address(target.properties["RestApiId"], live.physical_id)
            self.aws.call("apigateway", "update_authorizer", **where, patchOperations=operations)
        return Made(live.physical_id, live.attributes)
