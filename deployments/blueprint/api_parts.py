"""What HTTP and REST APIs have in common: who may call which function for them, what they log, and who is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from deployments.blueprint.callee import Callee
from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal, route_words
from deployments.engine.canonical import dumps
from deployments.engine.intrinsics import shown
from projects.configuration.edges import DEFAULT_TIMEOUT_SECONDS
from projects.configuration.model import Agent, ApiGateway, Configuration, Route

LOG_GROUP = "ApiLogGroup"
EXECUTE = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"

# One JSON object a call: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
# and https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
_LOGGED = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "userAgent": "$context.identity.userAgent",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "authorizerError": "$context.authorizer.error",
    "integrationError": "$context.integration.error",
}


def add_access_logs(draft: Draft, configuration: Configuration, *, route: str) -> dict[str, Any]:
    """Adds the log group of the API's calls and answers where and how a stage writes them.

    `route` is the variable that names the route: HTTP and REST APIs call it differently.
    """
    draft.add(
        LOG_GROUP,
        "AWS::Logs::LogGroup",
        {
            "LogGroupName": draft.names.shared_log_group("api"),
            "RetentionInDays": configuration.shared.monitoring.log_retention_days,
        },
    )
    return {"DestinationArn": {"Fn::GetAtt": [LOG_GROUP, "Arn"]}, "Format": dumps({**_LOGGED, "route": route})}


def add_route_permission(draft: Draft, agent: Agent, place: str, *, api: str, route: Route, callee: Callee) -> None:
    """Lets the API call the function for this route, at any stage."""
    called = re.sub(r"\{[^}]*\}", "*", route.path)
    verb = "*" if route.method == "ANY" else route.method
    _add_permission(
        draft, agent, place, route_words(route.method, route.path), callee, f"{EXECUTE}:${{{api}}}/*/{verb}{called}"
    )


def add_authorizer_permission(
    draft: Draft, agent: Agent, place: str, *, api: str, authorizer: str, callee: Callee
) -> None:
    """Lets the API ask the function who may pass."""
    source = f"{EXECUTE}:${{{api}}}/authorizers/${{{authorizer}}}"
    _add_permission(draft, agent, place, "authorizer", callee, source)


def _add_permission(draft: Draft, agent: Agent, place: str, words: str, callee: Callee, source: str) -> None:
    draft.add(
        pascal(agent.name, words, "permission"),
        "AWS::Lambda::Permission",
        {
            "FunctionName": callee.name,
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": source},
        },
        agent=agent.name,
        line=agent.line,
        path=place,
    )


def invocation(callee: Callee) -> Mapping[str, str]:
    """The function as the address of a call, as API Gateway wants it."""
    place = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
    return {"Fn::Sub": f"{place}/{shown(callee.arn)}/invocations"}


def authorization(api: ApiGateway, route: Route, *, authorizer: str) -> dict[str, Any]:
    """That a route asks the authorizer before it lets a call pass; nothing when it asks nobody."""
    if api.authorizer is None or route in api.authorizer.open_routes:
        return {}
    return {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": authorizer}}


def warn_of_slowness(draft: Draft, agent: Agent, path: str, *, limit_seconds: int) -> None:
    """An API gives up sooner than a function may; one second of the default timeout is worth no warning."""
    if agent.timeout > max(limit_seconds, DEFAULT_TIMEOUT_SECONDS):
        draft.problem(
            agent.line,
            f"{path}.timeout",
            f"{agent.name} may take {agent.timeout} s, but the API gives up after {limit_seconds} s",
            "let a queue start what takes longer",
            severity="warning",
        )
