"""HTTP APIs that answer: stage, CORS, route, authorizer, and the Lambda function behind it (payload format 2.0).

Throttling is left out.
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

from moto.apigatewayv2.models import Api, apigatewayv2_backends

from strandsweb.sandbox.authorizers import FUNCTION_ARN, Authorizer, ask_for_http, callee
from strandsweb.sandbox.cloud import Cloud
from strandsweb.sandbox.functions.invocations import CannotInvoke, Functions, Invocation
from strandsweb.sandbox.functions.spec import FunctionSpec
from strandsweb.sandbox.messages import Answer, Request
from strandsweb.sandbox.routes import Match, match_route

log = logging.getLogger(__name__)

_TEXT = re.compile(r"^(text/.*|application/(.*\+)?(json|xml|javascript))$")


@dataclass(frozen=True, slots=True)
class Target:
    """The route that answers a request, the function behind it, and whoever is asked first; `arn` is the route's."""

    account: str
    api_id: str
    stage: str
    stage_variables: dict[str, str]
    match: Match
    function: FunctionSpec
    arn: str = ""
    authorizer: Authorizer | None = None


class HttpApis:
    """Answers calls of the HTTP APIs of every account."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions

    def answer(self, api_id: str, path: str, request: Request) -> Answer:
        """Answers `request`, whose path within the API is `path` (percent-encoded, from the stage on)."""
        origin = request.header("origin")
        with self._cloud.lock:
            found = _find_api(api_id)
            cors: Any = (found[2].cors_configuration if found else None) or {}
            preflight = request.method == "OPTIONS" and origin and request.header("access-control-request-method")
            if cors and preflight:
                return Answer(204, tuple(cors_headers(cors, origin, preflight=True)))
            target = _find_target(*found, path, request.method) if found else _message(404, "Not Found")
        answer = target if isinstance(target, Answer) else self._invoke(target, path, request)
        if cors:
            kept = [pair for pair in answer.headers if not pair[0].lower().startswith("access-control-")]
            answer = Answer(answer.status, (*kept, *cors_headers(cors, origin, preflight=False)), answer.body)
        return answer

    def _invoke(self, target: Target, path: str, request: Request) -> Answer:
        event = make_event(target, path, request)
        if target.authorizer is not None:
            verdict = ask_for_http(self._functions, target.authorizer, request, event, target.arn)
            if isinstance(verdict, Answer):
                return verdict
            event["requestContext"]["authorizer"] = verdict.context
        try:
            return read_result(self._functions.invoke(target.function, json.dumps(event)))
        except CannotInvoke as problem:
            log.warning("API %s could not invoke %s: %s", target.api_id, target.function.arn, problem)
            return _message(500, "Internal Server Error")


def _find_api(api_id: str) -> tuple[str, str, Api] | None:
    backend: Any
    for account, region, backend in apigatewayv2_backends.iter_backends():
        api = backend.apis.get(api_id)
        if api is not None and api.protocol_type == "HTTP" and not api.disable_execute_api_endpoint:
            return account, region, api
    return None


def _find_target(account: str, region: str, api: Api, path: str, method: str) -> Target | Answer:
    """The function that is to answer, or AWS's answer when there is none. The caller holds the cloud's lock."""
    first, _, rest = path.lstrip("/").partition("/")
    name = unquote(first) if first and unquote(first) in api.stages else "$default"
    inner = path if name == "$default" else f"/{rest}"
    stage = api.stages.get(name)
    if stage is None or not stage.auto_deploy:  # nothing else deploys a stage here, so that it has no deployment
        return _message(404, "Not Found")
    routes = {route.route_key: route for route in api.routes.values()}
    match = match_route(routes, method, inner)
    if match is None:
        return _message(404, "Not Found")
    route = routes[match.route_key]
    integration = api.integrations.get((route.target or "").removeprefix("integrations/"))
    uri = integration.integration_uri if integration else None
    if integration is None or integration.integration_type != "AWS_PROXY" or not FUNCTION_ARN.search(uri or ""):
        log.warning("%s of API %s has no Lambda integration", match.route_key, api.api_id)
        return _message(500, "Internal Server Error")
    if integration.payload_format_version not in {None, "2.0"}:
        log.warning("API %s: the sandbox knows payload format 2.0 only", api.api_id)
        return _message(500, "Internal Server Error")
    whole = f"arn:aws:execute-api:{region}:{account}:{api.api_id}/"
    authorizer = None
    if route.authorization_type == "CUSTOM":
        authorizer = _authorizer(api.authorizers.get(route.authorizer_id or ""), account, region, whole)
    if (route.authorization_type or "NONE") != "NONE" and authorizer is None:
        log.warning("the sandbox cannot authorize %s of API %s: it stays closed", match.route_key, api.api_id)
        return _message(403, "Forbidden")
    prefix = f"{whole}{name}/"
    pattern = match.route_key.partition(" ")[2]
    sources = [f"{prefix}{method}{pattern}", f"{prefix}{method}{inner}"] if pattern else [f"{prefix}$default"]
    function = callee(uri, account, region, sources)
    if function is None:
        return _message(500, "Internal Server Error")
    return Target(
        account,
        api.api_id,
        name,
        dict(stage.stage_variables or {}),
        match,
        function,
        f"{prefix}{method}{inner}",
        authorizer,
    )


def _authorizer(found: Any, account: str, region: str, whole: str) -> Authorizer | None:
    """A route's authorizer of payload format 2.0."""
    if found is None or found.authorizer_type != "REQUEST" or found.auth_payload_format_version != "2.0":
        return None
    function = callee(found.authorizer_uri, account, region, [f"{whole}authorizers/{found.id}"])
    return Authorizer("REQUEST", tuple(found.identity_source or ()), bool(found.enable_simple_response), function)


def make_event(target: Target, path: str, request: Request) -> dict[str, Any]:
    """The event of payload format 2.0: API Gateway developer guide, "AWS Lambda proxy integrations for HTTP APIs"."""
    headers = {name: value for name, value in request.headers if name != "cookie"}
    domain = request.header("host")
    now = datetime.now(UTC)
    text = _body_text(request)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": target.match.route_key,
        "rawPath": unquote(path),
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": target.account,
            "apiId": target.api_id,
            "domainName": domain,
            "domainPrefix": target.api_id,
            "http": {
                "method": request.method,
                "path": unquote(path),
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": request.header("user-agent"),
            },
            "requestId": str(uuid4()),
            "routeKey": target.match.route_key,
            "stage": target.stage,
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(time.time() * 1000),
        },
        "isBase64Encoded": text is None,
    }
    if request.header("cookie"):
        event["cookies"] = [cookie.strip() for cookie in request.header("cookie").split(";")]
    if request.query:
        query: dict[str, str] = {}
        for name, value in parse_qsl(request.query, keep_blank_values=True):
            query[name] = f"{query[name]},{value}" if name in query else value
        event["queryStringParameters"] = query
    if target.match.parameters:
        event["pathParameters"] = target.match.parameters
    if target.stage_variables:
        event["stageVariables"] = target.stage_variables
    if request.body:
        event["body"] = base64.b64encode(request.body).decode() if text is None else text
    return event


def _body_text(request: Request) -> str | None:
    """The body as text, None when it must travel as base64."""
    kind = request.header("content-type").partition(";")[0].strip().lower()
    if request.body and kind and not _TEXT.match(kind):
        return None
    try:
        return request.body.decode()
    except UnicodeDecodeError:
        return None


def read_result(done: Invocation) -> Answer:
    """The HTTP answer a function's result stands for; a failed function or an ill-formed result is a 500."""
    if done.failed:
        return _message(500, "Internal Server Error")
    result = json.loads(done.payload)
    if not isinstance(result, dict) or "statusCode" not in result:
        return Answer(200, (("Content-Type", "application/json"),), done.payload.encode())
    try:
        status = int(result["statusCode"])
        body = result.get("body", "")
        body = body if isinstance(body, str) else json.dumps(body)
        data = base64.b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
        headers = [(str(name), str(value)) for name, value in (result.get("headers") or {}).items()]
        headers += [("Set-Cookie", str(cookie)) for cookie in result.get("cookies") or []]
    except (TypeError, ValueError, AttributeError, binascii.Error):
        return _message(500, "Internal Server Error")
    if not 100 <= status <= 599 or any(re.search(r"[\r\n]", name + value) for name, value in headers):
        return _message(500, "Internal Server Error")
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain; charset=utf-8"))
    hop = {"connection", "transfer-encoding", "keep-alive", "upgrade", "content-length"}  # the server's own business
    return Answer(status, tuple(pair for pair in headers if pair[0].lower() not in hop), data)


def cors_headers(cors: Mapping[str, Any], origin: str, *, preflight: bool) -> list[tuple[str, str]]:
    """The CORS headers of a configured API for a caller from `origin`; none when it is not allowed."""
    allowed = cors.get("allowOrigins") or []
    wild = "*" in allowed or ("https://*" in allowed and origin.startswith("https://"))
    if not origin or not (wild or origin in allowed):
        return []
    headers = [("Access-Control-Allow-Origin", "*" if "*" in allowed else origin)]
    if cors.get("allowCredentials"):
        headers.append(("Access-Control-Allow-Credentials", "true"))
    if cors.get("exposeHeaders"):
        headers.append(("Access-Control-Expose-Headers", ",".join(cors["exposeHeaders"])))
    if preflight:
        for key, name in (("allowMethods", "Methods"), ("allowHeaders", "Headers")):
            if cors.get(key):
                headers.append((f"Access-Control-Allow-{name}", ",".join(cors[key])))
        if cors.get("maxAge"):
            headers.append(("Access-Control-Max-Age", str(cors["maxAge"])))
    return headers


def _message(status: int, text: str) -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps({"message": text}).encode())
