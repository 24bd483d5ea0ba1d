"""AWS::SNS::Topic: a topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Answer
from deployments.aws.tagged_apart import TaggedApart
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("NotFound", "NotFoundException", "ResourceNotFound", "ResourceNotFoundException")
_FALLBACKS: Mapping[str, Any] = {
    "DisplayName": "",
    "KmsMasterKeyId": "",
    "ContentBasedDeduplication": False,
    "SignatureVersion": "1",
    "TracingConfig": "PassThrough",
}


class SnsTopic(TaggedApart):
    """Physical id: the topic's ARN."""

    service = "sns"
    supported = frozenset(_FALLBACKS) | {"TopicName", "FifoTopic"}
    looks_first = True
    kind = Kind(
        type="AWS::SNS::Topic",
        label="SNS topic",
        immutable=frozenset({"TopicName", "FifoTopic"}),
        name_property="TopicName",
        defaults={**_FALLBACKS, "FifoTopic": False},
        permissions=(
            "sns:CreateTopic",
            "sns:DeleteTopic",
            "sns:GetTopicAttributes",
            "sns:ListTagsForResource",
            "sns:SetTopicAttributes",
            "sns:TagResource",
            "sns:UntagResource",
            "tag:GetResources",
        ),
    )

    def locate(self, target: Target) -> str:
        return self.aws.arn("sns", str(target.properties["TopicName"]))

    def describe(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer = self.aws.look("sns", "get_topic_attributes", _ABSENT, TopicArn=physical_id)
        if answer is None:
            return None
        reported = answer["Attributes"]
        live = {
            name: _value(reported[name], fallback) if name in reported else fallback
            for name, fallback in self.kind.defaults.items()
        }
        live["TopicName"] = physical_id.rpartition(":")[2]
        return Live(physical_id, live, _attributes(physical_id))

    def tags_of(self, physical_id: str) -> dict[str, str]:
        answer = self.aws.look("sns", "list_tags_for_resource", _ABSENT, ResourceArn=physical_id)
        return tags.from_list((answer or {}).get("Tags"))

    def arn_of(self, physical_id: str) -> str:
        return physical_id

    def make(self, target: Target) -> Made:
        # SNS takes what is for FIFO topics from no other, not even as "false".
        attributes = {
            name: _text(value)
            for name, value in target.properties.items()
            if name != "TopicName" and value is not False
        }
        answer = self.aws.call(
            "sns",
            "create_topic",
            Name=target.properties["TopicName"],
            Attributes=attributes,
            Tags=tags.to_list(target.tags),
        )
        return Made(answer["TopicArn"], _attributes(answer["TopicArn"]))

    def update(self, target: Target, live: Live) -> Made:
        arn = live.physical_id
        calls: list[Callable[[], Any]] = [
            partial(self._set, arn, name, target.properties.get(name, _FALLBACKS[name]))
            for name in sorted(self.changed(target, live))
        ]
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("sns", "tag_resource", ResourceArn=arn, Tags=tags.to_list(put)),
            lambda keys: self.aws.call("sns", "untag_resource", ResourceArn=arn, TagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(arn, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("sns", "delete_topic", _ABSENT, TopicArn=recorded.physical_id)

    def _set(self, arn: str, name: str, value: Any) -> Answer:
        return self.aws.call(
            "sns", "set_topic_attributes", TopicArn=arn, AttributeName=name, AttributeValue=_text(value)
        )


def _attributes(arn: str) -> dict[str, Any]:
    return {"TopicArn": arn, "TopicName": arn.rpartition(":")[2]}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(text: str, like: Any) -> Any:
    return text == "true" if isinstance(like, bool) else text
