"""Functions that APIs ask whether a request may pass: what they are told, and what their answer means.

Answers are not kept, so that a changed authorizer decides at once, whatever its time to live.
Formats: API Gateway developer guide, "Control access to HTTP APIs with Lambda authorizers" and "Use API Gateway Lambda
authorizers" (REST).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from strandsweb.sandbox.functions.invocations import CannotInvoke, Functions
from strandsweb.sandbox.functions.spec import FunctionNotFound, FunctionSpec, find, policy_of
from strandsweb.sandbox.messages import Answer, Request
from strandsweb.sandbox.permissions import allows
from strandsweb.sandbox.policies import ALLOWED, DENIED, Asked, decide, statements_of

log = logging.getLogger(__name__)

FUNCTION_ARN = re.compile(r"arn:aws[\w-]*:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?")
_SOURCE = re.compile(r"(?:\$request|method\.request)\.(header|querystring)\.([^\s,]+)")


@dataclass(frozen=True, slots=True)
class Authorizer:
    """An authorizer as an API has it; `kind` is TOKEN or REQUEST, `function` None where it may not be invoked."""

    kind: str
    sources: tuple[str, ...]
    simple: bool
    function: FunctionSpec | None


@dataclass(frozen=True, slots=True)
class Passed:
    """The request may pass; `context` is what the function behind the API is told of the caller."""

    context: Mapping[str, Any]


def callee(uri: str | None, account: str, region: str, sources: list[str]) -> FunctionSpec | None:
    """The function of an integration or authorizer, None (logged) where there is none or it may not be invoked.

    `sources` are the ARNs that its resource policy may allow. The caller holds the cloud's lock.
    """
    arn = FUNCTION_ARN.search(uri or "")
    try:
        function = find(account, region, arn.group(0)) if arn else None
    except FunctionNotFound:
        function = None
    if function is None:
        log.warning("%s names no function that exists", uri)
    elif not allows(policy_of(function), service="apigateway.amazonaws.com", account=account, source_arns=sources):
        log.warning("%s may not be invoked: its resource policy does not allow %s", function.arn, sources[0])
        return None
    return function


def identity(sources: tuple[str, ...], request: Request) -> list[str] | None:
    """What the request says at the identity sources; None when it lacks one of them."""
    found = []
    for source in sources:
        matched = _SOURCE.fullmatch(source)
        if matched is None:
            log.warning("the sandbox does not know the identity source %s", source)
            return None
        kind, name = matched.groups()
        query = parse_qs(request.query)
        value = request.header(name.lower()) if kind == "header" else ",".join(query.get(name, []))
        if not value:
            return None
        found.append(value)
    return found


def ask_for_http(
    functions: Functions, authorizer: Authorizer, request: Request, event: Mapping[str, Any], route_arn: str
) -> Passed | Answer:
    """An HTTP API's question (payload format 2.0), and the answer of the API where the request may not pass."""
    said = identity(authorizer.sources, request)
    if said is None:
        return _message(401, "Unauthorized")
    told = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
    question = {**told, "type": "REQUEST", "routeArn": route_arn, "identitySource": said}
    verdict = _verdict(functions, authorizer, question)
    if isinstance(verdict, str):
        return _message(500, "Internal Server Error")
    if not authorizer.simple:
        decision = _decision(verdict, route_arn)
        passes = decision == ALLOWED
        if decision is None:
            return _message(500, "Internal Server Error")
    elif isinstance(verdict.get("isAuthorized"), bool):
        passes = verdict["isAuthorized"]
    else:
        return _message(500, "Internal Server Error")
    return Passed({"lambda": verdict.get("context")}) if passes else _message(403, "Forbidden")


def ask_for_rest(
    functions: Functions, authorizer: Authorizer, request: Request, event: Mapping[str, Any], method_arn: str
) -> Passed | Answer:
    """A REST API's question, by token or by request, and the answer of the API where the request may not pass."""
    said = identity(authorizer.sources, request)
    if said is None:
        return _message(401, "Unauthorized")
    question: dict[str, Any] = {"type": authorizer.kind, "methodArn": method_arn}
    if authorizer.kind == "TOKEN":
        question["authorizationToken"] = said[0]
    else:
        question |= {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
    verdict = _verdict(functions, authorizer, question)
    if verdict == "Unauthorized":  # what a function raises to say so
        return _message(401, "Unauthorized")
    decision = None if isinstance(verdict, str) else _decision(verdict, method_arn)
    if isinstance(verdict, str) or decision is None:
        return _message(500, None)
    if decision != ALLOWED:
        denied = " with an explicit deny" if decision == DENIED else ""
        return _message(403, f"User is not authorized to access this resource{denied}", key="Message")
    context = verdict.get("context") or {}
    return Passed({"principalId": verdict["principalId"], **{name: str(value) for name, value in context.items()}})


def _verdict(functions: Functions, authorizer: Authorizer, question: Mapping[str, Any]) -> dict[str, Any] | str:
    """What the function answers, or what went wrong."""
    if authorizer.function is None:
        return "the authorizer cannot be invoked"
    try:
        done = functions.invoke(authorizer.function, json.dumps(question))
    except CannotInvoke as problem:
        log.warning("the authorizer %s could not be invoked: %s", authorizer.function.arn, problem)
        return str(problem)
    answer = json.loads(done.payload)
    if done.failed:
        return str(answer.get("errorMessage", ""))
    return answer if isinstance(answer, dict) else "the authorizer's answer is no object"


def _decision(verdict: Mapping[str, Any], arn: str) -> str | None:
    """What the policy in the answer decides; None when the answer is malformed."""
    try:
        statements = statements_of(verdict["policyDocument"])
        if not isinstance(verdict["principalId"], str) or not statements:
            return None
        decision, _ = decide(statements, Asked("execute-api:Invoke", arn))
    except (KeyError, TypeError, ValueError):
        return None
    return decision


def _message(status: int, text: str | None, *, key: str = "message") -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps({key: text}).encode())
