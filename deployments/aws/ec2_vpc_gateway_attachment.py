"""AWS::EC2::VPCGatewayAttachment: an internet gateway at its VPC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.ec2_tagged import IN_USE, RELEASED_SECONDS
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("Gateway.NotAttached", "InvalidInternetGatewayID.NotFound", "InvalidVpcID.NotFound")
_PROPERTIES = ("InternetGatewayId", "VpcId")
_ATTRIBUTES = {"AttachmentType": "IGW"}


class Ec2VpcGatewayAttachment(AwsProvisioner):
    """Physical id: `IGW|vpc`, as CloudFormation's; a VPC has one internet gateway at most."""

    service = "ec2"
    taggable = False
    supported = frozenset(_PROPERTIES)
    kind = Kind(
        type="AWS::EC2::VPCGatewayAttachment",
        label="Gateway attachment",
        immutable=supported,
        # A gateway has one VPC at most, and a VPC one gateway.
        side_by_side=lambda before, after: all(before.get(name) != after.get(name) for name in _PROPERTIES),
        permissions=("ec2:AttachInternetGateway", "ec2:DescribeInternetGateways", "ec2:DetachInternetGateway"),
    )

    def locate(self, target: Target) -> str:
        return f"IGW|{target.properties['VpcId']}"

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        vpc_id = physical_id.partition("|")[2]
        wanted = [{"Name": "attachment.vpc-id", "Values": [vpc_id]}]
        gateways = self.aws.pages("ec2", "describe_internet_gateways", "InternetGateways", Filters=wanted)
        if not gateways:
            return None
        live = {"InternetGatewayId": gateways[0]["InternetGatewayId"], "VpcId": vpc_id}
        return Live(physical_id, live, _ATTRIBUTES)

    def make(self, target: Target) -> Made | Refusal:
        answer = self.aws.attempt(
            "ec2",
            "attach_internet_gateway",
            ("Resource.AlreadyAssociated", "InvalidParameterValue"),
            **picked(target.properties, *_PROPERTIES),
        )
        return answer if isinstance(answer, Refusal) else Made(self.locate(target), _ATTRIBUTES)

    def update(self, target: Target, live: Live) -> Made:
        # Another gateway is another attachment: there is nothing that an update could change.
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        """Detaches it as soon as the VPC's public addresses are released."""

        def detached() -> bool:
            answer = self.aws.attempt(
                "ec2", "detach_internet_gateway", (IN_USE, *_ABSENT), **picked(recorded.properties, *_PROPERTIES)
            )
            return getattr(answer, "code", "") != IN_USE

        self.aws.wait(
            detached, what=f"Detaching {recorded.properties['InternetGatewayId']}", seconds=RELEASED_SECONDS, first=0.5
        )
