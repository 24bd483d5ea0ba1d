"""What exists in the sandbox, by account, region and CloudFormation type: for tests, benches and the curious."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.apigatewayv2.models import apigatewayv2_backends
from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.dynamodb.models import dynamodb_backends
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

# Per type: the backends that hold it, and the physical ids (CloudFormation's Ref, parents first) in one of them.
KINDS: dict[str, tuple[Any, Callable[[Any], Iterable[str]]]] = {
    "AWS::ApiGatewayV2::Api": (apigatewayv2_backends, lambda b: b.apis),
    "AWS::ApiGatewayV2::Integration": (
        apigatewayv2_backends,
        lambda b: [f"{api.api_id}/{key}" for api in b.apis.values() for key in api.integrations],
    ),
    "AWS::ApiGatewayV2::Route": (
        apigatewayv2_backends,
        lambda b: [f"{api.api_id}/{key}" for api in b.apis.values() for key in api.routes],
    ),
    "AWS::ApiGatewayV2::Stage": (
        apigatewayv2_backends,
        lambda b: [f"{api.api_id}/{key}" for api in b.apis.values() for key in api.stages],
    ),
    "AWS::CloudWatch::Alarm": (cloudwatch_backends, lambda b: b.alarms),
    "AWS::DynamoDB::Table": (dynamodb_backends, lambda b: b.tables),
    "AWS::Events::EventBus": (events_backends, lambda b: [name for name in b.event_buses if name != "default"]),
    "AWS::IAM::Role": (iam_backends, lambda b: [role.name for role in b.roles.values()]),
    "AWS::Lambda::EventSourceMapping": (lambda_backends, lambda b: b._event_source_mappings),
    "AWS::Lambda::Function": (lambda_backends, lambda b: [item.function_name for item in b._lambdas.latest()]),
    "AWS::Lambda::Permission": (
        lambda_backends,
        lambda b: [
            f"{item.function_name}/{statement['Sid']}"
            for item in b._lambdas.latest()
            for statement in item.policy.statements
        ],
    ),
    "AWS::Logs::LogGroup": (logs_backends, lambda b: b.groups),
    "AWS::S3::Bucket": (s3_backends, lambda b: b.buckets),
    "AWS::SNS::Topic": (sns_backends, lambda b: b.topics),
    "AWS::SQS::Queue": (sqs_backends, lambda b: b.queues),
    "AWS::SecretsManager::Secret": (
        secretsmanager_backends,
        lambda b: [item.arn for item in b.secrets.values() if not item.is_deleted()],
    ),
}


def take_inventory() -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
    """{account: {region: {type: {"count": n, "ids": [...]}}}}, nothing empty. The caller holds the cloud's lock."""
    found: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for kind, (backends, ids_of) in KINDS.items():
        for account, region, backend in backends.iter_backends():
            ids = sorted(ids_of(backend))
            if ids:
                found.setdefault(account, {}).setdefault(region, {})[kind] = {"count": len(ids), "ids": ids}
    return found
