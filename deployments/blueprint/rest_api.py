"""The REST API the agents share: its paths, each agent's methods on them, and the deployment a stage serves."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

from deployments.blueprint.api_parts import (
    add_access_logs,
    add_authorizer_permission,
    add_route_permission,
    authorization,
    invocation,
    warn_of_slowness,
)
from deployments.blueprint.callee import Callee
from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal, route_words
from deployments.blueprint.values import Output
from deployments.engine.canonical import dumps
from projects.configuration.model import Agent, ApiGateway, Authorizer, Configuration, Route

AUTHORIZER = "RestApiAuthorizer"
API = "RestApi"
STAGE = "RestApiStage"
ANSWER_LIMIT_SECONDS = 29  # a REST API gives up then, whatever the function's timeout

_DEPLOYED = frozenset({"AWS::ApiGateway::Authorizer", "AWS::ApiGateway::Method", "AWS::ApiGateway::Resource"})
# What API Gateway asks of the role: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
_WRITE_LOGS = (
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:PutLogEvents",
)


def add_rest_api(draft: Draft, configuration: Configuration) -> None:
    """Adds the API, with nothing in it yet."""
    draft.add(
        API,
        "AWS::ApiGateway::RestApi",
        {
            "Name": draft.names.api("api"),
            "Description": f"The agents of {draft.facts.project} in {draft.facts.environment}",
            "EndpointConfiguration": {"Types": ["REGIONAL"]},
        },
    )
    api = configuration.shared.api_gateway
    if api.cors:
        draft.problem(
            api.line,
            "shared.api_gateway.cors",
            "a REST API answers when browsers ask whether they may call, but adds nothing to what agents answer",
            "have the agents send Access-Control-Allow-Origin themselves, or take type: http",
            severity="warning",
        )


def add_rest_authorizer(draft: Draft, authorizer: Authorizer, agent: Agent, path: str, *, callee: Callee) -> None:
    """Has the API ask the agent, which answers with an IAM policy (`policyDocument`)."""
    draft.add(
        AUTHORIZER,
        "AWS::ApiGateway::Authorizer",
        {
            "RestApiId": {"Ref": API},
            "Name": agent.name,
            "Type": authorizer.kind.upper(),
            "AuthorizerUri": invocation(callee),
            "IdentitySource": f"method.request.header.{authorizer.header}",
            "AuthorizerResultTtlInSeconds": authorizer.cache_seconds,
        },
        agent=agent.name,
        line=authorizer.line,
        path="shared.api_gateway.authorizer",
    )
    add_authorizer_permission(draft, agent, path, api=API, authorizer=AUTHORIZER, callee=callee)


def add_rest_routes(draft: Draft, api: ApiGateway, agent: Agent, path: str, *, callee: Callee) -> None:
    """Adds each route's path and method, and the permission to call the function for it."""
    warn_of_slowness(draft, agent, path, limit_seconds=ANSWER_LIMIT_SECONDS)
    address = _address(draft)
    for index, route in enumerate(agent.routes):
        place = f"{path}.routes[{index}]"
        draft.add(
            pascal(agent.name, route_words(route.method, route.path), "method"),
            "AWS::ApiGateway::Method",
            {
                "RestApiId": {"Ref": API},
                "ResourceId": _path(draft, agent, place, route.path),
                "HttpMethod": route.method,
                "AuthorizationType": "NONE",
                "Integration": {
                    "Type": "AWS_PROXY",
                    "IntegrationHttpMethod": "POST",
                    "Uri": invocation(callee),
                },
                **authorization(api, route, authorizer=AUTHORIZER),
            },
            agent=agent.name,
            line=agent.line,
            path=place,
        )
        add_route_permission(draft, agent, place, api=API, route=route, callee=callee)
        draft.outputs.append(
            Output(
                str(route),
                STAGE,
                None,
                f"Calls {agent.name}",
                agent.name,
                method=route.method,
                path=route.path,
                address=address,
            )
        )


def deploy_rest_api(draft: Draft, configuration: Configuration, routes: list[Route]) -> None:
    """Adds what answers browsers, a deployment of all there is now, and the stage that serves it.

    A deployment never changes: its description says what is in it. So another route replaces it: the new one is made,
    the stage moves to it, and then the old one goes.
    """
    api = configuration.shared.api_gateway
    if api.cors:
        _add_preflights(draft, api, routes)
    parts = {name: resource for name, resource in draft.resources.items() if resource.type in _DEPLOYED}
    digest = hashlib.sha256(dumps({name: part.properties for name, part in parts.items()}).encode()).hexdigest()[:12]
    deployment = draft.add(
        "RestApiDeployment",
        "AWS::ApiGateway::Deployment",
        {"RestApiId": {"Ref": API}, "Description": digest},
        depends_on=tuple(name for name, part in parts.items() if part.type == "AWS::ApiGateway::Method"),
    )
    stage: dict[str, Any] = {
        "RestApiId": {"Ref": API},
        "StageName": draft.facts.environment,
        "DeploymentId": {"Ref": deployment},
        "TracingEnabled": configuration.shared.monitoring.xray,
    }
    depends_on: tuple[str, ...] = ()
    if api.access_logs:
        stage["AccessLogSetting"] = add_access_logs(draft, configuration, route="$context.resourcePath")
        depends_on = (_add_logging_role(draft),)
    if api.throttling:
        stage["MethodSettings"] = [
            {
                "ResourcePath": "/*",
                "HttpMethod": "*",
                "ThrottlingBurstLimit": api.throttling.burst,
                "ThrottlingRateLimit": api.throttling.rate,
            }
        ]
    draft.add(STAGE, "AWS::ApiGateway::Stage", stage, depends_on=depends_on)
    draft.outputs.append(
        Output("ApiEndpoint", STAGE, None, "Address of the API that the agents share", address=_address(draft))
    )


def _path(draft: Draft, agent: Agent, place: str, path: str) -> dict[str, Any]:
    """Adds the resources a path consists of, as far as no other route has; answers the last one's id."""
    parent: dict[str, Any] = {"Fn::GetAtt": [API, "RootResourceId"]}
    above = ""
    for part in path.split("/")[1:]:
        if not part:
            break
        above += f"/{part}"
        logical_id = pascal(API, route_words("", above), "path")
        properties = {"RestApiId": {"Ref": API}, "ParentId": parent, "PathPart": part}
        there = draft.resources.get(logical_id)
        if there is None or there.properties != properties:
            draft.add(logical_id, "AWS::ApiGateway::Resource", properties, line=agent.line, path=place)
        parent = {"Ref": logical_id}
    return parent


def _add_preflights(draft: Draft, api: ApiGateway, routes: list[Route]) -> None:
    """Has the API itself tell browsers what they may send, wherever no agent does."""
    methods: dict[str, set[str]] = defaultdict(set)
    for route in routes:
        methods[route.path].add(route.method)
    said = f"{api.authorizer.header}," if api.authorizer else ""
    for path, verbs in methods.items():
        if "OPTIONS" in verbs:
            continue
        headers = {
            "Access-Control-Allow-Headers": f"'{said}*'",
            "Access-Control-Allow-Methods": "'*'" if "ANY" in verbs else f"'{','.join(sorted(verbs))}'",
            "Access-Control-Allow-Origin": "'*'",
            "Access-Control-Max-Age": "'300'",
        }
        parameters = {f"method.response.header.{name}": value for name, value in headers.items()}
        resource = pascal(API, route_words("", path), "path") if path != "/" else ""
        draft.add(
            pascal(API, route_words("", path), "preflight"),
            "AWS::ApiGateway::Method",
            {
                "RestApiId": {"Ref": API},
                "ResourceId": {"Ref": resource} if resource else {"Fn::GetAtt": [API, "RootResourceId"]},
                "HttpMethod": "OPTIONS",
                "AuthorizationType": "NONE",
                "Integration": {
                    "Type": "MOCK",
                    "RequestTemplates": {"application/json": '{"statusCode": 204}'},
                    "IntegrationResponses": [{"StatusCode": "204", "ResponseParameters": parameters}],
                },
                "MethodResponses": [{"StatusCode": "204", "ResponseParameters": dict.fromkeys(parameters, True)}],
            },
        )


def _add_logging_role(draft: Draft) -> str:
    """The role with which REST APIs write logs: the account has one for all of them, this or another's."""
    role = draft.add(
        "ApiLoggingRole",
        "AWS::IAM::Role",
        {
            "RoleName": draft.names.role("api-logs"),
            "Description": "Lets API Gateway write the logs of REST APIs",
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "apigateway.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            "Policies": [
                {
                    "PolicyName": "write-logs",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{"Effect": "Allow", "Action": list(_WRITE_LOGS), "Resource": "*"}],
                    },
                }
            ],
        },
    )
    return draft.add("ApiAccount", "AWS::ApiGateway::Account", {"CloudWatchRoleArn": {"Fn::GetAtt": [role, "Arn"]}})


def _address(draft: Draft) -> str:
    domain = "amazonaws.com.cn" if draft.facts.region.startswith("cn-") else "amazonaws.com"
    return f"https://${{{API}}}.execute-api.${{AWS::Region}}.{domain}/${{{STAGE}}}"
