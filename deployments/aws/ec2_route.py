"""AWS::EC2::Route: one destination of a route table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind, any_differs
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("InvalidRouteTableID.NotFound", "InvalidRoute.NotFound")
_KEY = ("RouteTableId", "DestinationCidrBlock")
_TO = ("GatewayId", "NatGatewayId")


class Ec2Route(AwsProvisioner):
    """Physical id: `table|destination`, as CloudFormation's."""

    service = "ec2"
    taggable = False
    at_once = 200  # values in one filter
    supported = frozenset({*_KEY, *_TO})
    kind = Kind(
        type="AWS::EC2::Route",
        label="Route",
        immutable=frozenset(_KEY),
        side_by_side=any_differs(*_KEY),
        permissions=("ec2:CreateRoute", "ec2:DeleteRoute", "ec2:DescribeRouteTables", "ec2:ReplaceRoute"),
    )

    def locate(self, target: Target) -> str:
        return "|".join(str(target.properties[name]) for name in _KEY)

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer = self.aws.look("ec2", "describe_route_tables", _ABSENT, RouteTableIds=[physical_id.partition("|")[0]])
        tables = answer["RouteTables"] if answer else []
        return self._live(tables[0], physical_id) if tables else None

    def described(self, resources: Sequence[StateResource]) -> Mapping[str, Live]:
        asked = {entry.physical_id.partition("|")[0] for entry in resources}
        listed = self.aws.pages(
            "ec2",
            "describe_route_tables",
            "RouteTables",
            Filters=[{"Name": "route-table-id", "Values": sorted(asked)}],
        )
        tables = {table["RouteTableId"]: table for table in listed or ()}
        found = {
            entry.logical_id: self._live(tables.get(entry.physical_id.partition("|")[0], {}), entry.physical_id)
            for entry in resources
        }
        return {logical_id: live for logical_id, live in found.items() if live is not None}

    @staticmethod
    def _live(described: Mapping[str, Any], physical_id: str) -> Live | None:
        table, _, destination = physical_id.partition("|")
        for route in described.get("Routes", ()):
            if route.get("DestinationCidrBlock") == destination:
                live = {"RouteTableId": table, "DestinationCidrBlock": destination}
                live |= {name: route[name] for name in _TO if route.get(name)}
                return Live(physical_id, live, {"CidrBlock": destination})
        return None

    def make(self, target: Target) -> Made | Refusal:
        answer = self.aws.attempt(
            "ec2", "create_route", ("RouteAlreadyExists",), **picked(target.properties, *_KEY, *_TO)
        )
        return answer if isinstance(answer, Refusal) else self._made(target)

    def update(self, target: Target, live: Live) -> Made:
        if self.changed(target, live):
            self.aws.call("ec2", "replace_route", **picked(target.properties, *_KEY, *_TO))
        return self._made(target)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("ec2", "delete_route", _ABSENT, **picked(recorded.properties, *_KEY))

    def _made(self, target: Target) -> Made:
        return Made(self.locate(target), {"CidrBlock": target.properties["DestinationCidrBlock"]})
