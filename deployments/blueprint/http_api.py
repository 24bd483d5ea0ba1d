"""The HTTP API the agents share: itself, a stage that deploys itself, and each agent's routes on it."""

from __future__ import annotations

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
from projects.configuration.model import Agent, ApiGateway, Authorizer, Configuration

AUTHORIZER = "HttpApiAuthorizer"
API = "HttpApi"
ANSWER_LIMIT_SECONDS = 30  # an HTTP API gives up then, whatever the function's timeout


def add_http_api(draft: Draft, configuration: Configuration) -> None:
    """Adds the API with a stage that deploys itself."""
    api = configuration.shared.api_gateway
    properties: dict[str, Any] = {
        "Name": draft.names.api("api"),
        "ProtocolType": "HTTP",
        "Description": f"The agents of {draft.facts.project} in {draft.facts.environment}",
    }
    if api.cors:
        # To browsers, "any header" does not mean the one that says who is calling.
        said = [api.authorizer.header.lower()] if api.authorizer else []
        properties["CorsConfiguration"] = {
            "AllowHeaders": ["*", *said],
            "AllowMethods": ["*"],
            "AllowOrigins": ["*"],
            "MaxAge": 300,
        }
    draft.add(API, "AWS::ApiGatewayV2::Api", properties)
    stage: dict[str, Any] = {"ApiId": {"Ref": API}, "StageName": "$default", "AutoDeploy": True}
    if api.access_logs:
        stage["AccessLogSettings"] = add_access_logs(draft, configuration, route="$context.routeKey")
    if api.throttling:
        stage["DefaultRouteSettings"] = {
            "ThrottlingBurstLimit": api.throttling.burst,
            "ThrottlingRateLimit": api.throttling.rate,
        }
    draft.add("HttpApiStage", "AWS::ApiGatewayV2::Stage", stage)
    draft.outputs.append(Output("ApiEndpoint", API, "ApiEndpoint", "Address of the API that the agents share"))


def add_http_authorizer(draft: Draft, authorizer: Authorizer, agent: Agent, path: str, *, callee: Callee) -> None:
    """Has the API ask the agent, which answers whether a call may pass (`isAuthorized`)."""
    draft.add(
        AUTHORIZER,
        "AWS::ApiGatewayV2::Authorizer",
        {
            "ApiId": {"Ref": API},
            "Name": agent.name,
            "AuthorizerType": "REQUEST",
            "AuthorizerUri": invocation(callee),
            "AuthorizerPayloadFormatVersion": "2.0",
            "EnableSimpleResponses": True,
            "IdentitySource": [f"$request.header.{authorizer.header}"],
            "AuthorizerResultTtlInSeconds": authorizer.cache_seconds,
        },
        agent=agent.name,
        line=authorizer.line,
        path="shared.api_gateway.authorizer",
    )
    add_authorizer_permission(draft, agent, path, api=API, authorizer=AUTHORIZER, callee=callee)


def add_http_routes(draft: Draft, api: ApiGateway, agent: Agent, path: str, *, callee: Callee) -> None:
    """Adds the agent's integration and, for each route, the route and the permission to call the function for it."""
    warn_of_slowness(draft, agent, path, limit_seconds=ANSWER_LIMIT_SECONDS)
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
        place = f"{path}.routes[{index}]"
        draft.add(
            pascal(agent.name, route_words(route.method, route.path), "route"),
            "AWS::ApiGatewayV2::Route",
            {
                "ApiId": {"Ref": API},
                "RouteKey": str(route),
                "Target": {"Fn::Sub": f"integrations/${{{integration}}}"},
                **authorization(api, route, authorizer=AUTHORIZER),
            },
            agent=agent.name,
            line=agent.line,
            path=place,
        )
        add_route_permission(draft, agent, place, api=API, route=route, callee=callee)
        draft.outputs.append(
            Output(
                str(route), API, "ApiEndpoint", f"Calls {agent.name}", agent.name, method=route.method, path=route.path
            )
        )
