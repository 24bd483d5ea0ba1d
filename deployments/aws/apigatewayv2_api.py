"""AWS::ApiGatewayV2::Api: an HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Answer
from deployments.aws.provisioner import AwsProvisioner, in_order, picked
from deployments.engine.kinds import Kind, always
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("NotFoundException",)
_MUTABLE: Mapping[str, Any] = {
    "Name": None,
    "Description": "",
    "CorsConfiguration": None,
    "DisableExecuteApiEndpoint": False,
    "RouteSelectionExpression": "$request.method $request.path",
}


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    normal = dict(properties)
    cors = normal.get("CorsConfiguration")
    if isinstance(cors, Mapping):
        # Header names are reported in lower case; empty lists, false and zero are reported where nothing was said.
        normal["CorsConfiguration"] = {
            name: in_order([entry.lower() for entry in value]) if name.endswith("Headers") else in_order(value)
            for name, value in cors.items()
            if value
        }
    return normal


class ApiGatewayV2Api(AwsProvisioner):
    """Physical id: the API's id; found again by its name and our tags, as names are not unique."""

    service = "apigatewayv2"
    supported = frozenset(_MUTABLE) | {"ProtocolType"}
    looks_first = True
    kind = Kind(
        type="AWS::ApiGatewayV2::Api",
        label="HTTP API",
        immutable=frozenset({"ProtocolType"}),
        side_by_side=always,
        defaults={name: value for name, value in _MUTABLE.items() if value is not None},
        normalise=_normalise,
        permissions=("apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"),
    )

    def locate(self, target: Target) -> str | None:
        api = self._named(target)
        return None if api is None else str(api["ApiId"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        api = self.aws.look("apigatewayv2", "get_api", _ABSENT, ApiId=physical_id)
        if api is None:
            return None
        live = {**self.kind.defaults, **picked(api, *_MUTABLE, "ProtocolType")}
        return Live(physical_id, live, _attributes(api), tags.own(api.get("Tags")))

    def make(self, target: Target) -> Made:
        api = self.aws.call(
            "apigatewayv2",
            "create_api",
            recover=lambda: self._named(target),
            Tags=dict(target.tags),
            **picked(target.properties, *self.supported),
        )
        return Made(api["ApiId"], _attributes(api))

    def update(self, target: Target, live: Live) -> Made:
        api_id, changed = live.physical_id, self.changed(target, live)
        parameters = {
            name: target.properties.get(name, fallback) for name, fallback in _MUTABLE.items() if name in changed
        }
        calls: list[Callable[[], Any]] = []
        if "CorsConfiguration" in parameters and parameters["CorsConfiguration"] is None:
            del parameters["CorsConfiguration"]
            calls.append(lambda: self.aws.call("apigatewayv2", "delete_cors_configuration", ApiId=api_id))
        if parameters:
            calls.append(lambda: self.aws.call("apigatewayv2", "update_api", ApiId=api_id, **parameters))
        arn = f"arn:{self.aws.partition}:apigateway:{self.aws.region}::/apis/{api_id}"
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("apigatewayv2", "tag_resource", ResourceArn=arn, Tags=put),
            lambda keys: self.aws.call("apigatewayv2", "untag_resource", ResourceArn=arn, TagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(api_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("apigatewayv2", "delete_api", _ABSENT, ApiId=recorded.physical_id)

    def _named(self, target: Target) -> Answer | None:
        apis = self.aws.pages("apigatewayv2", "get_apis", "Items", MaxResults="500") or []
        return next(
            (
                api
                for api in apis
                if api["Name"] == target.properties["Name"]
                and tags.is_ours(api.get("Tags", {}), target.tags)
                and api["ApiId"] not in target.besides
            ),
            None,
        )


def _attributes(api: Mapping[str, Any]) -> dict[str, Any]:
    return {"ApiId": api["ApiId"], "ApiEndpoint": api["ApiEndpoint"]}
