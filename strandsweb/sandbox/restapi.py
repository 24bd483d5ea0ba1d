"""REST APIs that answer at `/_rest/{api}/{stage}/{path}`: deployed methods, authorizers, Lambda proxies and mocks.

They serve what was deployed to the stage, not what the API has become since. Throttling, API keys, caches, models and
mapping templates are left out.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

from moto.apigateway.models import RestAPI, apigateway_backends

from strandsweb.sandbox.authorizers import Authorizer, ask_for_rest, callee
from strandsweb.sandbox.cloud import Cloud
from strandsweb.sandbox.functions.invocations import CannotInvoke, Functions, Invocation
from strandsweb.sandbox.functions.spec import FunctionSpec
from strandsweb.sandbox.messages import Answer, Request
from strandsweb.sandbox.routes import Match, match_route

log = logging.getLogger(__name__)

_HOP = frozenset({"connection", "transfer-encoding", "keep-alive", "upgrade", "content-length"})


@dataclass(frozen=True, slots=True)
class Called:
    """The deployed method that answers a request; `path` is the request's, without the stage."""

    account: str
    api_id: str
    stage: str
    stage_variables: Mapping[str, str]
    match: Match
    path: str
    arn: str
    integration: Mapping[str, Any]
    function: FunctionSpec | None
    authorizer: Authorizer | None
    binary: bool


class RestApis:
    """Answers calls of the REST APIs of every account."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions

    def knows(self, api_id: str) -> bool:
        """Whether there is a REST API of that id."""
        with self._cloud.lock:
            return _find_api(api_id) is not None

    def answer(self, api_id: str, path: str, request: Request) -> Answer:
        """Answers `request`, whose path within the API is `path` (percent-encoded, from the stage on)."""
        with self._cloud.lock:
            found = _find_api(api_id)
            called = _find_method(*found, path, request.method) if found else _message(403, "Forbidden")
        if isinstance(called, Answer):
            return called
        event = make_event(called, request)
        if called.authorizer is not None:
            verdict = ask_for_rest(self._functions, called.authorizer, request, event, called.arn)
            if isinstance(verdict, Answer):
                return verdict
            event["requestContext"]["authorizer"] = verdict.context
        match called.integration.get("type"):
            case "MOCK":
                return mocked(called.integration)
            case "AWS_PROXY" if called.function is not None:
                return self._invoke(called, called.function, event)
        log.warning("API %s: the sandbox has no integration for %s", api_id, called.match.route_key)
        return _message(500, "Internal server error")

    def _invoke(self, called: Called, function: FunctionSpec, event: Mapping[str, Any]) -> Answer:
        try:
            return read_result(self._functions.invoke(function, json.dumps(event)), binary=called.binary)
        except CannotInvoke as problem:
            log.warning("API %s could not invoke %s: %s", called.api_id, function.arn, problem)
            return _message(502 if problem.status == 429 else 500, "Internal server error")


def _find_api(api_id: str) -> tuple[str, str, RestAPI] | None:
    backend: Any
    for account, region, backend in apigateway_backends.iter_backends():
        api = backend.apis.get(api_id)
        if api is not None and not api.disableExecuteApiEndpoint:
            return account, region, api
    return None


def _find_method(account: str, region: str, api: RestAPI, path: str, verb: str) -> Called | Answer:
    """The deployed method that is to answer, or AWS's answer when there is none. The caller holds the cloud's lock.

    The path decides first: a resource without the method answers that, whatever a wider resource would take.
    """
    name, _, rest = path.lstrip("/").partition("/")
    stage = api.stages.get(unquote(name))
    deployment: Any = api.deployments.get(stage.deployment_id or "") if stage else None
    if stage is None or not hasattr(deployment, "deployed"):
        return _message(403, "Forbidden")
    methods: Mapping[str, Mapping[str, Any]] = deployment.deployed["methods"]
    match = match_route([f"ANY {resource}" for resource in methods], verb, f"/{rest}")
    resource = match.route_key.removeprefix("ANY ") if match else ""
    there = methods.get(resource, {})
    method = there.get(verb) or there.get("ANY")
    if match is None or method is None:
        header = ("x-amzn-ErrorType", "MissingAuthenticationTokenException")
        answer = _message(403, "Missing Authentication Token")
        return Answer(403, (*answer.headers, header), answer.body)
    prefix = f"arn:aws:execute-api:{region}:{account}:{api.id}/"
    inner = unquote(rest)
    authorizer = None
    if method.get("authorizationType") == "CUSTOM":
        given = deployment.deployed["authorizers"].get(method.get("authorizerId"), {})
        source = [f"{prefix}authorizers/{given.get('id')}"]
        authorizer = Authorizer(
            kind=given.get("type", "REQUEST"),
            sources=tuple(entry.strip() for entry in given.get("identitySource", "").split(",") if entry.strip()),
            simple=False,
            function=callee(given.get("authorizerUri"), account, region, source),
        )
    elif method.get("authorizationType") not in (None, "NONE"):
        log.warning("the sandbox has custom authorizers only; %s %s of API %s stays closed", verb, resource, api.id)
        return _message(403, "Forbidden")
    integration = method.get("methodIntegration") or {}
    function = None
    if integration.get("type") == "AWS_PROXY":
        sources = [f"{prefix}{name}/{verb}/{inner}", f"{prefix}{name}/{verb}{resource}"]
        function = callee(integration.get("uri"), account, region, sources)
    return Called(
        account=account,
        api_id=str(api.id),
        stage=str(stage.name),
        stage_variables=dict(stage.variables),
        match=Match(f"{verb} {resource}", match.parameters),
        path=f"/{inner}",
        arn=f"{prefix}{name}/{verb}/{inner}",
        integration=integration,
        function=function,
        authorizer=authorizer,
        binary="*/*" in api.binaryMediaTypes,
    )


def make_event(called: Called, request: Request) -> dict[str, Any]:
    """The event of a Lambda proxy: API Gateway developer guide, "Input format of a Lambda function for proxy"."""
    now = datetime.now(UTC)
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        headers.setdefault(name, []).append(value)
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    verb, _, resource = called.match.route_key.partition(" ")
    body: str | None = None
    if request.body:
        body = base64.b64encode(request.body).decode() if called.binary else request.body.decode("utf-8", "replace")
    return {
        "resource": resource,
        "path": called.path,
        "httpMethod": verb,
        "headers": {name: values[-1] for name, values in headers.items()} or None,
        "multiValueHeaders": headers or None,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(called.match.parameters) or None,
        "stageVariables": dict(called.stage_variables) or None,
        "requestContext": {
            "accountId": called.account,
            "apiId": called.api_id,
            "domainName": request.header("host"),
            "domainPrefix": called.api_id,
            "httpMethod": verb,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": request.header("user-agent") or None},
            "path": f"/{called.stage}{called.path}",
            "protocol": "HTTP/1.1",
            "requestId": str(uuid4()),
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(time.time() * 1000),
            "resourcePath": resource,
            "stage": called.stage,
        },
        "body": body,
        "isBase64Encoded": body is not None and called.binary,
    }


def read_result(done: Invocation, *, binary: bool) -> Answer:
    """The HTTP answer a function's result stands for; a failed function or a malformed result is a 502."""
    malformed = _message(502, "Internal server error")
    result = None if done.failed else json.loads(done.payload)
    if not isinstance(result, dict) or "statusCode" not in result:
        return malformed
    try:
        status = int(result["statusCode"])
        body = result.get("body")
        if not isinstance(body, str | None):
            return malformed
        decodes = binary and result.get("isBase64Encoded")
        data = base64.b64decode(body or "", validate=True) if decodes else (body or "").encode()
        headers = [(str(name), _header(value)) for name, value in (result.get("headers") or {}).items()]
        several = (result.get("multiValueHeaders") or {}).items()
        repeated = {name.lower() for name, _ in several}
        headers = [pair for pair in headers if pair[0].lower() not in repeated]
        headers += [(str(name), _header(value)) for name, values in several for value in values]
    except (TypeError, ValueError, AttributeError, binascii.Error):
        return malformed
    if not 100 <= status <= 599 or any(re.search(r"[\r\n]", name + value) for name, value in headers):
        return malformed
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return Answer(status, tuple(pair for pair in headers if pair[0].lower() not in _HOP), data)


def _header(value: Any) -> str:
    if not isinstance(value, str | int | float):
        raise TypeError("a header is no text")
    return str(value).lower() if isinstance(value, bool) else str(value)


def mocked(integration: Mapping[str, Any]) -> Answer:
    """What a MOCK integration answers: the response of the status its request template names, with literal headers."""
    asked = re.search(
        r'"?statusCode"?\s*:\s*(\d{3})', (integration.get("requestTemplates") or {}).get("application/json") or ""
    )
    responses = integration.get("integrationResponses") or {}
    response = responses.get(asked.group(1)) if asked else None
    if response is None:
        return _message(500, "Internal server error")
    headers = [
        (name.removeprefix("method.response.header."), value[1:-1])
        for name, value in (response.get("responseParameters") or {}).items()
        if value.startswith("'")
    ]
    body = (response.get("responseTemplates") or {}).get("application/json") or ""
    return Answer(int(response["statusCode"]), (("Content-Type", "application/json"), *headers), body.encode())


def _message(status: int, text: str) -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps({"message": text}).encode())
