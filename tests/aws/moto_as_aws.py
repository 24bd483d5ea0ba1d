"""Where moto is laxer than AWS, or lacks a call, in ways that provisioners count on: moto's classes brought nearer."""

from __future__ import annotations

import functools
import json
from typing import Any
from urllib.parse import unquote

from moto.apigatewayv2.exceptions import APIGatewayV2Error
from moto.apigatewayv2.models import Api, ApiGatewayV2Backend, Stage
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend
from moto.awslambda.policy import Policy
from moto.dynamodb.models import DynamoDBBackend
from moto.events.responses import EventsHandler


class _RouteExists(APIGatewayV2Error):
    code = 409

    def __init__(self, what: str) -> None:
        super().__init__("ConflictException", f"{what} already exists")


class _Conflict(LambdaClientError):
    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


@functools.cache
def install() -> None:
    """Changes moto's classes, once per process."""
    _refuse_second_routes_and_stages()
    _refuse_second_statements()
    _refuse_second_mappings()
    _update_stages()
    _tag_stages()
    _update_event_buses()
    _replace_table_tags()


def _refuse_second_routes_and_stages() -> None:
    create_route, create_stage = Api.create_route, Api.create_stage

    def strict_route(self: Api, *args: Any, **kwargs: Any) -> Any:
        if any(route.route_key == kwargs["route_key"] for route in self.routes.values()):
            raise _RouteExists(f"Route with key {kwargs['route_key']}")
        return create_route(self, *args, **kwargs)

    def strict_stage(self: Api, config: dict[str, Any]) -> Stage:
        if config["stageName"] in self.stages:
            raise _RouteExists("Stage")
        return create_stage(self, config)

    Api.create_route = strict_route  # type: ignore[method-assign]
    Api.create_stage = strict_stage  # type: ignore[method-assign]


def _refuse_second_statements() -> None:
    add_statement = Policy.add_statement

    def strict(self: Policy, raw: str, qualifier: str | None = None) -> tuple[Any, str]:
        sid = json.loads(raw)["StatementId"]
        if any(statement.get("Sid") == sid for statement in self.statements):
            raise _Conflict(f"The statement id ({sid}) provided already exists.")
        return add_statement(self, raw, qualifier)

    Policy.add_statement = strict  # type: ignore[method-assign]


def _refuse_second_mappings() -> None:
    create = LambdaBackend.create_event_source_mapping

    def strict(self: LambdaBackend, spec: dict[str, Any]) -> Any:
        name = spec["FunctionName"].rpartition(":")[2]
        for mapping in self._event_source_mappings.values():
            if mapping.event_source_arn == spec["EventSourceArn"] and mapping.function_arn.endswith(f":{name}"):
                raise _Conflict(f"The event source arn and function provided mapped already exists: {mapping.uuid}")
        return create(self, spec)

    LambdaBackend.create_event_source_mapping = strict  # type: ignore[method-assign]


def _update_stages() -> None:
    def update_stage(self: ApiGatewayV2Response) -> tuple[int, dict[str, Any], str]:
        api_id, name = self.path.split("/")[-3], unquote(self.path.split("/")[-1])
        stage = self.apigatewayv2_backend.get_stage(api_id, name)
        stage.config = {**stage.config, **json.loads(self.body)}
        tags = stage.tags
        stage.__init__(self.apigatewayv2_backend.get_api(api_id), stage.config)  # type: ignore[misc]
        stage.tags = tags
        return 200, {}, json.dumps(stage.to_json())

    ApiGatewayV2Response.update_stage = update_stage  # type: ignore[attr-defined]


def _tag_stages() -> None:
    tag, untag = ApiGatewayV2Backend.tag_resource, ApiGatewayV2Backend.untag_resource

    def stage_of(self: ApiGatewayV2Backend, arn: str) -> Stage | None:
        _, _, path = arn.partition("/apis/")
        api_id, _, name = path.partition("/stages/")
        return self.get_stage(api_id, name) if name else None

    def tag_resource(self: ApiGatewayV2Backend, resource_arn: str, tags: dict[str, str]) -> None:
        stage = stage_of(self, unquote(resource_arn))
        if stage is None:
            tag(self, resource_arn, tags)
        else:
            stage.tags = {**stage.tags, **tags}

    def untag_resource(self: ApiGatewayV2Backend, resource_arn: str, tag_keys: list[str]) -> None:
        stage = stage_of(self, unquote(resource_arn))
        if stage is None:
            untag(self, resource_arn, tag_keys)
        else:
            stage.tags = {key: value for key, value in stage.tags.items() if key not in tag_keys}

    ApiGatewayV2Backend.tag_resource = tag_resource  # type: ignore[method-assign]
    ApiGatewayV2Backend.untag_resource = untag_resource  # type: ignore[method-assign]


def _update_event_buses() -> None:
    def update_event_bus(self: EventsHandler) -> tuple[str, dict[str, Any]]:
        bus = self.events_backend.describe_event_bus(self._get_param("Name"))
        bus.description = self._get_param("Description")
        bus.kms_key_identifier = self._get_param("KmsKeyIdentifier")
        bus.dead_letter_config = self._get_param("DeadLetterConfig")
        return json.dumps({"Name": bus.name, "Arn": bus.arn}), self.response_headers

    EventsHandler.update_event_bus = update_event_bus  # type: ignore[attr-defined]


def _replace_table_tags() -> None:
    """moto appends a tag of the same key, and then pages through the list for ever."""
    tag_resource = DynamoDBBackend.tag_resource

    def replace(self: DynamoDBBackend, arn: str, tags: dict[str, str]) -> None:
        self.untag_resource(arn, list(tags))
        tag_resource(self, arn, tags)

    DynamoDBBackend.tag_resource = replace  # type: ignore[method-assign]
