"""AWS::EC2::NatGateway: the way out for private subnets."""

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

SETTLED_SECONDS = 600
_PROPERTIES = ("AllocationId", "ConnectivityType", "SubnetId")
_MONTHLY_USD = 730 * 0.045


class Ec2NatGateway(Ec2Provisioner):
    """Physical id: the gateway's."""

    noun, describe, entries, id_name = "natgateway", "describe_nat_gateways", "NatGateways", "NatGatewayId"
    remove, absent, filters = "delete_nat_gateway", ("NatGatewayNotFound", "InvalidNatGatewayID.NotFound"), "Filter"
    dead = frozenset({"deleted", "deleting", "failed"})
    supported = frozenset(_PROPERTIES)
    kind = Kind(
        type="AWS::EC2::NatGateway",
        label="NAT gateway",
        immutable=supported,
        side_by_side=any_differs("AllocationId"),
        defaults={"ConnectivityType": "public"},
        fixed_monthly_usd=lambda properties: _MONTHLY_USD,
        permissions=(*TAGGING, "ec2:CreateNatGateway", "ec2:DeleteNatGateway", "ec2:DescribeNatGateways"),
    )

    def properties_of(self, entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
        addresses = [address for address in entry.get("NatGatewayAddresses", ()) if address.get("AllocationId")]
        found = picked(entry, "ConnectivityType", "SubnetId")
        return {**found, "AllocationId": addresses[0]["AllocationId"]} if addresses else found

    def attributes_of(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"NatGatewayId": entry["NatGatewayId"]}

    def make(self, target: Target) -> Made | Refusal:
        answer = self.aws.call(
            "ec2",
            "create_nat_gateway",
            ClientToken=target.token,
            TagSpecifications=self.specification(target),
            **picked(target.properties, *_PROPERTIES),
        )
        gateway = answer["NatGateway"]
        if gateway.get("State") != "available":
            self.settle(gateway["NatGatewayId"])
        return Made(gateway["NatGatewayId"], self.attributes_of(gateway))

    def delete(self, recorded: StateResource) -> None:
        physical_id = recorded.physical_id
        if self.aws.look("ec2", self.remove, self.absent, NatGatewayId=physical_id) is not None:
            # Its address and subnet are free only when it is really gone.
            self.aws.wait(
                lambda: self._described(physical_id).get("State", "deleted") == "deleted",
                what=f"Deletion of NAT gateway {physical_id}",
                seconds=SETTLED_SECONDS,
            )

    def settle(self, physical_id: str) -> None:
        def available() -> bool:
            gateway = self._described(physical_id)
            if gateway.get("State") == "failed":
                raise CloudError(
                    f"NAT gateway {physical_id} could not be set up: {gateway.get('FailureMessage', 'no reason')}.",
                    service="ec2",
                    operation="CreateNatGateway",
                    code=gateway.get("FailureCode", "Failed"),
                    category=Category.INVALID,
                    advice="Correct what the reason names, then run the deployment again.",
                )
            return bool(gateway.get("State") == "available")

        self.aws.wait(available, what=f"NAT gateway {physical_id} becoming available", seconds=SETTLED_SECONDS)

    def _described(self, physical_id: str) -> Mapping[str, Any]:
        answer = self.aws.look("ec2", self.describe, self.absent, NatGatewayIds=[physical_id])
        return next(iter(answer["NatGateways"]), {}) if answer else {}
