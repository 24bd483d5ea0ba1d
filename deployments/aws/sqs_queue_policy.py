"""AWS::SQS::QueuePolicy: who may send to a queue and read from it, whatever their own policies say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployments.aws.resource_policy import DOCUMENT, ResourcePolicy, documents_parsed
from deployments.engine.kinds import Kind
from deployments.engine.ports import Target

_ABSENT = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


class SqsQueuePolicy(ResourcePolicy):
    """Physical id: the queue's URL; one policy is for one queue."""

    service = "sqs"
    supported = frozenset({"Queues", DOCUMENT})
    kind = Kind(
        type="AWS::SQS::QueuePolicy",
        label="queue policy",
        immutable=frozenset({"Queues"}),
        policies=frozenset({DOCUMENT}),
        side_by_side=lambda before, after: True,  # as they are on different things
        normalise=documents_parsed,
        permissions=("sqs:GetQueueAttributes", "sqs:SetQueueAttributes"),
    )

    def locate(self, target: Target) -> str:
        return self.only(target, "Queues")

    def holder(self, physical_id: str) -> Mapping[str, Any]:
        return {"Queues": [physical_id]}

    def written(self, physical_id: str) -> Any:
        answer = self.aws.look("sqs", "get_queue_attributes", _ABSENT, QueueUrl=physical_id, AttributeNames=["Policy"])
        text = (answer or {}).get("Attributes", {}).get("Policy")
        return json.loads(text) if text else None

    def write(self, physical_id: str, document: str) -> None:
        self.aws.call("sqs", "set_queue_attributes", QueueUrl=physical_id, Attributes={"Policy": document})

    def remove(self, physical_id: str) -> None:
        self.aws.look("sqs", "set_queue_attributes", _ABSENT, QueueUrl=physical_id, Attributes={"Policy": ""})
