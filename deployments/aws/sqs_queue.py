"""AWS::SQS::Queue: a queue, with its dead-letter queue if it has one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Refusal
from deployments.aws.tagged_apart import TaggedApart
from deployments.engine.canonical import dumps
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_NUMBERS: Mapping[str, int] = {
    "DelaySeconds": 0,
    "KmsDataKeyReusePeriodSeconds": 300,
    "MaximumMessageSize": 1048576,
    "MessageRetentionPeriod": 345600,
    "ReceiveMessageWaitTimeSeconds": 0,
    "VisibilityTimeout": 30,
}
_FLAGS: Mapping[str, bool] = {"ContentBasedDeduplication": False, "SqsManagedSseEnabled": True}
_WORDS: Mapping[str, str] = {"KmsMasterKeyId": "", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}
_DOCUMENTS = ("RedrivePolicy", "RedriveAllowPolicy")
_MUTABLE: Mapping[str, Any] = {**_NUMBERS, **_FLAGS, **_WORDS, **dict.fromkeys(_DOCUMENTS)}


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    normal = dict(properties)
    for name in _DOCUMENTS:
        if isinstance(normal.get(name), str):
            normal[name] = json.loads(normal[name])
    redrive = normal.get("RedrivePolicy")
    # SQS takes the count as text or number, and reports either.
    if isinstance(redrive, Mapping) and str(redrive.get("maxReceiveCount", "")).isdigit():
        normal["RedrivePolicy"] = {**redrive, "maxReceiveCount": int(redrive["maxReceiveCount"])}
    # With a KMS key, SQS's own encryption is off whatever the default says.
    if normal.get("KmsMasterKeyId"):
        normal.setdefault("SqsManagedSseEnabled", False)
    return normal


class SqsQueue(TaggedApart):
    """Physical id: the queue's URL."""

    service = "sqs"
    supported = frozenset(_MUTABLE) | {"QueueName", "FifoQueue"}
    looks_first = True
    kind = Kind(
        type="AWS::SQS::Queue",
        label="SQS queue",
        immutable=frozenset({"QueueName", "FifoQueue"}),
        name_property="QueueName",
        defaults={"FifoQueue": False, **{name: value for name, value in _MUTABLE.items() if value is not None}},
        normalise=_normalise,
        permissions=(
            "sqs:CreateQueue",
            "sqs:DeleteQueue",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ListQueueTags",
            "sqs:SetQueueAttributes",
            "sqs:TagQueue",
            "sqs:UntagQueue",
            "tag:GetResources",
        ),
    )

    def locate(self, target: Target) -> str | None:
        answer = self.aws.look("sqs", "get_queue_url", _ABSENT, QueueName=target.properties["QueueName"])
        return None if answer is None else str(answer["QueueUrl"])

    def describe(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer = self.aws.look("sqs", "get_queue_attributes", _ABSENT, QueueUrl=physical_id, AttributeNames=["All"])
        if answer is None:
            return None
        live = {**self.kind.defaults, "SqsManagedSseEnabled": False, "QueueName": physical_id.rpartition("/")[2]}
        for name, text in answer["Attributes"].items():
            if name in _NUMBERS:
                live[name] = int(text)
            elif name in _FLAGS or name == "FifoQueue":
                live[name] = text == "true"
            elif name in _DOCUMENTS:
                live[name] = json.loads(text)
            elif name in _WORDS:
                live[name] = text
        return Live(physical_id, live, self._attributes(physical_id))

    def tags_of(self, physical_id: str) -> dict[str, str]:
        answer = self.aws.look("sqs", "list_queue_tags", _ABSENT, QueueUrl=physical_id)
        return tags.own((answer or {}).get("Tags"))

    def arn_of(self, physical_id: str) -> str:
        return self.aws.arn("sqs", physical_id.rpartition("/")[2])

    def make(self, target: Target) -> Made | Refusal:
        # SQS takes what is for FIFO queues from no other, not even as "false".
        attributes = {
            name: _text(value)
            for name, value in target.properties.items()
            if name != "QueueName" and (value is not False or name == "SqsManagedSseEnabled")
        }
        answer = self.aws.attempt(
            "sqs",
            "create_queue",
            ("QueueNameExists", "QueueAlreadyExists"),
            QueueName=target.properties["QueueName"],
            Attributes=attributes,
            tags=dict(target.tags),
        )
        if isinstance(answer, Refusal):
            return answer
        return Made(answer["QueueUrl"], self._attributes(answer["QueueUrl"]))

    def update(self, target: Target, live: Live) -> Made:
        url = live.physical_id
        changed = self.changed(target, live)
        attributes = {
            name: _text(target.properties.get(name, "" if fallback is None else fallback))
            for name, fallback in _MUTABLE.items()
            if name in changed
        }
        calls: list[Callable[[], Any]] = []
        if attributes:
            calls.append(lambda: self.aws.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes=attributes))
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("sqs", "tag_queue", QueueUrl=url, Tags=put),
            lambda keys: self.aws.call("sqs", "untag_queue", QueueUrl=url, TagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(url, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        # SQS keeps the name for 60 seconds; who needs it again waits in its own create (QueueDeletedRecently).
        self.aws.look("sqs", "delete_queue", _ABSENT, QueueUrl=recorded.physical_id)

    def _attributes(self, url: str) -> dict[str, Any]:
        name = url.rpartition("/")[2]
        return {"Arn": self.arn_of(url), "QueueName": name, "QueueUrl": url}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return dumps(value) if isinstance(value, Mapping) else str(value)
