"""AWS::EC2::SubnetRouteTableAssociation: which route table a subnet uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind, any_differs
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("InvalidAssociationID.NotFound", "InvalidRouteTableID.NotFound")
_PROPERTIES = ("RouteTableId", "SubnetId")


class Ec2SubnetRouteTableAssociation(AwsProvisioner):
    """Physical id: the association's; found again by table and subnet, of which a subnet has one at most."""

    service = "ec2"
    taggable = False
    looks_first = True
    at_once = 200  # values in one filter
    supported = frozenset(_PROPERTIES)
    kind = Kind(
        type="AWS::EC2::SubnetRouteTableAssociation",
        label="Route table of a subnet",
        immutable=supported,
        side_by_side=any_differs("SubnetId"),
        permissions=("ec2:AssociateRouteTable", "ec2:DescribeRouteTables", "ec2:DisassociateRouteTable"),
    )

    def locate(self, target: Target) -> str | None:
        subnet, table = target.properties["SubnetId"], target.properties["RouteTableId"]
        found = self._associations("association.subnet-id", [subnet])
        wanted = {"SubnetId": subnet, "RouteTableId": table}
        return next(
            (str(entry["RouteTableAssociationId"]) for entry in found if picked(entry, *wanted) == wanted), None
        )

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        return self._by_id([physical_id]).get(physical_id)

    def described(self, resources: Sequence[StateResource]) -> Mapping[str, Live]:
        found = self._by_id([entry.physical_id for entry in resources])
        return {entry.logical_id: found[entry.physical_id] for entry in resources if entry.physical_id in found}

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

    def _by_id(self, physical_ids: list[str]) -> dict[str, Live]:
        found = self._associations("association.route-table-association-id", physical_ids)
        lives = {entry["RouteTableAssociationId"]: picked(entry, *_PROPERTIES) for entry in found}
        return {name: Live(name, lives[name], {"Id": name}) for name in physical_ids if name in lives}

    def _associations(self, filter_name: str, values: list[str]) -> list[dict[str, Any]]:
        """The associations of all route tables that have a matching one, the tables' others too."""
        tables = self.aws.pages(
            "ec2",
            "describe_route_tables",
            "RouteTables",
            absent=_ABSENT,
            Filters=[{"Name": filter_name, "Values": values}],
        )
        return [entry for table in tables or () for entry in table.get("Associations", ())]
