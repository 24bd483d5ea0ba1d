"""AWS::EC2::VPC: a network, with an address range of its own or one from an IPAM pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from deployments.aws.calls import Answer
from deployments.aws.ec2_tagged import TAGGING, Ec2Provisioner
from deployments.aws.provisioner import picked
from deployments.engine.kinds import Kind, always
from deployments.engine.ports import Live, Made, Target

SETTLED_SECONDS = 120
_SWITCHES: Mapping[str, tuple[str, bool]] = {
    "EnableDnsSupport": ("enableDnsSupport", True),
    "EnableDnsHostnames": ("enableDnsHostnames", False),
}
_FROM_POOL = frozenset({"Ipv4IpamPoolId", "Ipv4NetmaskLength"})


class Ec2Vpc(Ec2Provisioner):
    """Physical id: the VPC's."""

    noun, describe, entries, id_name = "vpc", "describe_vpcs", "Vpcs", "VpcId"
    remove, absent = "delete_vpc", ("InvalidVpcID.NotFound",)
    at_once = 1  # its switches and its default group are asked for one by one anyway
    supported = frozenset({"CidrBlock", "InstanceTenancy", *_FROM_POOL, *_SWITCHES})
    kind = Kind(
        type="AWS::EC2::VPC",
        label="VPC",
        immutable=frozenset({"CidrBlock", "InstanceTenancy", *_FROM_POOL}),
        side_by_side=always,
        defaults={"InstanceTenancy": "default", **{name: default for name, (_, default) in _SWITCHES.items()}},
        write_only=_FROM_POOL,
        permissions=(
            *TAGGING,
            "ec2:AllocateIpamPoolCidr",
            "ec2:CreateVpc",
            "ec2:DeleteVpc",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcs",
            "ec2:ModifyVpcAttribute",
        ),
    )

    def properties_of(self, entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
        names = ("InstanceTenancy",) if recorded.get("Ipv4IpamPoolId") else ("InstanceTenancy", "CidrBlock")
        answers = self.aws.together(*(partial(self._attribute, entry["VpcId"], name) for name in _SWITCHES))
        return {**picked(entry, *names), **dict(zip(_SWITCHES, answers, strict=True))}

    def attributes_of(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "VpcId": entry["VpcId"],
            "CidrBlock": entry["CidrBlock"],
            "DefaultSecurityGroup": self._default_group(entry["VpcId"]),
        }

    def make(self, target: Target) -> Made:
        wanted = target.properties
        answer = self.aws.call(
            "ec2",
            "create_vpc",
            recover=lambda: self._recovered(target),
            TagSpecifications=self.specification(target),
            **picked(wanted, "CidrBlock", "InstanceTenancy", *sorted(_FROM_POOL)),
        )
        vpc = answer["Vpc"]
        if vpc.get("State") != "available":
            self.settle(vpc["VpcId"])
        self.aws.together(
            *(
                partial(self._switch, vpc["VpcId"], name, wanted[name])
                for name, (_, default) in _SWITCHES.items()
                if wanted.get(name, default) != default
            )
        )
        return Made(vpc["VpcId"], self.attributes_of(vpc))

    def settle(self, physical_id: str) -> None:
        self.aws.wait(
            lambda: self._state(physical_id) == "available",
            what=f"VPC {physical_id} becoming available",
            seconds=SETTLED_SECONDS,
        )

    def changes(self, target: Target, live: Live, changed: frozenset[str]) -> list[Callable[[], Any]]:
        return [
            partial(self._switch, live.physical_id, name, target.properties.get(name, default))
            for name, (_, default) in _SWITCHES.items()
            if name in changed
        ]

    def _recovered(self, target: Target) -> Answer | None:
        vpc = self.tagged(target)
        return vpc and {"Vpc": vpc}

    def _state(self, vpc_id: str) -> str:
        (vpc,) = self.aws.call("ec2", "describe_vpcs", VpcIds=[vpc_id])["Vpcs"]
        return str(vpc.get("State", "available"))

    def _attribute(self, vpc_id: str, name: str) -> bool:
        answer = self.aws.look("ec2", "describe_vpc_attribute", self.absent, VpcId=vpc_id, Attribute=_SWITCHES[name][0])
        return bool(((answer or {}).get(name) or {}).get("Value", _SWITCHES[name][1]))

    def _switch(self, vpc_id: str, name: str, on: bool) -> Answer:
        parameters: dict[str, Any] = {"VpcId": vpc_id, name: {"Value": on}}
        return self.aws.call("ec2", "modify_vpc_attribute", **parameters)

    def _default_group(self, vpc_id: str) -> str:
        wanted = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-name", "Values": ["default"]}]
        groups = self.aws.call("ec2", "describe_security_groups", Filters=wanted)["SecurityGroups"]
        return str(groups[0]["GroupId"]) if groups else ""
