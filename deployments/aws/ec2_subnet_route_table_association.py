"""AWS::EC2::SubnetRouteTableAssociation: which route table a subnet uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("InvalidAssociationID.NotFound", "InvalidRouteTableID.NotFound")
_PROPERTIES = ("RouteTableId", "SubnetId")


class Ec2SubnetRouteTableAssociation(AwsProvisioner):
    """Physical id: the association's; found again by table and subnet, of which a subnet has one at most."""

    service = "ec2"
    taggable = False
    looks_first = True
    supported = frozenset(_PROPERTIES)
    kind = Kind(
        type="AWS::EC2::SubnetRouteTableAssociation",
        label="Route table of a subnet",
        immutable=supported,
        permissions=("ec2:AssociateRouteTable", "ec2:DescribeRouteTables", "ec2:DisassociateRouteTable"),
    )

    def locate(self, target: Target) -> str | None:
        subnet, table = target.properties["SubnetId"], target.properties["RouteTableId"]
        association = self._association("association.subnet-id", subnet, "SubnetId", subnet)
        return association["RouteTableAssociationId"] if association.get("RouteTableId") == table else None

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        association = self._association(
            "association.route-table-association-id", physical_id, "RouteTableAssociationId", physical_id
        )
        return Live(physical_id, picked(association, *_PROPERTIES), {"Id": physical_id}) if association else None

    def make(self, target: Target) -> Made | Refusal:
        answer = self.aws.attempt(
            "ec2", "associate_route_table", ("Resource.AlreadyAssociated",), **picked(target.properties, *_PROPERTIES)
        )
        if isinstance(answer, Refusal):
            return answer
        return Made(answer["AssociationId"], {"Id": answer["AssociationId"]})

    def update(self, target: Target, live: Live) -> Made:
        # Every property is immutable: there is nothing that an update could change.
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("ec2", "disassociate_route_table", _ABSENT, AssociationId=recorded.physical_id)

    def _association(self, filter_name: str, value: str, key: str, wanted: str) -> dict[str, Any]:
        tables = self.aws.pages(
            "ec2",
            "describe_route_tables",
            "RouteTables",
            absent=_ABSENT,
            Filters=[{"Name": filter_name, "Values": [value]}],
        )
        associations = [entry for table in tables or () for entry in table.get("Associations", ())]
        return next((entry for entry in associations if entry.get(key) == wanted), {})
