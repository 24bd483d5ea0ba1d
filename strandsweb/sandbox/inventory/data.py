"""What keeps, carries, watches and permits: stores, queues, topics, buses, logs, alarms, roles, secrets."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.dynamodb.models import dynamodb_backends
from moto.ecr.models import ecr_backends
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.kinesis.models import kinesis_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.ssm.models import ssm_backends
from moto.xray.models import xray_backends

from strandsweb.sandbox.inventory.kinds import Kinds


def _rules(backend: Any) -> list[str]:
    return [
        name if bus.name == "default" else f"{bus.name}|{name}"
        for bus in backend.event_buses.values()
        for name in bus.rules
    ]


KINDS: Kinds = {
    "AWS::CloudWatch::Alarm": (cloudwatch_backends, lambda b: b.alarms),
    "AWS::CloudWatch::Dashboard": (cloudwatch_backends, lambda b: b.dashboards),
    "AWS::DynamoDB::Table": (dynamodb_backends, lambda b: b.tables),
    "AWS::ECR::Repository": (ecr_backends, lambda b: b.repositories),
    "AWS::Events::EventBus": (events_backends, lambda b: [name for name in b.event_buses if name != "default"]),
    "AWS::Events::Rule": (events_backends, _rules),
    "AWS::IAM::ManagedPolicy": (
        iam_backends,
        lambda b: [arn for arn in b.managed_policies if f":{b.account_id}:policy/" in arn],
    ),
    "AWS::IAM::Role": (iam_backends, lambda b: [role.name for role in b.roles.values()]),
    "AWS::Kinesis::Stream": (kinesis_backends, lambda b: b.streams),
    "AWS::Logs::LogGroup": (logs_backends, lambda b: b.groups),
    "AWS::S3::Bucket": (s3_backends, lambda b: b.buckets),
    "AWS::S3::BucketPolicy": (s3_backends, lambda b: [name for name, bucket in b.buckets.items() if bucket.policy]),
    "AWS::SNS::Subscription": (sns_backends, lambda b: b.subscriptions),
    "AWS::SNS::Topic": (sns_backends, lambda b: b.topics),
    "AWS::SNS::TopicPolicy": (
        sns_backends,
        lambda b: [arn for arn, one in b.topics.items() if one._policy_json.get("Id") != "__default_policy_ID"],
    ),
    "AWS::SQS::Queue": (sqs_backends, lambda b: b.queues),
    "AWS::SQS::QueuePolicy": (sqs_backends, lambda b: [name for name, queue in b.queues.items() if queue.policy]),
    "AWS::SSM::Parameter": (
        ssm_backends,
        lambda b: [name for name in dict.keys(b._parameters) if not name.startswith("/aws/")],
    ),
    "AWS::SecretsManager::RotationSchedule": (
        secretsmanager_backends,
        lambda b: [item.arn for item in b.secrets.values() if item.rotation_enabled and not item.is_deleted()],
    ),
    "AWS::SecretsManager::Secret": (
        secretsmanager_backends,
        lambda b: [item.arn for item in b.secrets.values() if not item.is_deleted()],
    ),
    "AWS::XRay::Group": (xray_backends, lambda b: vars(b).get("groups", ())),
}
