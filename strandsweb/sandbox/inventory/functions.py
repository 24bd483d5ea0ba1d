"""Functions with what starts, publishes and addresses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.awslambda.models import lambda_backends

from strandsweb.sandbox.inventory.kinds import Kinds


def _all(backend: Any) -> Iterator[Any]:
    for group in backend._lambdas._functions.values():
        yield group["latest"]
        yield from group["versions"]


KINDS: Kinds = {
    "AWS::Lambda::Alias": (
        lambda_backends,
        lambda b: [alias.arn for aliases in b._lambdas._aliases.values() for alias in aliases.values()],
    ),
    "AWS::Lambda::EventSourceMapping": (lambda_backends, lambda b: b._event_source_mappings),
    "AWS::Lambda::Function": (lambda_backends, lambda b: [item.function_name for item in b._lambdas.latest()]),
    "AWS::Lambda::LayerVersion": (
        lambda_backends,
        lambda b: [
            f"{layer.layer_arn}:{number}" for layer in b._layers._layers.values() for number in layer.layer_versions
        ],
    ),
    "AWS::Lambda::Permission": (
        lambda_backends,
        lambda b: [
            f"{item.function_name}/{statement['Sid']}"
            for item in b._lambdas.latest()
            for statement in item.policy.statements
        ],
    ),
    "AWS::Lambda::Url": (
        lambda_backends,
        lambda b: [item.function_arn for item in b._lambdas.latest() if item.url_config is not None],
    ),
    "AWS::Lambda::Version": (
        lambda_backends,
        lambda b: [item.function_arn for item in _all(b) if str(item.version) != "$LATEST"],
    ),
}
