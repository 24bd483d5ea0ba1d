"""The cases of REST APIs and of authorizers, and the API around them."""

from __future__ import annotations

from typing import Any

from deployments.aws.calls import Aws
from deployments.engine.canonical import dumps
from tests.aws.conftest import ACCOUNT, REGION

LOGGING_ROLE = f"arn:aws:iam::{ACCOUNT}:role/strands-support-desk-dev-api-logs"
LOG_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/strands/support-desk/dev/api"


def invocation(function: str) -> str:
    """How API Gateway writes that a function is called."""
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:strands-support-desk-dev-{function}"
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def preflight(methods: str) -> dict[str, Any]:
    """What answers the question of a browser."""
    header = "method.response.header.Access-Control-Allow-Methods"
    return {
        "Integration": {
            "Type": "MOCK",
            "RequestTemplates": {"application/json": '{"statusCode": 204}'},
            "IntegrationResponses": [{"StatusCode": "204", "ResponseParameters": {header: f"'{methods}'"}}],
        },
        "MethodResponses": [{"StatusCode": "204", "ResponseParameters": {header: True}}],
    }


def throttled(burst: int, rate: float, path: str = "/*", method: str = "*") -> dict[str, Any]:
    return {
        "ResourcePath": path,
        "HttpMethod": method,
        "ThrottlingBurstLimit": burst,
        "ThrottlingRateLimit": rate,
    }


WANTED: dict[str, dict[str, Any]] = {
    "AWS::ApiGateway::Account": {"CloudWatchRoleArn": LOGGING_ROLE},
    "AWS::ApiGateway::Authorizer": {
        "RestApiId": "$api",
        "Name": "guard",
        "Type": "TOKEN",
        "AuthorizerUri": invocation("guard"),
        "IdentitySource": "method.request.header.Authorization",
        "AuthorizerResultTtlInSeconds": 60,
    },
    "AWS::ApiGateway::Deployment": {"RestApiId": "$api", "Description": "0123456789ab"},
    "AWS::ApiGateway::Method": {
        "RestApiId": "$api",
        "ResourceId": "$root",
        "HttpMethod": "OPTIONS",
        "AuthorizationType": "NONE",
        **preflight("GET,POST"),
    },
    "AWS::ApiGateway::Resource": {"RestApiId": "$api", "ParentId": "$root", "PathPart": "{id}"},
    "AWS::ApiGateway::RestApi": {
        "Name": "strands-support-desk-dev-api",
        "Description": "the desk's API",
        "EndpointConfiguration": {"Types": ["REGIONAL"]},
    },
    "AWS::ApiGateway::Stage": {
        "RestApiId": "$api",
        "StageName": "dev",
        "DeploymentId": "$deployment",
        "AccessLogSetting": {"DestinationArn": f"{LOG_GROUP}:*", "Format": "$context.requestId"},
        "MethodSettings": [throttled(10, 5.0)],
        "Variables": {"colour": "blue"},
    },
    "AWS::ApiGatewayV2::Authorizer": {
        "ApiId": "$api",
        "Name": "guard",
        "AuthorizerType": "REQUEST",
        "AuthorizerUri": invocation("guard"),
        "AuthorizerPayloadFormatVersion": "2.0",
        "EnableSimpleResponses": True,
        "IdentitySource": ["$request.header.Authorization"],
        "AuthorizerResultTtlInSeconds": 60,
    },
}

CHANGED: dict[str, dict[str, Any]] = {
    "AWS::ApiGateway::Authorizer": {
        "Type": "REQUEST",
        "AuthorizerUri": invocation("doorman"),
        "IdentitySource": "method.request.header.X-Key",
        "AuthorizerResultTtlInSeconds": 0,
    },
    "AWS::ApiGateway::Method": preflight("GET") | {"ApiKeyRequired": True},
    "AWS::ApiGateway::RestApi": {
        "Description": None,
        "DisableExecuteApiEndpoint": True,
        "EndpointConfiguration": {"Types": ["EDGE"]},
    },
    "AWS::ApiGateway::Stage": {
        "DeploymentId": "$other",
        "Description": "for developers",
        "TracingEnabled": True,
        "AccessLogSetting": None,
        "MethodSettings": [throttled(50, 25.0, "/pets", "GET")],
        "Variables": {"size": "small"},
    },
    "AWS::ApiGatewayV2::Authorizer": {
        "AuthorizerUri": invocation("doorman"),
        "IdentitySource": ["$request.header.X-Key"],
        "AuthorizerResultTtlInSeconds": 0,
    },
}

UNTAGGED = frozenset(WANTED) - {"AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage"}


def around(aws: Aws, type_name: str) -> dict[str, str]:
    """Makes the API that the case of this kind is a part of; answers what its placeholders stand for."""
    if type_name == "AWS::ApiGatewayV2::Authorizer":
        return {"$api": str(aws.call("apigatewayv2", "create_api", Name="around", ProtocolType="HTTP")["ApiId"])}
    if type_name in ("AWS::ApiGateway::Account", "AWS::ApiGateway::Stage"):
        trust = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = dumps({"Version": "2012-10-17", "Statement": [trust]})
        aws.call("iam", "create_role", RoleName=LOGGING_ROLE.rpartition("/")[2], AssumeRolePolicyDocument=document)
    if type_name in ("AWS::ApiGateway::Account", "AWS::ApiGateway::RestApi"):
        return {}
    api = aws.call("apigateway", "create_rest_api", name="around")
    real = {"$api": str(api["id"]), "$root": str(api["rootResourceId"])}
    if type_name in ("AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage"):
        where: dict[str, Any] = {"restApiId": real["$api"], "resourceId": real["$root"], "httpMethod": "GET"}
        aws.call("apigateway", "put_method", **where, authorizationType="NONE")
        call: dict[str, Any] = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": invocation("triage")}
        aws.call("apigateway", "put_integration", **where, **call)
    if type_name == "AWS::ApiGateway::Stage":
        operation = {"op": "replace", "path": "/cloudwatchRoleArn", "value": LOGGING_ROLE}
        aws.call("apigateway", "update_account", patchOperations=[operation])
        for name in ("$deployment", "$other"):
            made = aws.call("apigateway", "create_deployment", restApiId=real["$api"], description=name)
            real[name] = str(made["id"])
    return real
