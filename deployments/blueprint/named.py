"""The configuration's own resources, one function per type, with defaults fit for production."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws.naming import Names
from deployments.blueprint.draft import Draft
from deployments.blueprint.generic import add_generic
from deployments.blueprint.identifiers import pascal
from deployments.blueprint.values import Output
from projects.configuration.model import Configuration, ResourceSpec

ALARM_TOPIC = "alerts"
"""The sns resource of this name, when there is one, is told of alarms."""

DEFAULT_MAX_RECEIVES = 5  # what Lambda's guide asks for at least, so that throttled messages are not given up
DEAD_LETTER_RETENTION = 1_209_600  # 14 days, the longest there is: somebody has to notice first

BUCKET_DEFAULTS: Mapping[str, Any] = {
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    },
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    "PublicAccessBlockConfiguration": {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    },
}

_STATEFUL = frozenset({"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"})

# CloudFormation types that may be written out in full: what they are called by, and the name they then get.
_FULL_TYPES: Mapping[str, tuple[str, str, Callable[[Names, str], str]]] = {
    "AWS::DynamoDB::Table": ("table", "TableName", Names.table),
    "AWS::Events::EventBus": ("event bus", "Name", Names.event_bus),
    "AWS::S3::Bucket": ("bucket", "BucketName", Names.bucket),
    "AWS::SNS::Topic": ("topic", "TopicName", Names.topic),
    "AWS::SQS::Queue": ("queue", "QueueName", Names.queue),
    "AWS::SecretsManager::Secret": ("secret", "Name", Names.secret),
}


def add_named(draft: Draft, configuration: Configuration) -> dict[str, str]:
    """Adds every resource of the configuration; returns logical ids by name (of those that could be added)."""
    dead_letter_queues = {spec.properties.get("dead_letter_queue") for spec in configuration.resources}
    added: dict[str, str] = {}
    for index, spec in enumerate(configuration.resources):
        path = f"resources[{index}]"
        match spec.type:
            case "s3":
                added[spec.name] = _bucket(draft, spec, path)
            case "dynamodb":
                added[spec.name] = _table(draft, spec, path)
            case "sqs":
                added[spec.name] = _queue(draft, spec, path, is_dead_letter_queue=spec.name in dead_letter_queues)
            case "sns":
                added[spec.name] = _topic(draft, spec, path, alarms=configuration.shared.monitoring.alarms)
            case "eventbridge":
                added[spec.name] = _event_bus(draft, spec, path)
            case "secret":
                added[spec.name] = _secret(draft, spec, path)
            case kind if kind in _FULL_TYPES:
                added[spec.name] = _full(draft, spec, path)
            case _:
                logical_id = add_generic(draft, spec, path, kept=_is_kept(draft, spec, spec.type))
                if logical_id is not None:
                    added[spec.name] = logical_id
    return added


def alarm_topic(draft: Draft, configuration: Configuration) -> str:
    """The logical id of the topic alarms go to: the configuration's own, or one that is added for it."""
    if any(_takes_alarms(spec) for spec in configuration.resources):
        return pascal(ALARM_TOPIC, "topic")
    return draft.add("AlarmsTopic", "AWS::SNS::Topic", {"TopicName": draft.names.topic("alarms")})


def _takes_alarms(spec: ResourceSpec) -> bool:
    return spec.name == ALARM_TOPIC and spec.type == "sns" and not spec.properties.get("fifo")


def _put(draft: Draft, spec: ResourceSpec, path: str, logical_id: str, kind: str, properties: dict[str, Any]) -> str:
    kept = _is_kept(draft, spec, kind)
    return draft.add(logical_id, kind, properties, tags=spec.tags, retain=kept, line=spec.line, path=path)


def _is_kept(draft: Draft, spec: ResourceSpec, kind: str) -> bool:
    """What the configuration says; else what holds data stays in protected environments."""
    return spec.retain if spec.retain is not None else draft.facts.protected and kind in _STATEFUL


def _output(draft: Draft, logical_id: str, description: str, attribute: str | None = None) -> None:
    draft.outputs.append(Output(logical_id, logical_id, attribute, description))


def _bucket(draft: Draft, spec: ResourceSpec, path: str) -> str:
    rules: list[dict[str, Any]] = [
        {
            "Id": "abort-incomplete-uploads",
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }
    ]
    versioning = spec.properties.get("versioning", True)
    if days := spec.properties.get("expire_after_days"):
        rule: dict[str, Any] = {"Id": "expire", "Status": "Enabled", "ExpirationInDays": days}
        if versioning:
            rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
        rules.append(rule)
    properties = {
        "BucketName": draft.names.bucket(spec.name),
        **BUCKET_DEFAULTS,
        "LifecycleConfiguration": {"Rules": rules},
    }
    if versioning:
        properties["VersioningConfiguration"] = {"Status": "Enabled"}
    logical_id = _put(draft, spec, path, pascal(spec.name, "bucket"), "AWS::S3::Bucket", properties)
    _output(draft, logical_id, f"Name of the bucket {spec.name}")
    return logical_id


def _table(draft: Draft, spec: ResourceSpec, path: str) -> str:
    """Encryption at rest is always on in DynamoDB; a key of one's own is a choice, not a default."""
    wanted = spec.properties
    keys = [(wanted["partition_key"], wanted.get("partition_key_type", "S"), "HASH")]
    if wanted.get("sort_key"):
        keys.append((wanted["sort_key"], wanted.get("sort_key_type", "S"), "RANGE"))
    properties: dict[str, Any] = {
        "TableName": draft.names.table(spec.name),
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind, _ in keys],
        "KeySchema": [{"AttributeName": name, "KeyType": role} for name, _, role in keys],
        "BillingMode": "PAY_PER_REQUEST",
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled": bool(wanted.get("point_in_time_recovery", True))
        },
    }
    if _is_kept(draft, spec, "AWS::DynamoDB::Table"):
        properties["DeletionProtectionEnabled"] = True
    if wanted.get("time_to_live"):
        properties["TimeToLiveSpecification"] = {"AttributeName": wanted["time_to_live"], "Enabled": True}
    if wanted.get("stream"):
        properties["StreamSpecification"] = {"StreamViewType": wanted["stream"].upper().replace("-", "_")}
    logical_id = _put(draft, spec, path, pascal(spec.name, "table"), "AWS::DynamoDB::Table", properties)
    _output(draft, logical_id, f"Name of the table {spec.name}")
    return logical_id


def _queue(draft: Draft, spec: ResourceSpec, path: str, *, is_dead_letter_queue: bool) -> str:
    """A queue never loses what nobody could process: without a dead letter queue of its own choice it gets one."""
    wanted = spec.properties
    fifo = bool(wanted.get("fifo"))
    kind = {"FifoQueue": True, "ContentBasedDeduplication": True} if fifo else {}
    properties: dict[str, Any] = {
        "QueueName": draft.names.queue(spec.name, fifo=fifo),
        "VisibilityTimeout": wanted.get("visibility_timeout", 30),
        "MessageRetentionPeriod": wanted.get("retention", 345_600),
        "DelaySeconds": wanted.get("delay", 0),
        "SqsManagedSseEnabled": True,
        **kind,
    }
    dead = wanted.get("dead_letter_queue")
    dead_id = pascal(dead, "queue") if dead else None
    if not dead and not is_dead_letter_queue:
        dead_id = draft.add(
            pascal(spec.name, "dead letter queue"),
            "AWS::SQS::Queue",
            {
                "QueueName": draft.names.queue(f"{spec.name}-dead-letters", fifo=fifo),
                "MessageRetentionPeriod": DEAD_LETTER_RETENTION,
                "SqsManagedSseEnabled": True,
                **kind,
            },
            tags=spec.tags,
            line=spec.line,
            path=path,
        )
    if dead_id:
        properties["RedrivePolicy"] = {
            "deadLetterTargetArn": {"Fn::GetAtt": [dead_id, "Arn"]},
            "maxReceiveCount": wanted.get("max_receives") or DEFAULT_MAX_RECEIVES,
        }
    logical_id = _put(draft, spec, path, pascal(spec.name, "queue"), "AWS::SQS::Queue", properties)
    _output(draft, logical_id, f"Address of the queue {spec.name}")
    return logical_id


def _topic(draft: Draft, spec: ResourceSpec, path: str, *, alarms: bool) -> str:
    """Encrypted with AWS's key, except where alarms go: CloudWatch cannot publish to a topic under that key."""
    fifo = bool(spec.properties.get("fifo"))
    properties: dict[str, Any] = {"TopicName": draft.names.topic(spec.name, fifo=fifo)}
    if fifo:
        properties |= {"FifoTopic": True, "ContentBasedDeduplication": True}
    if not (alarms and _takes_alarms(spec)):
        properties["KmsMasterKeyId"] = "alias/aws/sns"
    if spec.properties.get("display_name"):
        properties["DisplayName"] = spec.properties["display_name"]
    logical_id = _put(draft, spec, path, pascal(spec.name, "topic"), "AWS::SNS::Topic", properties)
    _output(draft, logical_id, f"ARN of the topic {spec.name}")
    return logical_id


def _event_bus(draft: Draft, spec: ResourceSpec, path: str) -> str:
    properties = {"Name": draft.names.event_bus(spec.name)}
    if spec.properties.get("description"):
        properties["Description"] = spec.properties["description"]
    logical_id = _put(draft, spec, path, pascal(spec.name, "event bus"), "AWS::Events::EventBus", properties)
    _output(draft, logical_id, f"Name of the event bus {spec.name}")
    return logical_id


def _secret(draft: Draft, spec: ResourceSpec, path: str) -> str:
    """The value never passes through here: the service makes a random one, until a person enters the real one."""
    properties: dict[str, Any] = {
        "Name": draft.names.secret(spec.name),
        "Description": spec.properties.get("description") or f"{spec.name} of {draft.facts.project}",
        "GenerateSecretString": {"ExcludePunctuation": True, "PasswordLength": 40},
    }
    logical_id = _put(draft, spec, path, pascal(spec.name, "secret"), "AWS::SecretsManager::Secret", properties)
    _output(draft, logical_id, f"ARN of the secret {spec.name}")
    return logical_id


def _full(draft: Draft, spec: ResourceSpec, path: str) -> str:
    """A resource in CloudFormation's own properties: taken as it is written, named if it names itself not."""
    noun, name_property, name = _FULL_TYPES[spec.type]
    properties = dict(spec.properties)
    if properties.pop("Tags", None) is not None:
        draft.problem(spec.line, f"{path}.properties", "Tags do not belong into properties", "write tags beside them")
    properties.setdefault(name_property, name(draft.names, spec.name))
    logical_id = _put(draft, spec, path, pascal(spec.name, noun), spec.type, properties)
    _output(draft, logical_id, f"The {noun} {spec.name}")
    return logical_id
