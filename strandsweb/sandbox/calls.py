"""Which AWS operation a request asks for, as boto3 and CloudTrail spell it, and the ring of calls seen so far."""

from __future__ import annotations

import re
import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl

from moto.core.request import Request as MotoRequest
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

from strandsweb.sandbox.messages import Request

# Services whose name in a signature is not the one boto3 gives them.
SIGNING_NAMES = {
    "monitoring": "cloudwatch",
    "elasticloadbalancing": "elbv2",
    "email": "ses",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
    "eventbridge": "events",
    "cloudcontrolapi": "cloudcontrol",
    "servicequotas": "service-quotas",
}
# Services that sign with one name and differ only in the operations they have.
RIVALS = {
    "bedrock": ("bedrock", "bedrock-agent", "bedrock-runtime", "bedrock-agent-runtime"),
    "bedrock-agentcore": ("bedrock-agentcore-control", "bedrock-agentcore"),
}
# CloudTrail's readOnly: these begin like a change or like nothing in particular, yet change nothing the caller owns.
READ_PREFIXES = (
    "Get", "List", "Describe", "Head", "BatchGet", "Query", "Scan", "Select", "Filter", "Search", "Lookup", "Simulate",
    "Test", "Validate", "Check", "Estimate", "TransactGet", "AssumeRole", "DecodeAuthorizationMessage",
)  # fmt: skip
READS = frozenset(
    {"Decrypt", "Encrypt", "GenerateDataKey", "GenerateMac", "GenerateRandom", "Sign", "Verify", "VerifyMac"}
)
SIGNATURE = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS operation: `service` and `operation` are empty when they could not be worked out."""

    service: str
    operation: str
    region: str = "us-east-1"

    @property
    def write(self) -> bool:
        """Whether CloudTrail would call it a change."""
        return not (self.operation in READS or self.operation.startswith(READ_PREFIXES))

    @property
    def durable(self) -> bool:
        """Whether moto's state changes by it: every change, and credentials handed out, which later calls present."""
        return self.write or self.operation.startswith("AssumeRole")


def identify(request: Request) -> Call:
    """Works out service, operation and region from signature, target header, Action parameter or path."""
    parameters = request.parameters()
    signature = SIGNATURE.search(request.header("authorization"))
    presigned = parameters.get("X-Amz-Credential", "").split("/")
    if signature:
        region, name = signature.group(2), signature.group(3)
    elif len(presigned) == 5:
        region, name = presigned[2], presigned[3]
    else:
        region, name = "us-east-1", "s3"  # an unsigned request: moto too takes it for S3
    service = _service(name, request)
    for rival in RIVALS.get(service, ()):
        operation = _operation(rival, request, parameters)
        if operation:
            return Call(rival, operation, region)
    return Call(service, _operation(service, request, parameters), region)


def _service(signing_name: str, request: Request) -> str:
    target = request.header("x-amz-target")
    if signing_name == "apigateway" and request.path.startswith("/v2/"):
        return "apigatewayv2"
    if target.startswith("DynamoDBStreams"):
        return "dynamodbstreams"
    if signing_name == "s3" and request.path.startswith("/v20180820/"):
        return "s3control"
    return SIGNING_NAMES.get(signing_name, signing_name)


def _operation(service: str, request: Request, parameters: dict[str, str]) -> str:
    target = request.header("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    if request.header("smithy-protocol"):
        return request.path.rpartition("/operation/")[2]
    if service != "s3":
        if request.header("content-type").startswith("application/x-www-form-urlencoded"):
            parameters = parameters | dict(parse_qsl(request.body.decode("utf-8", "replace")))
        if "Action" in parameters:
            return parameters["Action"]
    try:
        operation, _ = get_service_router(service).match(MotoRequest(request.to_environ()))
    except (NotFound, NotImplementedError, LookupError, ValueError):
        return ""
    except Exception as error:  # botocore's UnknownServiceError and kin: a service nobody knows has no operations
        if type(error).__module__.startswith("botocore"):
            return ""
        raise
    return str(operation.name)


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A call that was answered; `milliseconds` includes added latency, `write` is CloudTrail's sense of the word."""

    number: int
    service: str
    operation: str
    status: int
    milliseconds: float
    write: bool


class CallRing:
    """The last calls, numbered from 1 without gaps; older ones are forgotten."""

    def __init__(self, size: int = 20_000) -> None:
        self._lock = threading.Lock()
        self._calls: deque[CallSeen] = deque(maxlen=size)
        self._number = 0

    def add(self, call: Call, status: int, milliseconds: float) -> None:
        with self._lock:
            self._number += 1
            seen = CallSeen(self._number, call.service, call.operation, status, round(milliseconds, 2), call.write)
            self._calls.append(seen)

    def since(self, number: int) -> dict[str, Any]:
        """The calls after `number` that are still known, and the number of the last call seen."""
        with self._lock:
            calls = [asdict(call) for call in self._calls if call.number > number]
            return {"last": self._number, "calls": calls}
