"""AWS::EC2::Route: one destination of a route table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("InvalidRouteTableID.NotFound", "InvalidRoute.NotFound")
_KEY = ("RouteTableId", "DestinationCidrBlock")
_TO = ("GatewayId", "NatGatewayId")


class Ec2Route(AwsProvisioner):
    """Physical id: `table|destination`, as CloudFormation's."""

    service = "ec2"
    taggable = False
    supported = frozenset({*_KEY, *_TO})
    kind = Kind(
        type="AWS::EC2::Route",
        label="Route",
        immutable=frozenset(_KEY),
        permissions=("ec2:CreateRoute", "ec2:DeleteRoute", "ec2:DescribeRouteTables", "ec2:ReplaceRoute"),
    )

    def locate(self, target: Target) -> str:
        return "|".join(str(target.properties[name]) for name in _KEY)

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        table, _, destination = physical_id.partition("|")
        answer = self.aws.look("ec2", "describe_route_tables", _ABSENT, RouteTableIds=[table])
        tables = answer["RouteTables"] if answer else []
        for route in tables[0].get("Routes", ()) if tables else ():
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
