"""The WSGI application in front of moto: who may ask, what is asked, and which part of the sandbox answers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from strandsweb.sandbox.calls import Call, identify
from strandsweb.sandbox.cloud import Cloud
from strandsweb.sandbox.control import Control
from strandsweb.sandbox.errors import error_answer
from strandsweb.sandbox.functions.invocations import Functions
from strandsweb.sandbox.functionurls import FunctionUrls
from strandsweb.sandbox.httpapi import HttpApis
from strandsweb.sandbox.messages import Answer, Request
from strandsweb.sandbox.operations import place_of
from strandsweb.sandbox.restapi import RestApis

_LOCAL = re.compile(r"^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$", re.IGNORECASE)
_EXECUTE_API = re.compile(r"^([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(:\d+)?$", re.IGNORECASE)
_API_ENDPOINT = re.compile(rb"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?")
_FUNCTION_URL = re.compile(rb"https://([a-z0-9]+)\.lambda-url\.[a-z0-9-]+\.on\.aws/?")
POLL_SECONDS = 0.1


class Front:
    """Answers every request of the sandbox; safe for any number of threads."""

    def __init__(
        self,
        cloud: Cloud,
        control: Control,
        functions: Functions,
        apis: HttpApis,
        rest_apis: RestApis,
        urls: FunctionUrls,
        address: Callable[[], str],
    ) -> None:
        self._cloud = cloud
        self._control = control
        self._functions = functions
        self._apis = apis
        self._rest_apis = rest_apis
        self._urls = urls
        self._address = address

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request.from_environ(environ)
        return self.answer(request).send(start_response, head=request.method == "HEAD")

    def answer(self, request: Request) -> Answer:
        host = request.header("host")
        execute_api = _EXECUTE_API.match(host)
        if execute_api:
            api_id = execute_api.group(1)
            apis = self._rest_apis if self._rest_apis.knows(api_id) else self._apis
            return apis.answer(api_id, request.path, request)
        if not _LOCAL.match(host):  # a foreign name that resolves to this machine: DNS rebinding
            return _refusal("This sandbox answers on the loopback interface only.")
        if request.path.startswith("/_apis/"):
            api_id, _, path = request.path.removeprefix("/_apis/").partition("/")
            return self._apis.answer(api_id, f"/{path}", request)
        if request.path.startswith("/_rest/"):
            api_id, _, path = request.path.removeprefix("/_rest/").partition("/")
            return self._rest_apis.answer(api_id, f"/{path}", request)
        if request.path.startswith("/_urls/"):
            url_id, _, path = request.path.removeprefix("/_urls/").partition("/")
            return self._urls.answer(url_id, f"/{path}", request)
        origin = request.header("origin")
        if origin and not _LOCAL.match(urlsplit(origin).netloc):  # a page of the web must not drive the sandbox
            return _refusal("Requests of foreign pages are refused.")
        if request.path.startswith("/_sandbox/"):
            return self._control.answer(request)
        if request.path.startswith("/moto-api/"):  # moto's own control plane would change state behind the journal
            return _refusal("Use /_sandbox/ instead.")
        return self._aws(request)

    def _aws(self, request: Request) -> Answer:
        """One AWS call: latency, faults, the operation itself, and a line in the ring of calls."""
        started = time.monotonic()
        call = identify(request)
        if self._control.latency_ms:
            time.sleep(self._control.latency_ms / 1000)
        fault = self._control.faults.take(call, request.uri.encode() + b"\n" + request.body)
        if fault is None or fault.after:
            answer = self._perform(request, call)
        if fault is not None:
            answer = error_answer(request, call, code=fault.code, message=fault.message, status=fault.status)
        self._control.calls.add(call, answer.status, (time.monotonic() - started) * 1000)
        return answer

    def _perform(self, request: Request, call: Call) -> Answer:
        if call.service == "lambda" and call.operation == "Invoke":
            with self._cloud.lock:
                account = place_of(request, call, time.time()).account
            return self._functions.answer(request, call, account)
        answer = self._cloud.perform(request, call)
        if call.service == "sqs" and call.operation == "ReceiveMessage":
            deadline = time.monotonic() + _wait_seconds(request)
            while answer.status == 200 and b"ReceiptHandle" not in answer.body and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
                answer = self._cloud.perform(request, call)
        if call.service == "apigatewayv2":
            # An HTTP API's endpoint is where the sandbox answers for it, on today's port.
            endpoint = rf"{self._address()}/_apis/\1".encode()
            answer = Answer(answer.status, answer.headers, _API_ENDPOINT.sub(endpoint, answer.body))
        if call.service == "lambda" and b".lambda-url." in answer.body:
            endpoint = rf"{self._address()}/_urls/\1/".encode()
            answer = Answer(answer.status, answer.headers, _FUNCTION_URL.sub(endpoint, answer.body))
        return answer


def _wait_seconds(request: Request) -> float:
    """A long poll's patience; nothing for the query protocol, which SDKs no longer speak."""
    try:
        return min(20.0, float(json.loads(request.body).get("WaitTimeSeconds") or 0))
    except (ValueError, TypeError, AttributeError):
        return 0.0


def _refusal(reason: str) -> Answer:
    return Answer(403, (("Content-Type", "application/json"),), json.dumps({"message": reason}).encode())
