"""A deployed function as a value, read from moto's Lambda backend."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

from strandsweb.sandbox.functions.pool import Key


class FunctionNotFound(Exception):
    """There is no such function; the message is the ARN that was asked for."""


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """What is needed to run one version of a function. Memory in MiB, timeout in seconds."""

    account: str
    region: str
    name: str
    arn: str
    version: str
    handler: str
    runtime: str
    role: str
    memory_mib: int
    timeout_seconds: int
    concurrency: int | None
    environment: dict[str, str] = field(repr=False)
    code_sha256: str = ""
    code: bytes = field(default=b"", repr=False)
    log_group: str = ""

    @property
    def key(self) -> Key:
        settings = [self.handler, self.runtime, self.role, self.memory_mib, self.environment, self.code_sha256]
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        return Key(f"{self.arn}:{self.version}", digest)


def find(account: str, region: str, name: str, qualifier: str | None = None) -> FunctionSpec:
    """The function of that name or ARN. Raises FunctionNotFound. The caller holds the cloud's lock."""
    parts = name.split(":")
    if name.startswith("arn:") and len(parts) > 6:
        region, account = parts[3], parts[4]
    try:
        function: Any = lambda_backends[account][region].get_function(name, qualifier)
    except UnknownFunctionException:
        arn = name if name.startswith("arn:") else f"arn:aws:lambda:{region}:{account}:function:{name}"
        raise FunctionNotFound(f"{arn}:{qualifier}" if qualifier else arn) from None
    version = function.function_arn.split(":function:")[1].partition(":")[2] or "$LATEST"
    return FunctionSpec(
        account=account,
        region=region,
        name=function.function_name,
        arn=f"arn:aws:lambda:{region}:{account}:function:{function.function_name}",
        version=version,
        handler=function.handler or "",
        runtime=function.run_time or "",
        role=function.role,
        memory_mib=int(function.memory_size),
        timeout_seconds=int(function.timeout),
        concurrency=None if function.reserved_concurrency is None else int(function.reserved_concurrency),
        environment={key: str(value) for key, value in function.environment_vars.items()},
        code_sha256=function.code_sha_256,
        code=getattr(function, "code_bytes", b""),
        log_group=function.logging_config.get("LogGroup") or f"/aws/lambda/{function.function_name}",
    )


def policy_of(spec: FunctionSpec) -> list[dict[str, Any]]:
    """The statements of the function's resource policy. The caller holds the cloud's lock."""
    function = lambda_backends[spec.account][spec.region].get_function(
        spec.name, None if spec.version == "$LATEST" else spec.version
    )
    return list(function.policy.statements)
