"""API Gateway v1: nothing is doubled or deleted while in use, deployments keep what they deployed, patches do all."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from moto.apigateway import urls
from moto.apigateway.exceptions import BadRequestException, ConflictException, NotFoundException
from moto.apigateway.models import Account, APIGatewayBackend, Deployment, Resource, RestAPI, Stage
from moto.apigateway.responses import APIGatewayResponse
from moto.iam.models import iam_backends

BOOLEANS = ("/apiKeyRequired", "/disableExecuteApiEndpoint")
METHOD_ATTRIBUTES = {
    "/authorizationType": "authorization_type",
    "/authorizerId": "authorizer_id",
    "/apiKeyRequired": "api_key_required",
    "/operationName": "operation_name",
}


def install() -> None:
    _tag_apis()
    _patch_everything()
    _refuse_doubles()
    _keep_what_is_deployed()
    _delete_only_what_can_be_deleted()
    _log_with_a_role()


def _tag_apis() -> None:
    """moto knows the tags of stages only."""
    address = "{0}/tags/arn:(?P<partition>[^/]+):apigateway:(?P<region_name>[^/]+)::/restapis/(?P<api_id>[^/]+)$"
    urls.url_paths[address] = APIGatewayResponse.dispatch

    def tagged(response: APIGatewayResponse) -> Any:
        """The API or stage a tag operation is about, whose `tags` are a dictionary from now on."""
        parts = unquote(response.path.split("/tags/")[1]).split("/")
        api: Any = response.backend.get_rest_api(parts[2])
        whole: Any = response.backend.get_stage(parts[2], parts[4]) if len(parts) > 4 else api
        whole.tags = dict(whole.tags or {})
        return whole

    def get_tags(self: APIGatewayResponse) -> str:
        return json.dumps({"tags": tagged(self).tags})

    def tag_resource(self: APIGatewayResponse) -> tuple[int, dict[str, Any], str]:
        tagged(self).tags.update(self._get_param("tags") or {})
        return 204, {"status": 204}, ""

    def untag_resource(self: APIGatewayResponse) -> tuple[int, dict[str, Any], str]:
        tags = tagged(self).tags
        for key in self.querystring.get("tagKeys") or []:
            tags.pop(key, None)
        return 204, {"status": 204}, ""

    APIGatewayResponse.get_tags = get_tags  # type: ignore[method-assign]
    APIGatewayResponse.tag_resource = tag_resource  # type: ignore[method-assign,assignment]
    APIGatewayResponse.untag_resource = untag_resource  # type: ignore[method-assign,assignment]


def _patch_everything() -> None:
    """moto has no UpdateMethod, takes any text for true, and cannot take a stage's settings away."""
    patch_api, patch_stage = RestAPI.apply_patch_operations, Stage.apply_operations

    def update_method(self: APIGatewayResponse) -> str:
        _, _, api_id, _, resource_id, _, http_method, *_ = self.path.split("/")
        method = self.backend.get_method(api_id, resource_id, http_method)
        for operation in self._get_param("patchOperations"):
            path, value = operation["path"], operation.get("value")
            if path not in METHOD_ATTRIBUTES:
                raise BadRequestException(f"Invalid patch path {path}")
            setattr(method, METHOD_ATTRIBUTES[path], value == "true" if path in BOOLEANS else value)
        return json.dumps(method.to_json())

    def apply_patch_operations(self: RestAPI, patch_operations: list[dict[str, Any]]) -> None:
        for operation in patch_operations:
            if operation["path"] in BOOLEANS:
                self.disableExecuteApiEndpoint = operation["value"] == "true"
            else:
                patch_api(self, [operation])

    def apply_operations(self: Stage, patch_operations: list[dict[str, Any]]) -> Stage:
        for operation in patch_operations:
            setting = operation["path"][1:]
            if operation["op"] == "remove" and setting in self.method_settings:
                del self.method_settings[setting]
            else:
                patch_stage(self, [operation])
        return self

    APIGatewayResponse.update_method = update_method  # type: ignore[attr-defined]
    RestAPI.apply_patch_operations = apply_patch_operations  # type: ignore[method-assign]
    Stage.apply_operations = apply_operations  # type: ignore[method-assign]


def _refuse_doubles() -> None:
    create_resource, put_method = APIGatewayBackend.create_resource, APIGatewayBackend.put_method
    put_method_response = APIGatewayBackend.put_method_response
    create_authorizer = APIGatewayBackend.create_authorizer

    def amended_resource(
        self: APIGatewayBackend, function_id: str, parent_resource_id: str, path_part: str
    ) -> Resource:
        self.get_resource(function_id, parent_resource_id)
        siblings = [
            resource
            for resource in self.get_rest_api(function_id).resources.values()
            if resource.parent_id == parent_resource_id
        ]
        for sibling in siblings:
            if sibling.path_part == path_part:
                raise ConflictException(f"Another resource with the same parent already has this name: {path_part}")
            if sibling.path_part.startswith("{") and path_part.startswith("{"):
                message = f"A sibling ({sibling.path_part}) of this resource already has a variable path part -- "
                raise BadRequestException(message + "only one is allowed")
        return create_resource(self, function_id, parent_resource_id, path_part)

    def amended_method(
        self: APIGatewayBackend, function_id: str, resource_id: str, method_type: str, *args: Any, **more: Any
    ) -> Any:
        if method_type in self.get_resource(function_id, resource_id).resource_methods:
            raise ConflictException("Method already exists for this resource")
        if more.get("authorizer_id"):
            self.get_authorizer(function_id, more["authorizer_id"])
        return put_method(self, function_id, resource_id, method_type, *args, **more)

    def amended_method_response(
        self: APIGatewayBackend, function_id: str, resource_id: str, method_type: str, response_code: str, *args: Any
    ) -> Any:
        if response_code in self.get_method(function_id, resource_id, method_type).method_responses:
            raise ConflictException("Response already exists for this resource")
        return put_method_response(self, function_id, resource_id, method_type, response_code, *args)

    def amended_authorizer(
        self: APIGatewayBackend, restapi_id: str, name: str, authorizer_type: str, **more: Any
    ) -> Any:
        if any(authorizer.name == name for authorizer in self.get_authorizers(restapi_id)):
            message = f"Authorizer name must be unique. Authorizer {name} already exists in this RestApi."
            raise BadRequestException(message)
        return create_authorizer(self, restapi_id, name, authorizer_type, **more)

    APIGatewayBackend.create_resource = amended_resource  # type: ignore[method-assign]
    APIGatewayBackend.put_method = amended_method  # type: ignore[method-assign]
    APIGatewayBackend.put_method_response = amended_method_response  # type: ignore[method-assign,assignment]
    APIGatewayBackend.create_authorizer = amended_authorizer  # type: ignore[method-assign]


def _keep_what_is_deployed() -> None:
    """A stage serves the API as it was when its deployment was made; moto's keeps nothing of it."""
    create_deployment, create_stage = APIGatewayBackend.create_deployment, APIGatewayBackend.create_stage
    put_integration = APIGatewayBackend.put_integration

    def amended_deployment(self: APIGatewayBackend, function_id: str, *args: Any, **more: Any) -> Deployment:
        deployment: Any = create_deployment(self, function_id, *args, **more)
        api = self.get_rest_api(function_id)
        deployed = {
            "methods": {
                resource.get_path(): {name: method.to_json() for name, method in resource.resource_methods.items()}
                for resource in api.resources.values()
            },
            "authorizers": {name: authorizer.to_json() for name, authorizer in api.authorizers.items()},
        }
        deployment.deployed = json.loads(json.dumps(deployed))
        return deployment  # type: ignore[no-any-return]

    def amended_stage(
        self: APIGatewayBackend, function_id: str, stage_name: str, deploymentId: str, *args: Any, **more: Any
    ) -> Stage:
        if deploymentId not in self.get_rest_api(function_id).deployments:
            raise BadRequestException("Deployment id does not exist")
        return create_stage(self, function_id, stage_name, deploymentId, *args, **more)

    def amended_integration(self: APIGatewayBackend, *args: Any, **more: Any) -> Any:
        integration = put_integration(self, *args, **more)
        integration.timeout_in_millis = integration.timeout_in_millis or 29_000  # type: ignore[assignment]
        integration.passthrough_behaviour = integration.passthrough_behaviour or "WHEN_NO_MATCH"
        return integration

    APIGatewayBackend.create_deployment = amended_deployment  # type: ignore[method-assign]
    APIGatewayBackend.create_stage = amended_stage  # type: ignore[method-assign]
    APIGatewayBackend.put_integration = amended_integration  # type: ignore[method-assign]
    # moto would answer for the API inside this process.
    RestAPI.update_integration_mocks = lambda self, stage_name: None  # type: ignore[method-assign]


def _delete_only_what_can_be_deleted() -> None:
    delete_api, delete_resource = APIGatewayBackend.delete_rest_api, APIGatewayBackend.delete_resource
    delete_method, delete_authorizer = APIGatewayBackend.delete_method, APIGatewayBackend.delete_authorizer

    def amended_api(self: APIGatewayBackend, function_id: str) -> RestAPI:
        self.get_rest_api(function_id)
        return delete_api(self, function_id)

    def amended_resource(self: APIGatewayBackend, function_id: str, resource_id: str) -> Resource:
        resource = self.get_resource(function_id, resource_id)
        if resource.parent_id is None:
            raise BadRequestException("Root resource cannot be deleted")
        for child in [one for one in self.get_resources(function_id) if one.parent_id == resource_id]:
            amended_resource(self, function_id, child.id)
        return delete_resource(self, function_id, resource_id)

    def amended_method(self: APIGatewayBackend, function_id: str, resource_id: str, method_type: str) -> None:
        self.get_method(function_id, resource_id, method_type)
        delete_method(self, function_id, resource_id, method_type)

    def amended_authorizer(self: APIGatewayBackend, restapi_id: str, authorizer_id: str) -> None:
        self.get_authorizer(restapi_id, authorizer_id)
        for resource in self.get_resources(restapi_id):
            for name, method in resource.resource_methods.items():
                if method.authorizer_id == authorizer_id:
                    place = f"{name} {resource.get_path()}"
                    raise ConflictException(
                        f"Cannot delete authorizer '{authorizer_id}', is referenced in method: {place}"
                    )
        delete_authorizer(self, restapi_id, authorizer_id)

    def get_deployment(self: RestAPI, deployment_id: str) -> Deployment:
        if deployment_id not in self.deployments:
            raise NotFoundException("Invalid Deployment identifier specified")
        return self.deployments[deployment_id]

    def delete_deployment(self: RestAPI, deployment_id: str) -> Deployment:
        self.get_deployment(deployment_id)
        if any(stage.deployment_id == deployment_id for stage in self.stages.values()):
            raise BadRequestException("Active stages pointing to this deployment must be moved or deleted")
        return self.deployments.pop(deployment_id)

    def delete_method_response(self: APIGatewayBackend, *where: str) -> Any:
        *method, code = where
        there = self.get_method(*method).method_responses
        if code not in there:
            raise NotFoundException("Invalid Response status code specified")
        return there.pop(code)

    APIGatewayBackend.delete_rest_api = amended_api  # type: ignore[method-assign]
    APIGatewayBackend.delete_resource = amended_resource  # type: ignore[method-assign]
    APIGatewayBackend.delete_method = amended_method  # type: ignore[method-assign]
    APIGatewayBackend.delete_method_response = delete_method_response  # type: ignore[method-assign,assignment]
    APIGatewayBackend.delete_authorizer = amended_authorizer  # type: ignore[method-assign]
    RestAPI.get_deployment = get_deployment  # type: ignore[method-assign]
    RestAPI.delete_deployment = delete_deployment  # type: ignore[method-assign]


def _log_with_a_role() -> None:
    """Stages of REST APIs log only when the account has a role for it, which API Gateway looks at."""
    patch_account, update_stage = Account.apply_patch_operations, APIGatewayBackend.update_stage

    def apply_patch_operations(self: Account, patch_operations: list[dict[str, Any]]) -> Account:
        for operation in patch_operations:
            arn = operation.get("value", "")
            if operation["path"] == "/cloudwatchRoleArn" and arn:
                account = arn.split(":")[4]
                roles: Any = iam_backends[account]["aws"].roles if account else {}
                if not any(role.arn == arn for role in roles.values()):
                    message = "The role ARN does not have required permissions configured. Please grant trust "
                    raise BadRequestException(message + "permission for API Gateway and add the required role policy.")
        return patch_account(self, patch_operations)

    def amended_stage(self: APIGatewayBackend, function_id: str, stage_name: str, patch_operations: Any) -> Stage:
        logs = any(operation["path"] == "/accessLogSettings/destinationArn" for operation in patch_operations)
        if logs and not self.account.cloudwatch_role_arn:
            raise BadRequestException("CloudWatch Logs role ARN must be set in account settings to enable logging")
        return update_stage(self, function_id, stage_name, patch_operations)

    Account.apply_patch_operations = apply_patch_operations  # type: ignore[method-assign]
    APIGatewayBackend.update_stage = amended_stage  # type: ignore[method-assign]
