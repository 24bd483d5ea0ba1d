"""AWS::EC2::InternetGateway: a VPC's door to the internet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Answer
from deployments.aws.ec2_tagged import TAGGING, Ec2Provisioner
from deployments.engine.kinds import Kind
from deployments.engine.ports import Made, Target


class Ec2InternetGateway(Ec2Provisioner):
    """Physical id: the gateway's."""

    noun, describe, entries = "internet-gateway", "describe_internet_gateways", "InternetGateways"
    id_name, remove, absent = "InternetGatewayId", "delete_internet_gateway", ("InvalidInternetGatewayID.NotFound",)
    supported = frozenset[str]()
    kind = Kind(
        type="AWS::EC2::InternetGateway",
        label="Internet gateway",
        permissions=(
            *TAGGING,
            "ec2:CreateInternetGateway",
            "ec2:DeleteInternetGateway",
            "ec2:DescribeInternetGateways",
        ),
    )

    def properties_of(self, entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def attributes_of(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"InternetGatewayId": entry["InternetGatewayId"]}

    def make(self, target: Target) -> Made:
        answer = self.aws.call(
            "ec2",
            "create_internet_gateway",
            recover=lambda: self._recovered(target),
            TagSpecifications=self.specification(target),
        )
        gateway = answer["InternetGateway"]
        return Made(gateway["InternetGatewayId"], self.attributes_of(gateway))

    def _recovered(self, target: Target) -> Answer | None:
        gateway = self.tagged(target)
        return gateway and {"InternetGateway": gateway}
