"""AWS::EC2::Subnet: a part of a VPC in one availability zone."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.ec2_tagged import TAGGING, Ec2Provisioner
from deployments.aws.provisioner import picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target

_FIXED = ("AvailabilityZone", "CidrBlock", "VpcId")


def _have_room(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """In one VPC no two subnets overlap; ranges that are not known yet might."""
    if before.get("VpcId") != after.get("VpcId"):
        return True
    known = [block for block in (before.get("CidrBlock"), after.get("CidrBlock")) if isinstance(block, str)]
    ranges = [ipaddress.ip_network(block, strict=False) for block in known]
    return len(ranges) == 2 and not ranges[0].overlaps(ranges[1])


class Ec2Subnet(Ec2Provisioner):
    """Physical id: the subnet's."""

    noun, describe, entries, id_name = "subnet", "describe_subnets", "Subnets", "SubnetId"
    remove, absent = "delete_subnet", ("InvalidSubnetID.NotFound",)
    supported = frozenset({*_FIXED, "MapPublicIpOnLaunch"})
    kind = Kind(
        type="AWS::EC2::Subnet",
        label="Subnet",
        immutable=frozenset(_FIXED),
        side_by_side=_have_room,
        defaults={"MapPublicIpOnLaunch": False},
        permissions=(
            *TAGGING,
            "ec2:CreateSubnet",
            "ec2:DeleteSubnet",
            "ec2:DescribeSubnets",
            "ec2:ModifySubnetAttribute",
        ),
    )

    def properties_of(self, entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
        return picked(entry, *_FIXED, "MapPublicIpOnLaunch")

    def attributes_of(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return picked(entry, "SubnetId", *_FIXED)

    def make(self, target: Target) -> Made | Refusal:
        answer = self.aws.attempt(
            "ec2",
            "create_subnet",
            # The range is taken: by a lost attempt of ours, or by somebody else's subnet.
            ("InvalidSubnet.Conflict",),
            TagSpecifications=self.specification(target),
            **picked(target.properties, *_FIXED),
        )
        if isinstance(answer, Refusal):
            return answer
        subnet = answer["Subnet"]
        if target.properties.get("MapPublicIpOnLaunch"):
            self._publish(subnet["SubnetId"], True)
        return Made(subnet["SubnetId"], self.attributes_of(subnet))

    def changes(self, target: Target, live: Live, changed: frozenset[str]) -> list[Callable[[], Any]]:
        if "MapPublicIpOnLaunch" not in changed:
            return []
        return [lambda: self._publish(live.physical_id, bool(target.properties.get("MapPublicIpOnLaunch")))]

    def _publish(self, subnet_id: str, on: bool) -> None:
        self.aws.call("ec2", "modify_subnet_attribute", SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": on})
