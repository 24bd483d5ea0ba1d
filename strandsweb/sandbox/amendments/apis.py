"""API Gateway v2: stages change and carry tags, authorizers are listed, nothing is doubled or deleted while in use."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from moto.apigateway import urls as urls_of_both
from moto.apigatewayv2 import urls
from moto.apigatewayv2.exceptions import APIGatewayV2Error, StageNotFound
from moto.apigatewayv2.models import Api, ApiGatewayV2Backend, Stage
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.core.utils import utcnow


class _Conflict(APIGatewayV2Error):
    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ConflictException", message)


def install() -> None:
    _update_stages()
    _tag_stages()
    _list_authorizers()
    _refuse_doubles()
    _delete_only_what_can_be_deleted()


def _update_stages() -> None:
    """moto has no UpdateStage."""
    attributes = {
        "accessLogSettings": "access_log_settings",
        "autoDeploy": "auto_deploy",
        "defaultRouteSettings": "default_route_settings",
        "description": "description",
        "routeSettings": "route_settings",
        "stageVariables": "stage_variables",
    }

    def update_stage(self: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
        parts = self.path.split("/")
        stage: Any = self.apigatewayv2_backend.get_stage(parts[-3], unquote(parts[-1]))
        for key, value in json.loads(self.body).items():
            if key in attributes:
                setattr(stage, attributes[key], value)
        stage.updated = utcnow()
        return 200, {}, json.dumps(stage.to_json())

    ApiGatewayV2Response.update_stage = update_stage  # type: ignore[attr-defined]


def _tag_stages() -> None:
    """moto routes the tag operations of APIs and VPC links only, and keeps a stage's tags in the stage."""
    address = "{0}/v2/tags/(?P<resource_arn_pt1>[^/]+)/apis/(?P<api_id>[^/]+)/stages/(?P<stage_name>[^/]+)$"
    # moto answers for v2 under v1's name too, from a copy of the table.
    urls.url_paths[address] = urls_of_both.url_paths[address] = ApiGatewayV2Response.dispatch
    get, tag, untag = (
        ApiGatewayV2Backend.get_tags,
        ApiGatewayV2Backend.tag_resource,
        ApiGatewayV2Backend.untag_resource,
    )

    def stage_of(backend: ApiGatewayV2Backend, arn: str) -> Stage | None:
        _, found, rest = arn.partition("/apis/")
        api_id, stages, name = rest.partition("/stages/")
        return backend.get_stage(api_id, name) if found and stages else None

    def get_tags(self: ApiGatewayV2Backend, resource_id: str) -> dict[str, str]:
        stage = stage_of(self, resource_id)
        return get(self, resource_id) if stage is None else stage.tags

    def tag_resource(self: ApiGatewayV2Backend, resource_arn: str, tags: dict[str, str]) -> None:
        stage = stage_of(self, resource_arn)
        if stage is None:
            tag(self, resource_arn, tags)
        else:
            stage.tags = stage.tags | tags

    def untag_resource(self: ApiGatewayV2Backend, resource_arn: str, tag_keys: list[str]) -> None:
        stage = stage_of(self, resource_arn)
        if stage is None:
            untag(self, resource_arn, tag_keys)
        else:
            stage.tags = {key: value for key, value in stage.tags.items() if key not in tag_keys}

    ApiGatewayV2Backend.get_tags = get_tags  # type: ignore[method-assign]
    ApiGatewayV2Backend.tag_resource = tag_resource  # type: ignore[method-assign]
    ApiGatewayV2Backend.untag_resource = untag_resource  # type: ignore[method-assign]


def _list_authorizers() -> None:
    """moto has no GetAuthorizers."""

    def get_authorizers(self: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
        authorizers = self.apigatewayv2_backend.get_api(self.path.split("/")[-2]).authorizers
        return 200, {}, json.dumps({"items": [authorizer.to_json() for authorizer in authorizers.values()]})

    ApiGatewayV2Response.get_authorizers = get_authorizers  # type: ignore[attr-defined]


def _refuse_doubles() -> None:
    create_route, create_stage, create_authorizer = Api.create_route, Api.create_stage, Api.create_authorizer

    def amended_route(self: Api, *args: Any, **kwargs: Any) -> Any:
        key = kwargs["route_key"]
        if any(route.route_key == key for route in self.routes.values()):
            raise _Conflict(f"Route with key {key} already exists for this API")
        if kwargs.get("authorizer_id"):
            self.get_authorizer(kwargs["authorizer_id"])
        return create_route(self, *args, **kwargs)

    def amended_stage(self: Api, config: dict[str, Any]) -> Stage:
        if config["stageName"] in self.stages:
            raise _Conflict("Stage already exists")
        return create_stage(self, config)

    def amended_authorizer(self: Api, *args: Any, **kwargs: Any) -> Any:
        if any(authorizer.name == kwargs["name"] for authorizer in self.authorizers.values()):
            raise _Conflict(f"Authorizer {kwargs['name']} already exists for this API")
        return create_authorizer(self, *args, **kwargs)

    Api.create_route = amended_route  # type: ignore[method-assign]
    Api.create_stage = amended_stage  # type: ignore[method-assign]
    Api.create_authorizer = amended_authorizer  # type: ignore[method-assign]


def _delete_only_what_can_be_deleted() -> None:
    delete_api, delete_route = ApiGatewayV2Backend.delete_api, Api.delete_route
    delete_stage, delete_integration = Api.delete_stage, Api.delete_integration
    delete_authorizer = Api.delete_authorizer

    def amended_api(self: ApiGatewayV2Backend, api_id: str) -> None:
        self.get_api(api_id)
        delete_api(self, api_id)

    def amended_route(self: Api, route_id: str) -> None:
        self.get_route(route_id)
        delete_route(self, route_id)

    def amended_stage(self: Api, stage_name: str) -> None:
        if stage_name not in self.stages:
            raise StageNotFound
        delete_stage(self, stage_name)

    def amended_integration(self: Api, integration_id: str) -> None:
        self.get_integration(integration_id)
        users = [route.route_key for route in self.routes.values() if route.target == f"integrations/{integration_id}"]
        if users:
            raise _Conflict(
                f"Cannot delete Integration '{integration_id}' because it is referenced by Route '{users[0]}'."
            )
        delete_integration(self, integration_id)

    def amended_authorizer(self: Api, authorizer_id: str) -> None:
        self.get_authorizer(authorizer_id)
        users = [route.route_key for route in self.routes.values() if route.authorizer_id == authorizer_id]
        if users:
            raise _Conflict(
                f"Cannot delete Authorizer '{authorizer_id}' because it is referenced by Route '{users[0]}'."
            )
        delete_authorizer(self, authorizer_id)

    Api.delete_authorizer = amended_authorizer  # type: ignore[method-assign]
    ApiGatewayV2Backend.delete_api = amended_api  # type: ignore[method-assign]
    Api.delete_route = amended_route  # type: ignore[method-assign]
    Api.delete_stage = amended_stage  # type: ignore[method-assign]
    Api.delete_integration = amended_integration  # type: ignore[method-assign]
