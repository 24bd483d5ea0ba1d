"""AWS::EC2::RouteTable: where the traffic of subnets goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Answer
from deployments.aws.ec2_tagged import TAGGING, Ec2Provisioner
from deployments.engine.kinds import Kind, always
from deployments.engine.ports import Made, Target


class Ec2RouteTable(Ec2Provisioner):
    """Physical id: the route table's."""

    noun, describe, entries, id_name = "route-table", "describe_route_tables", "RouteTables", "RouteTableId"
    remove, absent = "delete_route_table", ("InvalidRouteTableID.NotFound",)
    supported = frozenset({"VpcId"})
    kind = Kind(
        type="AWS::EC2::RouteTable",
        label="Route table",
        immutable=supported,
        side_by_side=always,
        permissions=(*TAGGING, "ec2:CreateRouteTable", "ec2:DeleteRouteTable", "ec2:DescribeRouteTables"),
    )

    def properties_of(self, entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
        return {"VpcId": entry["VpcId"]}

    def attributes_of(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"RouteTableId": entry["RouteTableId"]}

    def make(self, target: Target) -> Made:
        answer = self.aws.call(
            "ec2",
            "create_route_table",
            recover=lambda: self._recovered(target),
            VpcId=target.properties["VpcId"],
            TagSpecifications=self.specification(target),
        )
        return Made(answer["RouteTable"]["RouteTableId"], self.attributes_of(answer["RouteTable"]))

    def _recovered(self, target: Target) -> Answer | None:
        table = self.tagged(target)
        return table and {"RouteTable": table}
