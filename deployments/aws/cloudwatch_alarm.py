"""AWS::CloudWatch::Alarm: an alarm on one metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Answer
from deployments.aws.provisioner import AwsProvisioner, picked
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


class CloudWatchAlarm(AwsProvisioner):
    """Physical id: the alarm's name."""

    service = "cloudwatch"
    supported = frozenset(_PROPERTIES)
    looks_first = True
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
        ),
    )

    def locate(self, target: Target) -> str:
        return str(target.properties["AlarmName"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        arn = self._arn(physical_id)
        answer, tagged = self.aws.together(
            lambda: self.aws.call(
                "cloudwatch", "describe_alarms", AlarmNames=[physical_id], AlarmTypes=["MetricAlarm"]
            ),
            lambda: self.aws.look("cloudwatch", "list_tags_for_resource", _ABSENT, ResourceARN=arn),
        )
        if not answer["MetricAlarms"]:
            return None
        live = {**self.kind.defaults, **picked(answer["MetricAlarms"][0], *_PROPERTIES)}
        return Live(physical_id, live, {"Arn": arn}, tags.from_list((tagged or {}).get("Tags")))

    def make(self, target: Target) -> Made:
        self._put(target, Tags=tags.to_list(target.tags))
        name = self.locate(target)
        return Made(name, {"Arn": self._arn(name)})

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

    def _arn(self, name: str) -> str:
        return self.aws.arn("cloudwatch", f"alarm:{name}")
