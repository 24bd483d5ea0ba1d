"""VPCs with what is in them, and IPAM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from moto.ec2.models import ec2_backends

from strandsweb.sandbox.emulations.ipam import ipam_backends
from strandsweb.sandbox.inventory.kinds import Kinds

_GOING = ("deleting", "deleted", "failed")


def _made(backend: Any, vpc_id: str) -> bool:
    vpc = backend.vpcs.get(vpc_id)
    return vpc is None or not vpc.is_default


def _tables(backend: Any) -> Iterator[Any]:
    """The route tables that somebody made."""
    return (
        table
        for table in backend.route_tables.values()
        if table.main_association_id is None and _made(backend, table.vpc_id)
    )


def _things(prefix: str) -> Callable[[Any], list[str]]:
    return lambda b: [key for key, thing in b.things.items() if key.startswith(prefix) and thing.verb != "delete"]


KINDS: Kinds = {
    "AWS::EC2::EIP": (ec2_backends, lambda b: [address.public_ip for address in b.addresses]),
    "AWS::EC2::FlowLog": (ec2_backends, lambda b: b.flow_logs),
    "AWS::EC2::IPAM": (ipam_backends, _things("ipam-0")),
    "AWS::EC2::IPAMAllocation": (ipam_backends, lambda b: b.allocations),
    "AWS::EC2::IPAMPool": (ipam_backends, _things("ipam-pool-0")),
    "AWS::EC2::InternetGateway": (ec2_backends, lambda b: b.internet_gateways),
    "AWS::EC2::NatGateway": (
        ec2_backends,
        lambda b: [key for key, gateway in b.nat_gateways.items() if gateway.state not in _GOING],
    ),
    "AWS::EC2::Route": (
        ec2_backends,
        lambda b: [
            f"{table.id}|{route.destination_cidr_block}"
            for table in _tables(b)
            for route in table.routes
            if not route.local and route.destination_cidr_block
        ],
    ),
    "AWS::EC2::RouteTable": (ec2_backends, lambda b: [table.id for table in _tables(b)]),
    "AWS::EC2::SecurityGroup": (
        ec2_backends,
        lambda b: [key for groups in b.groups.values() for key, group in groups.items() if group.name != "default"],
    ),
    "AWS::EC2::Subnet": (
        ec2_backends,
        lambda b: [key for zone in b.subnets.values() for key, subnet in zone.items() if _made(b, subnet.vpc_id)],
    ),
    "AWS::EC2::SubnetRouteTableAssociation": (
        ec2_backends,
        lambda b: [association for table in _tables(b) for association in table._associations],
    ),
    "AWS::EC2::VPC": (ec2_backends, lambda b: [key for key, vpc in b.vpcs.items() if not vpc.is_default]),
    "AWS::EC2::VPCEndpoint": (
        ec2_backends,
        lambda b: [key for key, endpoint in b.vpc_end_points.items() if endpoint.state not in _GOING],
    ),
    "AWS::EC2::VPCGatewayAttachment": (
        ec2_backends,
        lambda b: [f"IGW|{gateway.vpc.id}" for gateway in b.internet_gateways.values() if gateway.vpc],
    ),
}
