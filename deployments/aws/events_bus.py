"""AWS::Events::EventBus: an event bus of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Refusal
from deployments.aws.provisioner import picked
from deployments.aws.tagged_apart import TaggedApart
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("ResourceNotFoundException",)
_MUTABLE: Mapping[str, Any] = {"Description": "", "KmsKeyIdentifier": "", "DeadLetterConfig": {}}


class EventsBus(TaggedApart):
    """Physical id: the bus's name."""

    service = "events"
    supported = frozenset(_MUTABLE) | {"Name"}
    kind = Kind(
        type="AWS::Events::EventBus",
        label="event bus",
        immutable=frozenset({"Name"}),
        name_property="Name",
        defaults=_MUTABLE,
        permissions=(
            "events:CreateEventBus",
            "events:DeleteEventBus",
            "events:DescribeEventBus",
            "events:ListTagsForResource",
            "events:TagResource",
            "events:UntagResource",
            "events:UpdateEventBus",
            "tag:GetResources",
        ),
    )

    def locate(self, target: Target) -> str:
        return str(target.properties["Name"])

    def describe(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        bus = self.aws.look("events", "describe_event_bus", _ABSENT, Name=physical_id)
        if bus is None:
            return None
        live = {**_MUTABLE, **picked(bus, "Name", *_MUTABLE)}
        return Live(physical_id, live, _attributes(bus["Name"], bus["Arn"]))

    def tags_of(self, physical_id: str) -> dict[str, str]:
        answer = self.aws.look("events", "list_tags_for_resource", _ABSENT, ResourceARN=self.arn_of(physical_id))
        return tags.from_list((answer or {}).get("Tags"))

    def arn_of(self, physical_id: str) -> str:
        return self.aws.arn("events", f"event-bus/{physical_id}")

    def make(self, target: Target) -> Made | Refusal:
        name = self.locate(target)
        answer = self.aws.attempt(
            "events",
            "create_event_bus",
            ("ResourceAlreadyExistsException",),
            Tags=tags.to_list(target.tags),
            **picked(target.properties, *self.supported),
        )
        return answer if isinstance(answer, Refusal) else Made(name, _attributes(name, answer["EventBusArn"]))

    def update(self, target: Target, live: Live) -> Made:
        changed, arn = self.changed(target, live), live.attributes["Arn"]
        calls: list[Callable[[], Any]] = []
        if changed:
            # UpdateEventBus takes what it is not told as "nothing": everything is said.
            full = {name: target.properties.get(name, fallback) for name, fallback in _MUTABLE.items()}
            calls.append(lambda: self.aws.call("events", "update_event_bus", Name=live.physical_id, **full))
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("events", "tag_resource", ResourceARN=arn, Tags=tags.to_list(put)),
            lambda keys: self.aws.call("events", "untag_resource", ResourceARN=arn, TagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("events", "delete_event_bus", _ABSENT, Name=recorded.physical_id)


def _attributes(name: str, arn: str) -> dict[str, Any]:
    return {"Arn": arn, "Name": name}
