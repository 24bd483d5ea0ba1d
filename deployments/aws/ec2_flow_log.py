"""AWS::EC2::FlowLog: who talked to whom in a VPC, written to a log group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.ec2_tagged import TAGGING, Ec2Provisioner
from deployments.aws.provisioner import picked
from deployments.engine.errors import Category, CloudError
from deployments.engine.kinds import Kind, any_differs
from deployments.engine.ports import Made, Target
from deployments.engine.state import StateResource

_RESOURCE_TYPES = {"vpc-": "VPC", "subnet-": "Subnet", "eni-": "NetworkInterface"}
_PLAIN = ("DeliverLogsPermissionArn", "LogDestinationType", "LogGroupName", "MaxAggregationInterval", "TrafficType")


class Ec2FlowLog(Ec2Provisioner):
    """Physical id: the flow log's; nothing but its tags changes in place."""

    noun, describe, entries, id_name = "vpc-flow-log", "describe_flow_logs", "FlowLogs", "FlowLogId"
    remove, absent, filters = "delete_flow_logs", ("InvalidFlowLogId.NotFound",), "Filter"
    supported = frozenset({*_PLAIN, "ResourceId", "ResourceType"})
    kind = Kind(
        type="AWS::EC2::FlowLog",
        label="Flow log",
        immutable=supported,
        side_by_side=any_differs("ResourceId"),
        defaults={"LogDestinationType": "cloud-watch-logs", "MaxAggregationInterval": 600},
        permissions=(
            *TAGGING,
            "ec2:CreateFlowLogs",
            "ec2:DeleteFlowLogs",
            "ec2:DescribeFlowLogs",
            "iam:PassRole",
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
        ),
    )

    def properties_of(self, entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
        start = entry["ResourceId"].partition("-")[0] + "-"
        return {
            **picked(entry, *_PLAIN),
            "ResourceId": entry["ResourceId"],
            "ResourceType": _RESOURCE_TYPES.get(start, "VPC"),
        }

    def attributes_of(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"Id": entry["FlowLogId"]}

    def make(self, target: Target) -> Made | Refusal:
        wanted = target.properties
        answer = self.aws.attempt(
            "ec2",
            "create_flow_logs",
            ("FlowLogAlreadyExists",),
            ClientToken=target.token,
            ResourceIds=[wanted["ResourceId"]],
            TagSpecifications=self.specification(target),
            **picked(wanted, "ResourceType", *_PLAIN),
        )
        if isinstance(answer, Refusal):
            return answer
        for failure in answer.get("Unsuccessful", ()):
            error = failure["Error"]
            # EC2 reports this refusal inside a successful answer.
            if error["Code"] == "FlowLogAlreadyExists":
                return Refusal(error["Code"], error["Message"])
            raise CloudError(
                f"EC2 did not take the flow log of {failure['ResourceId']}: {error['Message']}",
                service="ec2",
                operation="CreateFlowLogs",
                code=error["Code"],
                category=Category.INVALID,
                advice="Check the log group and the role the flow log writes with.",
            )
        (physical_id,) = answer["FlowLogIds"]
        return Made(physical_id, {"Id": physical_id})

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("ec2", self.remove, self.absent, FlowLogIds=[recorded.physical_id])
