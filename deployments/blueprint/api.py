"""The HTTP API the agents share, and each agent's routes on it."""

from __future__ import annotations

import re
from typing import Any

from deployments.blueprint.callee import Callee
from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal, route_words
from deployments.blueprint.values import Output
from projects.configuration.model import Agent, Configuration

API = "HttpApi"
ANSWER_LIMIT_SECONDS = 30  # an HTTP API gives up then, whatever the function's timeout


def add_api(draft: Draft, configuration: Configuration) -> None:
    """Adds the API with a stage that deploys itself."""
    properties: dict[str, Any] = {
        "Name": draft.names.api("api"),
        "ProtocolType": "HTTP",
        "Description": f"The agents of {draft.facts.project} in {draft.facts.environment}",
    }
    if configuration.shared.api_gateway.cors:
        properties["CorsConfiguration"] = {
            "AllowHeaders": ["*"],
            "AllowMethods": ["*"],
            "AllowOrigins": ["*"],
            "MaxAge": 300,
        }
    draft.add(API, "AWS::ApiGatewayV2::Api", properties)
    draft.add(
        "HttpApiStage",
        "AWS::ApiGatewayV2::Stage",
        {"ApiId": {"Ref": API}, "StageName": "$default", "AutoDeploy": True},
    )
    draft.outputs.append(Output("ApiEndpoint", API, "ApiEndpoint", "Address of the API that the agents share"))


def add_routes(draft: Draft, agent: Agent, path: str, *, callee: Callee) -> None:
    """Adds the agent's integration and, for each route, the route and the permission to call the function for it."""
    if agent.timeout > ANSWER_LIMIT_SECONDS:
        draft.problem(
            agent.line,
            f"{path}.timeout",
            f"{agent.name} may take {agent.timeout} s, but the API gives up after {ANSWER_LIMIT_SECONDS} s",
            "let a queue start what takes longer",
            severity="warning",
        )
    integration = draft.add(
        pascal(agent.name, "integration"),
        "AWS::ApiGatewayV2::Integration",
        {
            "ApiId": {"Ref": API},
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": callee.arn,
            "PayloadFormatVersion": "2.0",
        },
        agent=agent.name,
        line=agent.line,
        path=path,
    )
    for index, route in enumerate(agent.routes):
        words = route_words(route.method, route.path)
        place = f"{path}.routes[{index}]"
        draft.add(
            pascal(agent.name, words, "route"),
            "AWS::ApiGatewayV2::Route",
            {
                "ApiId": {"Ref": API},
                "RouteKey": str(route),
                "Target": {"Fn::Sub": f"integrations/${{{integration}}}"},
            },
            agent=agent.name,
            line=agent.line,
            path=place,
        )
        draft.add(
            pascal(agent.name, words, "permission"),
            "AWS::Lambda::Permission",
            {
                "FunctionName": callee.name,
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": {"Fn::Sub": _source(route.method, route.path)},
            },
            agent=agent.name,
            line=agent.line,
            path=place,
        )
        draft.outputs.append(
            Output(
                str(route), API, "ApiEndpoint", f"Calls {agent.name}", agent.name, method=route.method, path=route.path
            )
        )


def _source(method: str, path: str) -> str:
    """The ARN API Gateway calls with: any stage, this method, this path with `*` for what varies."""
    called = re.sub(r"\{[^}]*\}", "*", path)
    verb = "*" if method == "ANY" else method
    return f"arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{API}}}/*/{verb}{called}"
