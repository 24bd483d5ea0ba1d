"""The API that agents share, of either kind: routes, who is asked, what is logged, and how much it takes."""

from __future__ import annotations

import json

import pytest

from deployments.aws.registry import PROVISIONERS
from deployments.blueprint import Blueprint, EdgeKind, as_template, edges
from deployments.engine.resources import Resource
from tests.deployments.test_blueprint import drawn, named

AGENTS = """
project: {name: desk, region: us-east-1}
agents:
  - {name: guard, path: apps/guard, alias: live}
  - {name: support, path: apps/support, routes: ["POST /support", "GET /support/{id}", "GET /health"]}
  - {name: files, path: apps/files, routes: ["ANY /files/{all+}", "GET /", "OPTIONS /"]}
environments:
  dev: {account: "123456789012"}
"""
GUARDED = 'authorizer: {agent: guard, header: X-Key, cache_seconds: 60, open_routes: ["GET /health"]}'
EXECUTE = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
GUARD = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${GuardAlias}/invocations"


def desk(api: str, agents: str = AGENTS) -> Blueprint:
    return drawn(f"{agents}shared: {{api_gateway: {{{api}}}}}\n")


def of_type(blueprint: Blueprint, kind: str) -> dict[str, Resource]:
    return {each.logical_id: each for each in blueprint.resources if each.type == f"AWS::{kind}"}


def test_a_rest_api_has_a_resource_for_each_part_of_its_paths_and_a_method_for_each_route() -> None:
    blueprint = desk("type: rest")
    assert blueprint.problems == ()
    paths = {name: each.properties["PathPart"] for name, each in of_type(blueprint, "ApiGateway::Resource").items()}
    assert paths == {
        "RestApiFilesPath": "files",
        "RestApiFilesAllAllPath": "{all+}",
        "RestApiHealthPath": "health",
        "RestApiSupportPath": "support",
        "RestApiSupportByIdPath": "{id}",
    }
    assert named(blueprint, "RestApiSupportByIdPath").properties["ParentId"] == {"Ref": "RestApiSupportPath"}
    assert named(blueprint, "RestApiSupportPath").properties["ParentId"] == {
        "Fn::GetAtt": ["RestApi", "RootResourceId"]
    }
    methods = of_type(blueprint, "ApiGateway::Method")
    assert {name: each.properties["HttpMethod"] for name, each in methods.items()} == {
        "FilesAnyFilesAllAllMethod": "ANY",
        "FilesGetRootMethod": "GET",
        "FilesOptionsRootMethod": "OPTIONS",
        "SupportGetHealthMethod": "GET",
        "SupportGetSupportByIdMethod": "GET",
        "SupportPostSupportMethod": "POST",
    }
    get = methods["SupportGetSupportByIdMethod"]
    assert (get.stack, get.properties["ResourceId"]) == ("support", {"Ref": "RestApiSupportByIdPath"})
    assert get.properties["AuthorizationType"] == "NONE"
    assert get.properties["Integration"] == {
        "Type": "AWS_PROXY",
        "IntegrationHttpMethod": "POST",
        "Uri": {"Fn::Sub": GUARD.replace("${GuardAlias}", "${SupportFunction.Arn}")},
    }
    permission = named(blueprint, "SupportGetSupportByIdPermission").properties
    assert permission["SourceArn"] == {"Fn::Sub": f"{EXECUTE}:${{RestApi}}/*/GET/support/*"}
    assert ("RestApi", "SupportFunction") in triggers(blueprint)


def test_another_route_makes_another_deployment_and_nothing_else_does() -> None:
    def deployment(agents: str = AGENTS, api: str = "type: rest") -> Resource:
        (only,) = of_type(desk(api, agents), "ApiGateway::Deployment").values()
        return only

    first = deployment()
    assert set(first.depends_on) == set(of_type(desk("type: rest"), "ApiGateway::Method"))
    stage = named(desk("type: rest"), "RestApiStage").properties
    assert (stage["DeploymentId"], stage["StageName"]) == ({"Ref": first.logical_id}, "dev")
    assert deployment() == first
    assert deployment(AGENTS.replace("apps/files,", "apps/files, memory: 1024,")) == first
    assert deployment(api="type: rest, throttling: {rate: 5, burst: 9}, access_logs: true") == first
    for other in (deployment(AGENTS.replace("GET /health", "GET /healthy")), deployment(api=f"type: rest, {GUARDED}")):
        assert other.logical_id == first.logical_id
        assert other.properties["Description"] != first.properties["Description"]


def test_a_rest_api_answers_browsers_wherever_no_agent_does() -> None:
    blueprint = desk(f"type: rest, cors: true, {GUARDED}")
    (warning,) = blueprint.problems
    assert (warning.severity, warning.path) == ("warning", "shared.api_gateway.cors")
    preflights = {name for name in of_type(blueprint, "ApiGateway::Method") if name.endswith("Preflight")}
    assert preflights == {
        "RestApiFilesAllAllPreflight",
        "RestApiHealthPreflight",
        "RestApiSupportPreflight",
        "RestApiSupportByIdPreflight",
    }
    support = named(blueprint, "RestApiSupportPreflight").properties
    assert (support["AuthorizationType"], support["Integration"]["Type"]) == ("NONE", "MOCK")
    (answer,) = support["Integration"]["IntegrationResponses"]
    assert answer["ResponseParameters"]["method.response.header.Access-Control-Allow-Methods"] == "'POST'"
    assert answer["ResponseParameters"]["method.response.header.Access-Control-Allow-Headers"] == "'X-Key,*'"
    files = named(blueprint, "RestApiFilesAllAllPreflight").properties["Integration"]["IntegrationResponses"]
    assert files[0]["ResponseParameters"]["method.response.header.Access-Control-Allow-Methods"] == "'*'"
    root = desk("type: rest, cors: true", AGENTS.replace(', "OPTIONS /"', ""))
    assert named(root, "RestApiRootPreflight").properties["ResourceId"] == {"Fn::GetAtt": ["RestApi", "RootResourceId"]}


@pytest.mark.parametrize("kind", ["http", "rest"])
def test_an_agent_is_asked_about_every_call_but_those_of_open_routes(kind: str) -> None:
    blueprint = desk(f"type: {kind}, {GUARDED}")
    api = "HttpApi" if kind == "http" else "RestApi"
    authorizer = named(blueprint, f"{api}Authorizer")
    assert (authorizer.stack, authorizer.properties["AuthorizerUri"]) == ("guard", {"Fn::Sub": GUARD})
    assert authorizer.properties["AuthorizerResultTtlInSeconds"] == 60
    permission = named(blueprint, "GuardAuthorizerPermission").properties
    assert permission["SourceArn"] == {"Fn::Sub": f"{EXECUTE}:${{{api}}}/authorizers/${{{api}Authorizer}}"}
    assert permission["FunctionName"] == {"Ref": "GuardAlias"}
    part = "Route" if kind == "http" else "Method"
    asked = named(blueprint, f"SupportPostSupport{part}").properties
    assert (asked["AuthorizationType"], asked["AuthorizerId"]) == ("CUSTOM", {"Ref": f"{api}Authorizer"})
    assert "AuthorizerId" not in named(blueprint, f"SupportGetHealth{part}").properties
    assert (api, "GuardFunction") in triggers(blueprint)


def test_each_kind_of_api_asks_in_its_own_way() -> None:
    http = named(desk(f"type: http, cors: true, {GUARDED}"), "HttpApiAuthorizer").properties
    assert (http["AuthorizerType"], http["IdentitySource"]) == ("REQUEST", ["$request.header.X-Key"])
    assert (http["AuthorizerPayloadFormatVersion"], http["EnableSimpleResponses"]) == ("2.0", True)
    cors = named(desk(f"cors: true, {GUARDED}"), "HttpApi").properties["CorsConfiguration"]
    assert cors["AllowHeaders"] == ["*", "x-key"]
    token = named(desk("type: rest, authorizer: {agent: guard, kind: token}"), "RestApiAuthorizer").properties
    assert (token["Type"], token["IdentitySource"]) == ("TOKEN", "method.request.header.Authorization")


def test_calls_are_logged_and_limited_where_that_is_asked_for() -> None:
    asked = "access_logs: true, throttling: {rate: 50, burst: 100}"
    http = desk(asked)
    stage = named(http, "HttpApiStage").properties
    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 100, "ThrottlingRateLimit": 50}
    assert stage["AccessLogSettings"]["DestinationArn"] == {"Fn::GetAtt": ["ApiLogGroup", "Arn"]}
    assert json.loads(stage["AccessLogSettings"]["Format"])["route"] == "$context.routeKey"
    assert named(http, "ApiLogGroup").properties == {"LogGroupName": "/strands/desk/dev/api", "RetentionInDays": 30}
    rest = desk(f"type: rest, {asked}")
    stage = named(rest, "RestApiStage").properties
    (limits,) = stage["MethodSettings"]
    assert (limits["ThrottlingBurstLimit"], limits["ThrottlingRateLimit"]) == (100, 50)
    assert json.loads(stage["AccessLogSetting"]["Format"])["route"] == "$context.resourcePath"
    assert named(rest, "RestApiStage").depends_on == ("ApiAccount",)
    assert named(rest, "ApiAccount").properties == {"CloudWatchRoleArn": {"Fn::GetAtt": ["ApiLoggingRole", "Arn"]}}
    assert "ApiLogGroup" not in {each.logical_id for each in desk("type: rest").resources}


def test_an_agent_slower_than_a_rest_api_waits_is_a_warning() -> None:
    (warning,) = desk("type: rest", AGENTS.replace("apps/files,", "apps/files, timeout: 31,")).problems
    assert (warning.severity, warning.path) == ("warning", "agents[2].timeout")
    assert "29 s" in warning.message


def test_the_outputs_of_a_rest_api_are_an_address_that_cloudformation_can_make() -> None:
    blueprint = desk("type: rest")
    template = as_template(blueprint.resources, blueprint.outputs)
    address = "https://${RestApi}.execute-api.${AWS::Region}.amazonaws.com/${RestApiStage}"
    assert template["Outputs"]["ApiEndpoint"]["Value"] == {"Fn::Sub": address}
    routes = {output.name for output in blueprint.outputs if output.address and output.path}
    assert routes >= {"POST /support", "GET /support/{id}"}


@pytest.mark.parametrize("kind", ["http", "rest"])
def test_everything_can_be_provisioned(kind: str) -> None:
    blueprint = desk(f"type: {kind}, cors: true, access_logs: true, throttling: {{rate: 1, burst: 1}}, {GUARDED}")
    for resource in blueprint.resources:
        assert set(resource.properties) <= PROVISIONERS[resource.type].supported, resource.logical_id
        assert bool(resource.tags) == PROVISIONERS[resource.type].taggable, resource.logical_id


def triggers(blueprint: Blueprint) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in edges(blueprint) if edge.kind is EdgeKind.TRIGGER}
