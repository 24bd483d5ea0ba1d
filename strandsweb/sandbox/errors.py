"""AWS errors in the protocol of their service, so that boto3 raises a ClientError with the right code."""

from __future__ import annotations

import json
from uuid import uuid4
from xml.sax.saxutils import escape

from moto.core.utils import get_service_model

from strandsweb.sandbox.calls import Call
from strandsweb.sandbox.messages import Answer, Request


def error_answer(request: Request, call: Call, *, code: str, message: str, status: int) -> Answer:
    """An error answer as the service of `call` would write it; formats: https://smithy.io/2.0/aws/protocols/."""
    identifier = str(uuid4())
    headers: list[tuple[str, str]] = [("x-amzn-requestid", identifier), ("x-amz-request-id", identifier)]
    fault = "Sender" if status < 500 else "Receiver"
    match _protocol(request, call.service):
        case "cbor":
            body = b"\xa2" + b"".join(_cbor_text(text) for text in ("__type", code, "message", message))
            headers += [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]
            headers.append(("x-amzn-query-error", f"{code};{fault}"))
        case "json":
            body = json.dumps({"__type": code, "message": message}).encode()
            headers += [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-query-error", f"{code};{fault}")]
        case "rest-json":
            body = json.dumps({"message": message, "Message": message, "Type": "User"}).encode()
            headers += [("Content-Type", "application/json"), ("x-amzn-errortype", code)]
        case "ec2":
            error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
            body = f"<Response><Errors>{error}</Errors><RequestID>{identifier}</RequestID></Response>".encode()
            headers.append(("Content-Type", "text/xml"))
        case "s3":
            inner = (
                f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message><RequestId>{identifier}</RequestId>"
            )
            body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()
            headers.append(("Content-Type", "application/xml"))
        case _:
            inner = f"<Type>{fault}</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
            body = f"<ErrorResponse><Error>{inner}</Error><RequestId>{identifier}</RequestId></ErrorResponse>".encode()
            headers.append(("Content-Type", "text/xml"))
    return Answer(status, tuple(headers), body)


def unsupported(request: Request, call: Call, reason: str = "") -> Answer:
    """What an operation the sandbox lacks answers: 400, which boto3 does not retry."""
    name = f"{call.service}:{call.operation}" if call.operation else f"{request.method} {request.path} ({call.service})"
    message = f"The sandbox cannot perform {name}." + (f" {reason}" if reason else "")
    return error_answer(request, call, code="UnsupportedOperation", message=message, status=400)


def _protocol(request: Request, service: str) -> str:
    if request.header("smithy-protocol"):
        return "cbor"
    if request.header("x-amz-target"):
        return "json"
    if service == "s3":
        return "s3"
    try:
        return str(get_service_model(service).protocol)
    except Exception:  # a service botocore does not know: any well-formed error is better than none
        return "rest-json"


def _cbor_text(text: str) -> bytes:
    """A CBOR text string (RFC 8949, major type 3) with a two-byte length."""
    data = text.encode()[:65_535]
    return b"\x79" + len(data).to_bytes(2, "big") + data
