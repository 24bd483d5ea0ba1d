"""AWS::XRay::Group: the traces of one application, apart from all others of the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Answer, Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

# X-Ray has one code for whatever is wrong with a request, a group that is not there or is there already included.
_REFUSED = ("InvalidRequestException", "ResourceNotFoundException")
_GROUP = ("GroupName", "FilterExpression", "InsightsConfiguration")
_INSIGHTS = {"InsightsEnabled": False, "NotificationsEnabled": False}


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    insights = properties.get("InsightsConfiguration")
    return {**properties, "InsightsConfiguration": {**_INSIGHTS, **(insights or {})}}


class XRayGroup(AwsProvisioner):
    """Physical id: the group's ARN, in which AWS adds something of its own to the name."""

    service = "xray"
    supported = frozenset(_GROUP)
    looks_first = True
    kind = Kind(
        type="AWS::XRay::Group",
        label="X-Ray group",
        immutable=frozenset({"GroupName"}),
        name_property="GroupName",
        defaults={"FilterExpression": ""},
        normalise=_normalise,
        permissions=(
            "xray:CreateGroup",
            "xray:DeleteGroup",
            "xray:GetGroup",
            "xray:ListTagsForResource",
            "xray:TagResource",
            "xray:UntagResource",
            "xray:UpdateGroup",
        ),
    )

    def locate(self, target: Target) -> str | None:
        group = self._group(GroupName=target.properties["GroupName"])
        return None if group is None else str(group["GroupARN"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        group, tagged = self.aws.together(
            lambda: self._group(GroupARN=physical_id),
            lambda: self.aws.look("xray", "list_tags_for_resource", _REFUSED, ResourceARN=physical_id),
        )
        if group is None:
            return None
        live = {**self.kind.defaults, **picked(group, *_GROUP)}
        return Live(physical_id, live, {"GroupARN": physical_id}, tags.from_list((tagged or {}).get("Tags")))

    def make(self, target: Target) -> Made | Refusal:
        answer = self.aws.attempt(
            "xray", "create_group", _REFUSED, Tags=tags.to_list(target.tags), **picked(target.properties, *_GROUP)
        )
        if isinstance(answer, Refusal):
            return answer
        arn = answer["Group"]["GroupARN"]
        return Made(arn, {"GroupARN": arn})

    def update(self, target: Target, live: Live) -> Made:
        arn = live.physical_id
        calls: list[Callable[[], Any]] = []
        if self.changed(target, live):
            wanted = {**self.kind.defaults, **_normalise(target.properties)}
            calls.append(
                lambda: self.aws.call(
                    "xray",
                    "update_group",
                    GroupARN=arn,
                    FilterExpression=wanted["FilterExpression"],
                    InsightsConfiguration=wanted["InsightsConfiguration"],
                )
            )
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("xray", "tag_resource", ResourceARN=arn, Tags=tags.to_list(put)),
            lambda keys: self.aws.call("xray", "untag_resource", ResourceARN=arn, TagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(arn, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("xray", "delete_group", _REFUSED, GroupARN=recorded.physical_id)

    def _group(self, **which: str) -> Answer | None:
        answer = self.aws.look("xray", "get_group", _REFUSED, **which)
        return None if answer is None else answer["Group"]
