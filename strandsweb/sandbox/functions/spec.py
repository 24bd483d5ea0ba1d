"""A deployed function as a value, read from moto's Lambda backend."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
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
    alias: str = ""
    layers: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    dead_letter_arn: str = ""
    retries: int = 2

    @property
    def invoked_arn(self) -> str:
        """The ARN the function was called by: with the alias or the version, if one was named."""
        qualifier = self.alias or self.version
        return self.arn if qualifier == "$LATEST" else f"{self.arn}:{qualifier}"

    @property
    def key(self) -> Key:
        settings = [self.handler, self.runtime, self.role, self.memory_mib, self.environment, self.code_sha256]
        settings += [layer for layer, _ in self.layers]
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
    alias = _alias(lambda_backends[account][region], function.function_name, qualifier or _qualifier(name))
    if alias is not None:
        function = _routed(lambda_backends[account][region], function, alias)
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
        concurrency=_reserved(lambda_backends[account][region].get_function(function.function_name)),
        environment={key: str(value) for key, value in function.environment_vars.items()},
        code_sha256=function.code_sha_256,
        code=getattr(function, "code_bytes", b""),
        log_group=function.logging_config.get("LogGroup") or f"/aws/lambda/{function.function_name}",
        alias=alias.name if alias is not None else "",
        layers=tuple(_layers(function)),
        dead_letter_arn=function.dead_letter_config.get("TargetArn") or "",
        retries=_retries(function),
    )


def _qualifier(name: str) -> str | None:
    parts = name.split(":")
    if name.startswith("arn:"):
        return parts[7] if len(parts) > 7 else None
    return parts[1] if len(parts) == 2 else None


def _alias(backend: Any, name: str, qualifier: str | None) -> Any:
    return backend._lambdas._get_function_aliases(name).get(qualifier) if qualifier else None


def _routed(backend: Any, function: Any, alias: Any) -> Any:
    """The version an alias sends this call to: each additional one gets its share, the main one the rest."""
    weights = (alias.routing_config or {}).get("AdditionalVersionWeights") or {}
    drawn = random.random()
    for version, weight in sorted(weights.items()):
        if drawn < float(weight):
            return backend.get_function(function.function_name, version)
        drawn -= float(weight)
    return function


def _layers(function: Any) -> Iterator[tuple[str, bytes]]:
    """(ARN, zip) of a function's layers, in their order."""
    for layer in function.layers:
        arn = str(layer["Arn"])
        version = lambda_backends[arn.split(":")[4]][arn.split(":")[3]].layers_versions_by_arn(arn)
        if version is not None:
            yield arn, version.code_bytes


def _reserved(function: Any) -> int | None:
    """The concurrency reserved for a function, all its versions together."""
    return None if function.reserved_concurrency is None else int(function.reserved_concurrency)


def _retries(function: Any) -> int:
    for config in function.event_invoke_config[-1:]:
        if config.get("MaximumRetryAttempts") is not None:
            return int(config["MaximumRetryAttempts"])
    return 2


def policy_of(spec: FunctionSpec) -> list[dict[str, Any]]:
    """The statements of the function's resource policy. The caller holds the cloud's lock."""
    function = lambda_backends[spec.account][spec.region].get_function(
        spec.name, None if spec.version == "$LATEST" else spec.version
    )
    return list(function.policy.statements)
