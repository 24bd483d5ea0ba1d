"""AWS::EC2::EIP: a public address that stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Answer
from deployments.aws.ec2_tagged import TAGGING, Ec2Provisioner
from deployments.engine.kinds import Kind, always
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_HOURS = 730
_USD_PER_HOUR = 0.005
RELEASED_SECONDS = 300


class Ec2Eip(Ec2Provisioner):
    """Physical id: the address itself, as CloudFormation's."""

    noun, describe, entries, id_name = "elastic-ip", "describe_addresses", "Addresses", "PublicIp"
    remove, absent = "release_address", ("InvalidAddress.NotFound", "InvalidAllocationID.NotFound")
    supported = frozenset({"Domain"})
    kind = Kind(
        type="AWS::EC2::EIP",
        label="Elastic IP",
        immutable=supported,
        side_by_side=always,
        defaults={"Domain": "vpc"},
        fixed_monthly_usd=lambda properties: _HOURS * _USD_PER_HOUR,
        permissions=(*TAGGING, "ec2:AllocateAddress", "ec2:DescribeAddresses", "ec2:ReleaseAddress"),
    )

    def properties_of(self, entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
        return {"Domain": entry.get("Domain", "vpc")}

    def attributes_of(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"AllocationId": entry["AllocationId"], "PublicIp": entry["PublicIp"]}

    def make(self, target: Target) -> Made:
        answer = self.aws.call(
            "ec2",
            "allocate_address",
            recover=lambda: self.tagged(target),
            Domain=target.properties.get("Domain", "vpc"),
            TagSpecifications=self.specification(target),
        )
        return Made(answer["PublicIp"], self.attributes_of(answer))

    def update(self, target: Target, live: Live) -> Made:
        self.aws.together(*self.retag(target, live, str(live.attributes["AllocationId"])))
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        """Releases it as soon as nothing uses it."""
        allocation = recorded.attributes["AllocationId"]

        def released() -> bool:
            answer: Answer | Any = self.aws.attempt(
                "ec2", self.remove, ("InvalidIPAddress.InUse", *self.absent), AllocationId=allocation
            )
            return getattr(answer, "code", "") != "InvalidIPAddress.InUse"

        self.aws.wait(released, what=f"Release of {recorded.physical_id}", seconds=RELEASED_SECONDS, first=0.5)

    def live(self, entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> Live:
        attributes = self.attributes_of(entry)
        properties = self.properties_of(entry, recorded)
        return Live(str(entry["PublicIp"]), properties, attributes, tags.from_list(entry.get("Tags")))
