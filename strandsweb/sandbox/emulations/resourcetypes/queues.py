"""AWS::SQS::Queue, in terms of its service's own calls."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from strandsweb.sandbox.emulations.resourcetypes.model import (
    Model,
    ResourceType,
    filled,
    listed,
    pairs,
    tag_changes,
)
from strandsweb.sandbox.operations import Place

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
        client.create_queue(QueueName=model["QueueName"], Attributes=attributes, tags=pairs(model.get("Tags")))
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
    return filled(model | own | {"Arn": attributes["QueueArn"], "Tags": listed(tags)})


def _update_queue(client: Any, url: str, before: Model, after: Model) -> None:
    old, new = _queue_attributes(before), _queue_attributes(after)
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    changed |= {key: "" for key in _QUEUE_JSON if key in old and key not in new}
    if changed:
        client.set_queue_attributes(QueueUrl=url, Attributes=changed)
    added, removed = tag_changes(pairs(before.get("Tags")), pairs(after.get("Tags")))
    if added:
        client.tag_queue(QueueUrl=url, Tags=added)
    if removed:
        client.untag_queue(QueueUrl=url, TagKeys=removed)


def _delete_queue(client: Any, url: str) -> None:
    client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])  # DeleteQueue succeeds for what is not there
    client.delete_queue(QueueUrl=url)


QUEUE = ResourceType(
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
)
