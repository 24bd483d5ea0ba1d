"""AWS::CloudWatch::Dashboard: a page of graphs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import tags
from deployments.aws.provisioner import AwsProvisioner
from deployments.engine.canonical import dumps
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("ResourceNotFound", "DashboardNotFoundError", "ResourceNotFoundException")


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body as structure, so that a difference shows which graph it is in."""
    if isinstance(properties.get("DashboardBody"), str):
        return {**properties, "DashboardBody": json.loads(properties["DashboardBody"])}
    return properties


class CloudWatchDashboard(AwsProvisioner):
    """Physical id: the dashboard's name, which an account has once for all regions."""

    service = "cloudwatch"
    supported = frozenset({"DashboardName", "DashboardBody"})
    # PutDashboard overwrites.
    looks_first = True
    kind = Kind(
        type="AWS::CloudWatch::Dashboard",
        label="CloudWatch dashboard",
        immutable=frozenset({"DashboardName"}),
        name_property="DashboardName",
        normalise=_normalise,
        fixed_monthly_usd=lambda properties: 3.0,  # the first three of an account are free
        permissions=(
            "cloudwatch:DeleteDashboards",
            "cloudwatch:GetDashboard",
            "cloudwatch:ListTagsForResource",
            "cloudwatch:PutDashboard",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
        ),
    )

    def locate(self, target: Target) -> str:
        return str(target.properties["DashboardName"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer, tagged = self.aws.together(
            lambda: self.aws.look("cloudwatch", "get_dashboard", _ABSENT, DashboardName=physical_id),
            lambda: self.aws.look("cloudwatch", "list_tags_for_resource", _ABSENT, ResourceARN=self._arn(physical_id)),
        )
        if answer is None:
            return None
        live = {"DashboardName": physical_id, "DashboardBody": answer["DashboardBody"]}
        return Live(physical_id, live, {}, tags.from_list((tagged or {}).get("Tags")))

    def make(self, target: Target) -> Made:
        self._put(target, Tags=tags.to_list(target.tags))
        return Made(self.locate(target))

    def update(self, target: Target, live: Live) -> Made:
        arn = self._arn(live.physical_id)
        calls: list[Callable[[], Any]] = []
        if self.changed(target, live):
            calls.append(lambda: self._put(target))
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("cloudwatch", "tag_resource", ResourceARN=arn, Tags=tags.to_list(put)),
            lambda keys: self.aws.call("cloudwatch", "untag_resource", ResourceARN=arn, TagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(live.physical_id)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("cloudwatch", "delete_dashboards", _ABSENT, DashboardNames=[recorded.physical_id])

    def _put(self, target: Target, **extra: Any) -> None:
        body = target.properties["DashboardBody"]
        text = body if isinstance(body, str) else dumps(body)
        self.aws.call("cloudwatch", "put_dashboard", DashboardName=self.locate(target), DashboardBody=text, **extra)

    def _arn(self, name: str) -> str:
        return self.aws.arn("cloudwatch", f"dashboard/{name}", region="")
