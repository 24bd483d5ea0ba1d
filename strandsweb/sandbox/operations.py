"""Operations that moto lacks, as functions from parameters to a result; botocore's models parse and serialize them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as MotoRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from moto.moto_api._internal import mock_random

from strandsweb.sandbox.calls import SIGNATURE, Call
from strandsweb.sandbox.messages import Answer, Request


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when an operation happens: `seconds` since the epoch, `access_key` of whoever asks, at `host`."""

    account: str
    region: str
    seconds: float
    access_key: str = ""
    host: str = "127.0.0.1"


class Refused(Exception):
    """AWS's answer is an error; nothing has been changed. Amendments of moto's classes may raise it too."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


Operation = Callable[[Place, dict[str, Any]], Mapping[str, Any]]
OPERATIONS: dict[tuple[str, str], Operation] = {}


def place_of(request: Request, call: Call, seconds: float) -> Place:
    """The caller's account, as moto works it out, and region. The caller holds the cloud's lock."""
    signature = SIGNATURE.search(request.header("authorization"))
    access_key = signature.group(1) if signature else ""
    account = request.header("x-moto-account-id") or str(get_account_id_from(access_key))
    return Place(account, call.region, seconds, access_key, request.header("host", "127.0.0.1"))


def perform(request: Request, call: Call, seconds: float) -> Answer | None:
    """The answer of one of `OPERATIONS`, None when moto is to answer. Raises Refused."""
    operation = OPERATIONS.get((call.service, call.operation))
    if operation is None:
        return None
    service = get_service_model(call.service)
    model = service.operation_model(call.operation)
    result = operation(place_of(request, call, seconds), parameters_of(request, call))
    protocol = determine_request_protocol(service, request.header("content-type"))
    answer = get_serializer_class(call.service, protocol)(operation_model=model).serialize(dict(result))
    body = answer["body"]
    headers = [(str(name), str(value)) for name, value in answer["headers"].items()]
    headers.append(("x-amzn-requestid", str(mock_random.uuid4())))
    return Answer(answer["status_code"], tuple(headers), body if isinstance(body, bytes) else str(body).encode())


def parameters_of(request: Request, call: Call) -> dict[str, Any]:
    """What the request asks for, by the names of the API reference."""
    service = get_service_model(call.service)
    model = service.operation_model(call.operation)
    asked = MotoRequest(request.to_environ())
    protocol = determine_request_protocol(service, asked.content_type)
    url_parameters: dict[str, Any] = {}
    if protocol.startswith("rest"):
        _, url_parameters = get_service_router(call.service).match(asked)
    parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol](model).parse(
        {
            "method": request.method,
            "values": asked.values,
            "headers": asked.headers,
            "body": request.body,
            "url_path": request.path,
            "url_params": url_parameters,
        }
    )
    return parsed
