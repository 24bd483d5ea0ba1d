"""AWS::ApiGateway::RestApi: a REST API, with nothing in it yet but the root of its paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import tags
from deployments.aws.apigateway_part import ABSENT, PERMISSIONS, replacement, replacements
from deployments.aws.calls import Answer
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_PATHS = {
    "Name": "/name",
    "Description": "/description",
    "DisableExecuteApiEndpoint": "/disableExecuteApiEndpoint",
}
_DEFAULTS: Mapping[str, Any] = {
    "Description": "",
    "DisableExecuteApiEndpoint": False,
    "EndpointConfiguration": {"Types": ["EDGE"]},
}


class ApiGatewayRestApi(AwsProvisioner):
    """Physical id: the API's id; found again by its name and our tags, as names are not unique."""

    service = "apigateway"
    supported = frozenset(_PATHS) | {"EndpointConfiguration"}
    looks_first = True
    kind = Kind(
        type="AWS::ApiGateway::RestApi",
        label="REST API",
        defaults=_DEFAULTS,
        permissions=PERMISSIONS,
    )

    def locate(self, target: Target) -> str | None:
        api = self._named(target)
        return None if api is None else str(api["id"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        api = self.aws.look("apigateway", "get_rest_api", ABSENT, restApiId=physical_id)
        if api is None:
            return None
        live = {
            "Name": api["name"],
            "Description": api.get("description") or "",
            "DisableExecuteApiEndpoint": api.get("disableExecuteApiEndpoint", False),
            "EndpointConfiguration": {"Types": api["endpointConfiguration"]["types"]},
        }
        return Live(physical_id, live, _attributes(api), tags.own(api.get("tags")))

    def make(self, target: Target) -> Made:
        wanted = target.properties
        parameters = {
            name[0].lower() + name[1:]: value
            for name, value in picked(wanted, "Name", "Description", "DisableExecuteApiEndpoint").items()
        }
        if "EndpointConfiguration" in wanted:
            parameters["endpointConfiguration"] = {"types": wanted["EndpointConfiguration"]["Types"]}
        api = self.aws.call(
            "apigateway",
            "create_rest_api",
            recover=lambda: self._named(target),
            tags=dict(target.tags),
            **parameters,
        )
        return Made(api["id"], _attributes(api))

    def update(self, target: Target, live: Live) -> Made:
        changed = self.changed(target, live)
        wanted = {**_DEFAULTS, **target.properties}
        operations = replacements(picked(wanted, *changed), _PATHS)
        if "EndpointConfiguration" in changed:
            (before,) = live.properties["EndpointConfiguration"]["Types"]
            (after,) = wanted["EndpointConfiguration"]["Types"]
            operations.append(replacement(f"/endpointConfiguration/types/{before}", after))
        calls: list[Callable[[], Any]] = []
        if operations:
            api_id = live.physical_id
            calls.append(
                lambda: self.aws.call("apigateway", "update_rest_api", restApiId=api_id, patchOperations=operations)
            )
        arn = f"arn:{self.aws.partition}:apigateway:{self.aws.region}::/restapis/{live.physical_id}"
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("apigateway", "tag_resource", resourceArn=arn, tags=put),
            lambda keys: self.aws.call("apigateway", "untag_resource", resourceArn=arn, tagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("apigateway", "delete_rest_api", ABSENT, restApiId=recorded.physical_id)

    def _named(self, target: Target) -> Answer | None:
        apis = self.aws.pages("apigateway", "get_rest_apis", "items", token=("position", "position"), limit=500)
        return next(
            (
                api
                for api in apis or ()
                if api["name"] == target.properties["Name"] and tags.is_ours(api.get("tags") or {}, target.tags)
            ),
            None,
        )


def _attributes(api: Mapping[str, Any]) -> dict[str, Any]:
    return {"RestApiId": api["id"], "RootResourceId": api["rootResourceId"]}
