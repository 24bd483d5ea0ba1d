"""botocore's exceptions as the engine's errors, in words that give no sent value away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from deployments.aws.catalogue import BAD_CREDENTIALS, INVALID, REGION, UNAVAILABLE, meaning
from deployments.engine.errors import CloudError

_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    TokenRetrievalError,
    SSOTokenLoadError,
    UnauthorizedSSOTokenError,
)
_SECRET_PARAMETERS = frozenset({"Variables", "SecretString", "SecretBinary", "Body", "ZipFile"})
_HIDDEN = "(hidden)"


def cloud_error(error: Exception, *, service: str, operation: str, parameters: Mapping[str, Any]) -> CloudError:
    """botocore's exception as the engine's, its words free of the values that were sent."""
    request_id = ""
    match error:
        case ClientError():
            answer = error.response
            code = str(answer.get("Error", {}).get("Code", "Unknown"))
            said = str(answer.get("Error", {}).get("Message") or code)
            metadata = answer.get("ResponseMetadata", {})
            request_id = str(metadata.get("RequestId", ""))
            failure = meaning(code, said, int(metadata.get("HTTPStatusCode", 0)))
        case ParamValidationError():
            code, said, failure = "ParamValidation", _misfits(str(error)), INVALID
        case NoRegionError():
            code, said, failure = "NoRegion", "no region is set", REGION
        case _ if isinstance(error, _NO_CREDENTIALS):
            code, said, failure = type(error).__name__, "no usable credentials were found", BAD_CREDENTIALS
        case HTTPClientError() | ConnectionError():
            code, said, failure = type(error).__name__, "no answer from the service's endpoint", UNAVAILABLE
        case BotoCoreError():
            code, said, failure = type(error).__name__, "the answer could not be understood", UNAVAILABLE
        case _:
            raise error
    said = without_values(said, parameters).rstrip(".")
    return CloudError(
        f"{failure.cause[0].upper()}{failure.cause[1:]} ({service} {operation}, {code}): {said}.",
        service=service,
        operation=operation,
        code=code,
        category=failure.category,
        request_id=request_id,
        advice=failure.advice,
    )


def without_values(message: str, parameters: Mapping[str, Any]) -> str:
    """`message` without the secret values AWS may have quoted back from the call's parameters."""
    for value in sorted(set(_secrets(parameters)), key=len, reverse=True):
        message = message.replace(value, _HIDDEN)
    # "1 validation error detected: Value '{A=...}' at 'environment' failed ..." quotes whole structures.
    return re.sub(r"[Vv]alue '.*?' at '", f"Value {_HIDDEN} at '", message, flags=re.DOTALL)


def _secrets(value: Any, inside: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _secrets(entry, inside or key in _SECRET_PARAMETERS)
    elif isinstance(value, list):
        for entry in value:
            yield from _secrets(entry, inside)
    elif inside and isinstance(value, str) and len(value) >= 4:
        yield value


def _misfits(report: str) -> str:
    """The parameter names of botocore's validation report; its other words quote values."""
    names = re.findall(r'parameter (?:in [\w.\[\]]+: )?"?([\w.\[\]]+)"?', report)
    missing = re.findall(r'in (?:[\w.\[\]]+): "(\w+)"', report)
    return "parameters do not fit: " + ", ".join(dict.fromkeys([*names, *missing])) if names or missing else "bad call"
