"""What a deployed environment offers: its outputs with their values, and calling its API."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from deployments.errors import WorkflowError
from deployments.models import Deployment, StateEntry, Status
from projects.models import Environment

API_TIMEOUT_SECONDS = 30
ANSWER_MAX_BYTES = 256 * 1024
_REST_ADDRESS = re.compile(r"https://([a-z0-9]+)\.execute-api\.[^/]+(/.*)")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Output:
    """One output; `url`: the value is an address that can be opened; `method` and `path` name a route below it."""

    name: str
    value: str
    description: str
    url: bool = False
    agent: str = ""
    method: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said. `seconds` is wall time; `truncated` when the body was longer than we show."""

    status: int
    body_text: str
    seconds: float
    headers: dict[str, str] = field(default_factory=dict)
    truncated: bool = False


def outputs(environment: Environment) -> list[Output]:
    """The outputs of the environment's latest plan that ran, as far as their resources exist now."""
    latest = (
        Deployment.objects.filter(
            environment=environment, status__in=(Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
        )
        .exclude(kind="destroy")
        .select_related("plan")
        .order_by("-pk")
        .first()
    )
    if latest is None:
        return []
    entries = {entry.logical_id: entry for entry in StateEntry.objects.filter(environment=environment)}
    found = []
    for declared in latest.plan.outputs:
        entry = entries.get(declared["logical_id"])
        value = _value(environment, entry, declared["attribute"]) if entry else None
        if value is not None:
            found.append(
                Output(
                    name=declared["name"],
                    value=value,
                    description=declared["description"],
                    url=value.startswith(("http://", "https://")),
                    agent=declared.get("agent") or "",
                    method=declared.get("method") or "",
                    path=declared.get("path") or "",
                )
            )
    return found


def api_address(environment: Environment) -> str | None:
    """Where the environment's API answers, without a trailing slash; None when it has none."""
    kinds = ("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Api")
    api = StateEntry.objects.filter(environment=environment, type__in=kinds).first()
    return _value(environment, api, "ApiEndpoint") if api else None


def try_api(
    *, environment: Environment, method: str, path: str, body: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """Calls a path of the environment's own API and returns what it says; redirects are not followed.

    `headers` are the caller's own, as they would be needed where an agent decides which calls may pass.

    Raises:
        WorkflowError: there is no API, the path is none, or nothing answers.
    """
    address = api_address(environment)
    if address is None:
        raise WorkflowError("This environment has no API yet. Deploy an agent with routes first.")
    if method not in METHODS:
        raise WorkflowError(f"{method} is not an HTTP method that can be tried. Use one of {', '.join(METHODS)}.")
    if not path.startswith("/") or not path.isascii() or any(c.isspace() for c in path):
        raise WorkflowError("The path must start with / and hold no spaces.")
    where = urlsplit(address)
    secure = where.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = connect(where.netloc, timeout=API_TIMEOUT_SECONDS)
    sent = ({"Content-Type": "application/json"} if body else {}) | dict(headers or {})
    started = monotonic()
    try:
        connection.request(method, where.path + path, body=body.encode() or None, headers=sent)
        response = connection.getresponse()
        content = response.read(ANSWER_MAX_BYTES + 1)
    except OSError as error:
        raise WorkflowError(f"The API does not answer: {error}.") from error
    finally:
        connection.close()
    return Answer(
        status=response.status,
        body_text=content[:ANSWER_MAX_BYTES].decode("utf-8", "replace"),
        seconds=monotonic() - started,
        headers=dict(response.getheaders()),
        truncated=len(content) > ANSWER_MAX_BYTES,
    )


def _value(environment: Environment, entry: StateEntry, attribute: str | None) -> str | None:
    if entry.type == "AWS::ApiGateway::Stage":
        domain = "amazonaws.com.cn" if environment.region.startswith("cn-") else "amazonaws.com"
        place = f"{entry.body['properties']['RestApiId']}.execute-api.{environment.region}.{domain}"
        return _here(f"https://{place}/{entry.physical_id}")
    value: Any = entry.physical_id if attribute is None else entry.attributes.get(attribute)
    if not isinstance(value, str):
        return None
    return _here(value) if attribute == "ApiEndpoint" else value


def _here(address: str) -> str:
    """A sandbox's API at the address where the sandbox listens now; it may have moved since the deployment."""
    sandbox = (settings.AWS_ENDPOINT_URL or "").rstrip("/")
    marker = "/_apis/"
    if sandbox and marker in address:
        return sandbox + marker + address.split(marker, 1)[1]
    if sandbox and (rest := _REST_ADDRESS.match(address)):
        return f"{sandbox}/_rest/{rest[1]}{rest[2]}"
    return address
