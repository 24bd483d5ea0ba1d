"""AWS::SNS::TopicPolicy: who may publish to a topic and subscribe to it, whatever their own policies say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployments.aws.resource_policy import DOCUMENT, ResourcePolicy, documents_parsed
from deployments.engine.canonical import dumps
from deployments.engine.kinds import Kind
from deployments.engine.ports import Target

_ABSENT = ("NotFound", "NotFoundException")
_DEFAULT_ID = "__default_policy_ID"
OWNER_ACTIONS = (
    "sns:AddPermission",
    "sns:DeleteTopic",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:Publish",
    "sns:RemovePermission",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
)
"""What a topic without a policy of its own lets its account do."""


class SnsTopicPolicy(ResourcePolicy):
    """Physical id: the topic's ARN; one policy is for one topic.

    A topic always has a policy. The one it is born with counts as none, and is what deleting goes back to.
    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    """

    service = "sns"
    supported = frozenset({"Topics", DOCUMENT})
    kind = Kind(
        type="AWS::SNS::TopicPolicy",
        label="topic policy",
        immutable=frozenset({"Topics"}),
        policies=frozenset({DOCUMENT}),
        side_by_side=lambda before, after: True,  # as they are on different things
        normalise=documents_parsed,
        permissions=("sns:GetTopicAttributes", "sns:SetTopicAttributes"),
    )

    def locate(self, target: Target) -> str:
        return self.only(target, "Topics")

    def holder(self, physical_id: str) -> Mapping[str, Any]:
        return {"Topics": [physical_id]}

    def written(self, physical_id: str) -> Any:
        answer = self.aws.look("sns", "get_topic_attributes", _ABSENT, TopicArn=physical_id)
        document = json.loads(answer["Attributes"]["Policy"]) if answer else None
        return None if document is None or document.get("Id") == _DEFAULT_ID else document

    def write(self, physical_id: str, document: str) -> None:
        self._set(physical_id, document)

    def remove(self, physical_id: str) -> None:
        statement = {
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [action.replace("sns:", "SNS:") for action in OWNER_ACTIONS],
            "Resource": physical_id,
            "Condition": {"StringEquals": {"AWS:SourceOwner": self.aws.account}},
        }
        self._set(physical_id, dumps({"Version": "2008-10-17", "Id": _DEFAULT_ID, "Statement": [statement]}), _ABSENT)

    def _set(self, arn: str, document: str, absent: tuple[str, ...] = ()) -> None:
        self.aws.look(
            "sns", "set_topic_attributes", absent, TopicArn=arn, AttributeName="Policy", AttributeValue=document
        )
