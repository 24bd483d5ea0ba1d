"""AWS::ApiGateway::Method: what happens on one path of a REST API when it is called with one HTTP method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deployments.aws.apigateway_part import ABSENT, PERMISSIONS, made_once, parts_of, replacements
from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_KEY = ("RestApiId", "ResourceId", "HttpMethod")
_PATHS = {
    "AuthorizationType": "/authorizationType",
    "AuthorizerId": "/authorizerId",
    "ApiKeyRequired": "/apiKeyRequired",
}
_DEFAULTS: Mapping[str, Any] = {"AuthorizationType": "NONE", "AuthorizerId": "", "ApiKeyRequired": False}
# CloudFormation's names and API Gateway's.
_INTEGRATION = {
    "Type": "type",
    "IntegrationHttpMethod": "httpMethod",
    "Uri": "uri",
    "PassthroughBehavior": "passthroughBehavior",
    "RequestTemplates": "requestTemplates",
    "TimeoutInMillis": "timeoutInMillis",
}
_INTEGRATION_RESPONSE = {
    "StatusCode": "statusCode",
    "ResponseParameters": "responseParameters",
    "ResponseTemplates": "responseTemplates",
    "SelectionPattern": "selectionPattern",
}
_METHOD_RESPONSE = {
    "StatusCode": "statusCode",
    "ResponseParameters": "responseParameters",
    "ResponseModels": "responseModels",
}
# Where nobody asks: https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html
_NOISE: Mapping[str, Any] = {"PassthroughBehavior": "WHEN_NO_MATCH", "TimeoutInMillis": 29_000}


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    normal = dict(properties)
    integration = normal.get("Integration")
    if isinstance(integration, Mapping):
        filled = {name: value for name, value in integration.items() if value not in (None, {}, [])}
        if "IntegrationResponses" in filled:
            filled["IntegrationResponses"] = _responses(filled["IntegrationResponses"])
        normal["Integration"] = {**_NOISE, **filled}
    if "MethodResponses" in normal:
        normal["MethodResponses"] = _responses(normal["MethodResponses"])
    return normal


def _responses(entries: Any) -> Any:
    """Answers in the order of their codes, without what is empty."""
    if not isinstance(entries, list):
        return entries
    filled = [{name: value for name, value in entry.items() if value not in (None, "", {})} for entry in entries]
    return sorted(filled, key=lambda entry: str(entry.get("StatusCode")))


class ApiGatewayMethod(AwsProvisioner):
    """Physical id: API, path and method as Cloud Control joins them; every part of it is in the properties."""

    service = "apigateway"
    taggable = False
    at_once = 500
    supported = frozenset(_KEY) | frozenset(_PATHS) | {"Integration", "MethodResponses"}
    kind = Kind(
        type="AWS::ApiGateway::Method",
        label="API method",
        immutable=frozenset(_KEY),
        defaults={**_DEFAULTS, "MethodResponses": []},
        normalise=_normalise,
        permissions=PERMISSIONS,
    )

    def locate(self, target: Target) -> str:
        return "|".join(target.properties[name] for name in _KEY)

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        method = self.aws.look("apigateway", "get_method", ABSENT, **_address(properties))
        return None if method is None else self._live(method, physical_id, properties)

    def listed_in(self, recorded: StateResource) -> str:
        return str(recorded.properties["RestApiId"])

    def described(self, resources: Sequence[StateResource]) -> Mapping[str, Live]:
        if len(resources) == 1:
            return super().described(resources)
        paths = parts_of(self.aws, "resources", self.listed_in(resources[0]), embed=["methods"])
        there = {path["id"]: path.get("resourceMethods") or {} for path in paths}
        found: dict[str, Live] = {}
        for entry in resources:
            method = there.get(entry.properties["ResourceId"], {}).get(entry.properties["HttpMethod"])
            if method:
                found[entry.logical_id] = self._live(method, entry.physical_id, entry.properties)
        return found

    @staticmethod
    def _live(method: Mapping[str, Any], physical_id: str, properties: Mapping[str, Any]) -> Live:
        live = {
            **picked(properties, *_KEY),
            "AuthorizationType": method.get("authorizationType") or "NONE",
            "AuthorizerId": method.get("authorizerId") or "",
            "ApiKeyRequired": method.get("apiKeyRequired", False),
            "MethodResponses": _read(method.get("methodResponses"), _METHOD_RESPONSE),
        }
        if integration := method.get("methodIntegration"):
            live["Integration"] = _named(integration, _INTEGRATION)
            if responses := _read(integration.get("integrationResponses"), _INTEGRATION_RESPONSE):
                live["Integration"]["IntegrationResponses"] = responses
        return Live(physical_id, live)

    def make(self, target: Target) -> Made | Refusal:
        wanted = target.properties
        parameters = {path[1:]: wanted[name] for name, path in _PATHS.items() if name in wanted}
        parameters.setdefault("authorizationType", "NONE")
        made = made_once(self.aws, "put_method", **_address(wanted), **parameters)
        if isinstance(made, Refusal):
            return made
        for response in wanted.get("MethodResponses", ()):
            self._put_method_response(wanted, response)
        if "Integration" in wanted:
            self._put_integration(wanted)
        return Made(self.locate(target))

    def update(self, target: Target, live: Live) -> Made:
        wanted, where = target.properties, _address(target.properties)
        changed = self.changed(target, live)
        if operations := replacements(picked({**_DEFAULTS, **wanted}, *changed), _PATHS):
            self.aws.call("apigateway", "update_method", **where, patchOperations=operations)
        if "MethodResponses" in changed:
            for response in live.properties.get("MethodResponses", ()):
                self.aws.look(
                    "apigateway", "delete_method_response", ABSENT, **where, statusCode=response["StatusCode"]
                )
            for response in wanted.get("MethodResponses", ()):
                self._put_method_response(wanted, response)
        if "Integration" in changed and "Integration" not in wanted:
            self.aws.look("apigateway", "delete_integration", ABSENT, **where)
        elif "Integration" in changed:
            self._put_integration(wanted)
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("apigateway", "delete_method", ABSENT, **_address(recorded.properties))

    def _put_method_response(self, wanted: Mapping[str, Any], response: Mapping[str, Any]) -> None:
        made_once(self.aws, "put_method_response", **_address(wanted), **_given(response, _METHOD_RESPONSE))

    def _put_integration(self, wanted: Mapping[str, Any]) -> None:
        """Puts the whole of it: what was there before, with its responses, is gone."""
        where, integration = _address(wanted), wanted["Integration"]
        given = _given(integration, _INTEGRATION)
        if "httpMethod" in given:
            given["integrationHttpMethod"] = given.pop("httpMethod")
        self.aws.call("apigateway", "put_integration", **where, **given)
        for response in integration.get("IntegrationResponses", ()):
            self.aws.call("apigateway", "put_integration_response", **where, **_given(response, _INTEGRATION_RESPONSE))


def _address(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name[0].lower() + name[1:]: properties[name] for name in _KEY}


def _given(properties: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {key: properties[name] for name, key in names.items() if name in properties}


def _named(answer: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {name: answer[key] for name, key in names.items() if answer.get(key) not in (None, {})}


def _read(answers: Mapping[str, Mapping[str, Any]] | None, names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [_named(answer, names) for _, answer in sorted((answers or {}).items())]
