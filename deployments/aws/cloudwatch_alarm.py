"""AWS::CloudWatch::Alarm: an alarm on one metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Answer
from deployments.aws.provisioner import picked
from deployments.aws.tagged_apart import TaggedApart
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_PROPERTIES = (
    "AlarmName",
    "AlarmDescription",
    "MetricName",
    "Namespace",
    "Dimensions",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "Unit",
    "ActionsEnabled",
    "AlarmActions",
    "OKActions",
    "InsufficientDataActions",
)
_ABSENT = ("ResourceNotFoundException", "ResourceNotFound")


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    normal = dict(properties)
    if isinstance(normal.get("Threshold"), int | float):
        normal["Threshold"] = float(normal["Threshold"])
    # All datapoints of the evaluation is what CloudWatch takes when nothing is said.
    if normal.get("DatapointsToAlarm") == normal.get("EvaluationPeriods"):
        normal.pop("DatapointsToAlarm", None)
    return normal


def _monthly_usd(properties: Mapping[str, Any]) -> float:
    period = properties.get("Period", 60)
    return 0.30 if isinstance(period, int) and period < 60 else 0.10


class CloudWatchAlarm(TaggedApart):
    """Physical id: the alarm's name."""

    service = "cloudwatch"
    supported = frozenset(_PROPERTIES)
    looks_first = True
    at_once = 100
    kind = Kind(
        type="AWS::CloudWatch::Alarm",
        label="CloudWatch alarm",
        immutable=frozenset({"AlarmName"}),
        name_property="AlarmName",
        unordered=frozenset({"Dimensions", "AlarmActions", "OKActions", "InsufficientDataActions"}),
        defaults={
            "ActionsEnabled": True,
            "AlarmActions": [],
            "AlarmDescription": "",
            "Dimensions": [],
            "InsufficientDataActions": [],
            "OKActions": [],
            "TreatMissingData": "missing",
        },
        normalise=_normalise,
        fixed_monthly_usd=_monthly_usd,
        permissions=(
            "cloudwatch:DeleteAlarms",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:ListTagsForResource",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
            "tag:GetResources",
        ),
    )

    def locate(self, target: Target) -> str:
        return str(target.properties["AlarmName"])

    def describe(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        return self._named([physical_id]).get(physical_id)

    def described(self, resources: Sequence[StateResource]) -> Mapping[str, Live]:
        found = self._named([entry.physical_id for entry in resources])
        return {entry.logical_id: found[entry.physical_id] for entry in resources if entry.physical_id in found}

    def tags_of(self, physical_id: str) -> dict[str, str]:
        answer = self.aws.look("cloudwatch", "list_tags_for_resource", _ABSENT, ResourceARN=self.arn_of(physical_id))
        return tags.from_list((answer or {}).get("Tags"))

    def arn_of(self, physical_id: str) -> str:
        return self.aws.arn("cloudwatch", f"alarm:{physical_id}")

    def make(self, target: Target) -> Made:
        self._put(target, Tags=tags.to_list(target.tags))
        name = self.locate(target)
        return Made(name, {"Arn": self.arn_of(name)})

    def update(self, target: Target, live: Live) -> Made:
        arn = live.attributes["Arn"]
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
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("cloudwatch", "delete_alarms", _ABSENT, AlarmNames=[recorded.physical_id])

    def _put(self, target: Target, **extra: Any) -> Answer:
        return self.aws.call("cloudwatch", "put_metric_alarm", **picked(target.properties, *_PROPERTIES), **extra)

    def _named(self, names: list[str]) -> dict[str, Live]:
        answer = self.aws.call(
            "cloudwatch", "describe_alarms", AlarmNames=names, AlarmTypes=["MetricAlarm"], MaxRecords=self.at_once
        )
        return {
            alarm["AlarmName"]: Live(
                alarm["AlarmName"],
                {**self.kind.defaults, **picked(alarm, *_PROPERTIES)},
                {"Arn": self.arn_of(alarm["AlarmName"])},
            )
            for alarm in answer["MetricAlarms"]
        }
