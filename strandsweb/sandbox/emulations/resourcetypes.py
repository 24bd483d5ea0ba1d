"""The resource types that the sandbox's Cloud Control API knows, each in terms of its service's own calls.

Properties are those of the CloudFormation schemas: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from strandsweb.sandbox.operations import Place

Model = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResourceType:
    """How one type is made, read, changed, removed and listed with a boto3 client of `service`."""

    service: str
    identifier: str
    properties: frozenset[str]
    create: Callable[[Any, Model, Place], str]
    read: Callable[[Any, str, Place], Model]
    update: Callable[[Any, str, Model, Model], None]
    delete: Callable[[Any, str], None]
    ids: Callable[[Any, Place], Iterable[str]]
    required: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    create_only: frozenset[str] = frozenset()


def _changed(before: Model, after: Model, *names: str) -> bool:
    return any(before.get(name) != after.get(name) for name in names)


def _pairs(tags: Iterable[dict[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags or []}


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _filled(model: Model) -> Model:
    return {name: value for name, value in model.items() if value not in (None, "", [], {})}


def _tag_changes(before: dict[str, str], after: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Tags to set and keys to remove."""
    return {k: v for k, v in after.items() if before.get(k) != v}, [key for key in before if key not in after]


# --- AWS::Kinesis::Stream


def _create_stream(client: Any, model: Model, place: Place) -> str:
    name: str = model["Name"]
    options = {} if "ShardCount" not in model else {"ShardCount": model["ShardCount"]}
    mode = model.get("StreamModeDetails") or {"StreamMode": "PROVISIONED" if options else "ON_DEMAND"}
    client.create_stream(StreamName=name, StreamModeDetails=mode, **options)
    made = _read_stream(client, name, place)
    _update_stream(client, name, made, made | model)
    return name


def _read_stream(client: Any, name: str, place: Place) -> Model:
    summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    model = {
        "Name": name,
        "Arn": summary["StreamARN"],
        "RetentionPeriodHours": summary["RetentionPeriodHours"],
        "StreamModeDetails": summary["StreamModeDetails"],
        "Tags": client.list_tags_for_stream(StreamName=name)["Tags"],
    }
    if summary["StreamModeDetails"]["StreamMode"] == "PROVISIONED":
        model["ShardCount"] = summary["OpenShardCount"]
    if summary.get("EncryptionType", "NONE") != "NONE":
        model["StreamEncryption"] = {"EncryptionType": summary["EncryptionType"], "KeyId": summary["KeyId"]}
    return _filled(model)


def _update_stream(client: Any, name: str, before: Model, after: Model) -> None:
    hours, wanted = before["RetentionPeriodHours"], after.get("RetentionPeriodHours", 24)
    if wanted > hours:
        client.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=wanted)
    elif wanted < hours:
        client.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=wanted)
    if _changed(before, after, "StreamModeDetails") and after.get("StreamModeDetails"):
        client.update_stream_mode(StreamARN=before["Arn"], StreamModeDetails=after["StreamModeDetails"])
    if after.get("ShardCount") and _changed(before, after, "ShardCount"):
        client.update_shard_count(StreamName=name, TargetShardCount=after["ShardCount"], ScalingType="UNIFORM_SCALING")
    if _changed(before, after, "StreamEncryption"):
        if before.get("StreamEncryption"):
            client.stop_stream_encryption(StreamName=name, **before["StreamEncryption"])
        if after.get("StreamEncryption"):
            client.start_stream_encryption(StreamName=name, **after["StreamEncryption"])
    added, removed = _tag_changes(_pairs(before.get("Tags")), _pairs(after.get("Tags")))
    if added:
        client.add_tags_to_stream(StreamName=name, Tags=added)
    if removed:
        client.remove_tags_from_stream(StreamName=name, TagKeys=removed)


# --- AWS::SSM::Parameter

_PARAMETER = ("Type", "Value", "Description", "AllowedPattern", "Tier", "DataType")


def _create_parameter(client: Any, model: Model, place: Place) -> str:
    name: str = model["Name"]
    given = {key: model[key] for key in (*_PARAMETER, "Policies") if key in model}
    client.put_parameter(Name=name, Tags=_listed(model.get("Tags") or {}), **given)
    return name


def _read_parameter(client: Any, name: str, place: Place) -> Model:
    value = client.get_parameter(Name=name)["Parameter"]
    only = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
    described = client.describe_parameters(ParameterFilters=only)["Parameters"][0]
    tags = client.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    model = {key: described.get(key) for key in _PARAMETER} | {"Name": name, "Tags": _pairs(tags)}
    return _filled(model | {"Type": value["Type"], "Value": value["Value"]})


def _update_parameter(client: Any, name: str, before: Model, after: Model) -> None:
    if _changed(before, after, *_PARAMETER):
        given = {key: after[key] for key in _PARAMETER if key in after}
        client.put_parameter(Name=name, Overwrite=True, **given)
    added, removed = _tag_changes(before.get("Tags") or {}, after.get("Tags") or {})
    if added:
        client.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=_listed(added))
    if removed:
        client.remove_tags_from_resource(ResourceType="Parameter", ResourceId=name, TagKeys=removed)


# --- AWS::ECR::Repository


def _create_repository(client: Any, model: Model, place: Place) -> str:
    name: str = model["RepositoryName"]
    names = {"ImageTagMutability": "imageTagMutability"}
    given = {names[key]: model[key] for key in names if key in model}
    if "EncryptionConfiguration" in model:
        encryption = model["EncryptionConfiguration"]
        given["encryptionConfiguration"] = {key[0].lower() + key[1:]: value for key, value in encryption.items()}
    client.create_repository(repositoryName=name, tags=model.get("Tags") or [], **given)
    made = _read_repository(client, name, place)
    _update_repository(client, name, made, made | model)
    return name


def _read_repository(client: Any, name: str, place: Place) -> Model:
    found = client.describe_repositories(repositoryNames=[name])["repositories"][0]
    encryption = found.get("encryptionConfiguration") or {}
    model: Model = {
        "RepositoryName": name,
        "Arn": found["repositoryArn"],
        "RepositoryUri": found["repositoryUri"],
        "ImageTagMutability": found["imageTagMutability"],
        "ImageScanningConfiguration": {"ScanOnPush": found["imageScanningConfiguration"].get("scanOnPush", False)},
        "EncryptionConfiguration": {key[0].upper() + key[1:]: value for key, value in encryption.items()},
        "Tags": client.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"],
    }
    with contextlib.suppress(client.exceptions.LifecyclePolicyNotFoundException):
        text = client.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
        model["LifecyclePolicy"] = {"LifecyclePolicyText": text}
    with contextlib.suppress(client.exceptions.RepositoryPolicyNotFoundException):
        model["RepositoryPolicyText"] = json.loads(client.get_repository_policy(repositoryName=name)["policyText"])
    return _filled(model)


def _update_repository(client: Any, name: str, before: Model, after: Model) -> None:
    if _changed(before, after, "ImageTagMutability"):
        mutability = after.get("ImageTagMutability", "MUTABLE")
        client.put_image_tag_mutability(repositoryName=name, imageTagMutability=mutability)
    if _changed(before, after, "ImageScanningConfiguration"):
        scan = {"scanOnPush": (after.get("ImageScanningConfiguration") or {}).get("ScanOnPush", False)}
        client.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration=scan)
    if _changed(before, after, "LifecyclePolicy"):
        if after.get("LifecyclePolicy"):
            text = after["LifecyclePolicy"]["LifecyclePolicyText"]
            client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)
        else:
            client.delete_lifecycle_policy(repositoryName=name)
    if _changed(before, after, "RepositoryPolicyText"):
        if after.get("RepositoryPolicyText"):
            policy = after["RepositoryPolicyText"]
            text = policy if isinstance(policy, str) else json.dumps(policy)
            client.set_repository_policy(repositoryName=name, policyText=text)
        else:
            client.delete_repository_policy(repositoryName=name)
    added, removed = _tag_changes(_pairs(before.get("Tags")), _pairs(after.get("Tags")))
    if added:
        client.tag_resource(resourceArn=before["Arn"], tags=_listed(added))
    if removed:
        client.untag_resource(resourceArn=before["Arn"], tagKeys=removed)


# --- AWS::SQS::Queue

_QUEUE_NUMBERS = {
    "DelaySeconds": "DelaySeconds",
    "MaximumMessageSize": "MaximumMessageSize",
    "MessageRetentionPeriod": "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout": "VisibilityTimeout",
    "KmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
}
_QUEUE_SWITCHES = ("FifoQueue", "ContentBasedDeduplication", "SqsManagedSseEnabled")
_QUEUE_TEXTS = ("KmsMasterKeyId", "DeduplicationScope", "FifoThroughputLimit")
_QUEUE_JSON = ("RedrivePolicy", "RedriveAllowPolicy")


def _queue_attributes(model: Model) -> dict[str, str]:
    attributes = {key: str(model[key]) for key in (*_QUEUE_NUMBERS, *_QUEUE_TEXTS) if key in model}
    attributes |= {key: str(model[key]).lower() for key in _QUEUE_SWITCHES if key in model}
    return attributes | {key: json.dumps(model[key]) for key in _QUEUE_JSON if model.get(key)}


def _create_queue(client: Any, model: Model, place: Place) -> str:
    attributes = {key: value for key, value in _queue_attributes(model).items() if value != "false"}
    try:
        client.get_queue_url(QueueName=model["QueueName"])
    except client.exceptions.QueueDoesNotExist:
        client.create_queue(QueueName=model["QueueName"], Attributes=attributes, tags=_pairs(model.get("Tags")))
        return f"http://{place.host}/{place.account}/{model['QueueName']}"
    details = {"Code": "QueueNameExists", "Message": "A queue of this name already exists."}
    raise ClientError({"Error": details}, "CreateQueue")


def _read_queue(client: Any, url: str, place: Place) -> Model:
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    model: Model = {key: int(attributes[key]) for key in _QUEUE_NUMBERS if key in attributes}
    model |= {key: attributes[key] == "true" for key in _QUEUE_SWITCHES if key in attributes}
    model |= {key: attributes[key] for key in _QUEUE_TEXTS if key in attributes}
    model |= {key: json.loads(attributes[key]) for key in _QUEUE_JSON if attributes.get(key)}
    tags = client.list_queue_tags(QueueUrl=url).get("Tags", {})
    name = url.rpartition("/")[2]
    own = {"QueueUrl": f"http://{place.host}/{place.account}/{name}", "QueueName": name}
    return _filled(model | own | {"Arn": attributes["QueueArn"], "Tags": _listed(tags)})


def _update_queue(client: Any, url: str, before: Model, after: Model) -> None:
    old, new = _queue_attributes(before), _queue_attributes(after)
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    changed |= {key: "" for key in _QUEUE_JSON if key in old and key not in new}
    if changed:
        client.set_queue_attributes(QueueUrl=url, Attributes=changed)
    added, removed = _tag_changes(_pairs(before.get("Tags")), _pairs(after.get("Tags")))
    if added:
        client.tag_queue(QueueUrl=url, Tags=added)
    if removed:
        client.untag_queue(QueueUrl=url, TagKeys=removed)


def _delete_queue(client: Any, url: str) -> None:
    client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])  # DeleteQueue succeeds for what is not there
    client.delete_queue(QueueUrl=url)


TYPES: dict[str, ResourceType] = {
    "AWS::Kinesis::Stream": ResourceType(
        "kinesis",
        "Name",
        frozenset(["ShardCount", "RetentionPeriodHours", "StreamModeDetails", "StreamEncryption", "Tags"]),
        _create_stream,
        _read_stream,
        _update_stream,
        lambda client, name: client.delete_stream(StreamName=name),
        lambda client, _: client.list_streams()["StreamNames"],
        read_only=frozenset(["Arn"]),
        create_only=frozenset(["Name"]),
    ),
    "AWS::SSM::Parameter": ResourceType(
        "ssm",
        "Name",
        frozenset([*_PARAMETER, "Policies", "Tags"]),
        _create_parameter,
        _read_parameter,
        _update_parameter,
        lambda client, name: client.delete_parameter(Name=name),
        lambda client, _: [item["Name"] for item in client.describe_parameters()["Parameters"]],
        required=frozenset(["Type", "Value"]),
        create_only=frozenset(["Name"]),
    ),
    "AWS::ECR::Repository": ResourceType(
        "ecr",
        "RepositoryName",
        frozenset(["ImageTagMutability", "ImageScanningConfiguration", "LifecyclePolicy", "RepositoryPolicyText"])
        | {"EmptyOnDelete", "Tags"},
        _create_repository,
        _read_repository,
        _update_repository,
        lambda client, name: client.delete_repository(repositoryName=name),
        lambda client, _: [item["repositoryName"] for item in client.describe_repositories()["repositories"]],
        read_only=frozenset(["Arn", "RepositoryUri"]),
        create_only=frozenset(["RepositoryName", "EncryptionConfiguration"]),
    ),
    "AWS::SQS::Queue": ResourceType(
        "sqs",
        "QueueUrl",
        frozenset([*_QUEUE_NUMBERS, *_QUEUE_TEXTS, *_QUEUE_JSON, "ContentBasedDeduplication", "SqsManagedSseEnabled"])
        | {"Tags"},
        _create_queue,
        _read_queue,
        _update_queue,
        _delete_queue,
        lambda client, place: [
            f"http://{place.host}/{place.account}/{url.rpartition('/')[2]}"
            for url in client.list_queues().get("QueueUrls", [])
        ],
        read_only=frozenset(["Arn", "QueueUrl"]),
        create_only=frozenset(["QueueName", "FifoQueue"]),
    ),
}
