"""boto3 clients for the sandbox's own work, which reach the cloud without a socket, added latency or faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from strandsweb.sandbox.calls import identify
from strandsweb.sandbox.messages import Answer, Request

ACCESS_KEY = "SANDBOXSANDBOXSANDBO"  # who asks when the sandbox itself does, in the form moto recognizes
_CONFIG = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


class _Raw:
    """The part of urllib3's response that botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, amt: int = 0, decode_content: bool = True) -> Any:
        yield self._body


class Insider:
    """Makes and keeps clients per service, account and region."""

    def __init__(self, perform: Callable[..., Answer]) -> None:
        self._perform = perform
        self._session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key="sandbox")  # noqa: S106 (moto checks no secrets)
        self._clients: dict[tuple[str, str, str], Any] = {}

    def client(self, service: str, account: str, region: str) -> Any:
        """A client acting in `account`; safe to share between threads once made."""
        key = (service, account, region)
        if key not in self._clients:
            client = self._session.client(service, region, endpoint_url="http://127.0.0.1", config=_CONFIG)
            client.meta.events.register("before-send", lambda request, **_: self._send(request, account))
            self._clients[key] = client
        return self._clients[key]

    def _send(self, prepared: AWSPreparedRequest, account: str) -> AWSResponse:
        parts = urlsplit(prepared.url)
        headers = [(name.lower(), _text(value)) for name, value in prepared.headers.items()]
        headers += [("x-moto-account-id", account), ("host", parts.netloc)]
        body = prepared.body or b""
        request = Request(
            prepared.method,
            parts.path + (f"?{parts.query}" if parts.query else ""),
            tuple(headers),
            body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else body.read(),
        )
        answer = self._perform(request, identify(request))
        return AWSResponse(prepared.url, answer.status, dict(answer.headers), _Raw(answer.body))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
