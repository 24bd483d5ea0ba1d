"""Function URLs that answer: who may ask, CORS, and the function behind it (payload format 2.0)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import lambda_backends

from strandsweb.sandbox.calls import SIGNATURE
from strandsweb.sandbox.cloud import Cloud
from strandsweb.sandbox.functions.invocations import CannotInvoke, Functions
from strandsweb.sandbox.functions.spec import FunctionSpec, find, policy_of
from strandsweb.sandbox.httpapi import Target, cors_headers, make_event, read_result
from strandsweb.sandbox.messages import Answer, Request
from strandsweb.sandbox.routes import Match

_ACTIONS = frozenset({"lambda:InvokeFunctionUrl", "lambda:*", "*"})


@dataclass(frozen=True, slots=True)
class _Url:
    """A function URL's configuration; `cors` by API Gateway's names."""

    function: FunctionSpec
    auth_type: str
    cors: dict[str, Any]
    open_to_all: bool


class FunctionUrls:
    """Answers calls of the function URLs of every account, at `/_urls/{id}`."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions

    def answer(self, url_id: str, path: str, request: Request) -> Answer:
        with self._cloud.lock:
            url = _find(url_id)
        origin = request.header("origin")
        if url is None:
            return _message(404, "Not Found")
        if request.method == "OPTIONS" and origin and request.header("access-control-request-method"):
            return Answer(204, tuple(cors_headers(url.cors, origin, preflight=True)))
        signed = SIGNATURE.search(request.header("authorization")) is not None
        if not (signed if url.auth_type == "AWS_IAM" else url.open_to_all):
            return _message(403, "Forbidden")
        target = Target(url.function.account, url_id, "$default", {}, Match("$default"), url.function)
        try:
            done = self._functions.invoke(url.function, json.dumps(make_event(target, path, request)))
        except CannotInvoke as problem:
            return _message(429 if problem.status == 429 else 502, "Internal Server Error")
        answer = _message(502, "Internal Server Error") if done.failed else read_result(done)
        return Answer(answer.status, (*answer.headers, *cors_headers(url.cors, origin, preflight=False)), answer.body)


def _find(url_id: str) -> _Url | None:
    backend: Any
    for account, region, backend in lambda_backends.iter_backends():
        for function in backend._lambdas.all():
            config = function.url_config
            if config is not None and f"//{url_id}." in config.url:
                version = function.function_arn.split(":function:")[1].partition(":")[2] or None
                spec = find(account, region, function.function_name, version)
                cors = {key[0].lower() + key[1:]: value for key, value in (config.config.get("Cors") or {}).items()}
                return _Url(spec, config.config["AuthType"], cors, any(map(_opens, policy_of(spec))))
    return None


def _opens(statement: dict[str, Any]) -> bool:
    """Whether a statement lets everybody call the URL; the condition on the auth type is the only one it may have."""
    principal = statement.get("Principal")
    conditions = {key.lower(): value for one in statement.get("Condition", {}).values() for key, value in one.items()}
    return (
        statement.get("Effect") == "Allow"
        and statement.get("Action") in _ACTIONS
        and principal in ("*", {"AWS": "*"})
        and conditions in ({}, {"lambda:functionurlauthtype": "NONE"})
    )


def _message(status: int, text: str) -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps({"Message": text}).encode())
