"""The VPC of an environment: two zones with private subnets, public ones where something needs them, flow logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployments.blueprint.draft import Draft
from deployments.blueprint.endpoints import add_endpoints
from deployments.blueprint.permissions import Permission, document
from deployments.blueprint.roles import SHARED_ROLE, trust
from deployments.blueprint.security_groups import add_agent_groups
from deployments.blueprint.values import Output
from projects.configuration.model import Agent, Configuration, Vpc

VPC = "Vpc"
PRIVATE = ("PrivateSubnet1", "PrivateSubnet2")
DEFAULT_CIDR = "10.0.0.0/16"
EVERYWHERE = "0.0.0.0/0"
_PRIVATE_TABLE, _PUBLIC_TABLE = "PrivateRouteTable", "PublicRouteTable"
_SMALLEST_SUBNET = 28
# Where the first two letters are not two zones every account has.
_ZONE_LETTERS = {"ap-northeast-1": "ac", "us-west-1": "ac"}


@dataclass(frozen=True, slots=True)
class Network:
    """Where functions live: logical ids of the subnets, and of each agent's security group."""

    subnets: tuple[str, ...]
    groups: Mapping[str, str]

    def of(self, agent: Agent) -> dict[str, Any]:
        """`VpcConfig` of the agent's function."""
        return {
            "SubnetIds": [{"Ref": subnet} for subnet in self.subnets],
            "SecurityGroupIds": [{"Fn::GetAtt": [self.groups[agent.name], "GroupId"]}],
        }


def add_network(draft: Draft, configuration: Configuration, agents: Sequence[tuple[str, Agent]]) -> Network | None:
    """Adds the network when there is to be one. Comes after the roles, before the functions."""
    vpc = configuration.shared.vpc
    if vpc is None or not vpc.enabled:
        for path, agent in agents:
            if agent.egress:
                advice = "enable shared.vpc, or leave egress out"
                draft.problem(agent.line, f"{path}.egress", f"{agent.name} has egress but is in no VPC", advice)
        return None
    block, prefix = _add_vpc(draft, vpc)
    if _SMALLEST_SUBNET - prefix < 2:
        message = f"a /{prefix} has no room for the subnets of two zones"
        draft.problem(vpc.line, "shared.vpc", message, "take a /26 or larger")
        return None
    _add_subnets(draft, vpc, block, prefix)
    if vpc.nat or vpc.internet_gateway:
        _add_way_out(draft, vpc)
    if vpc.flow_logs:
        _add_flow_log(draft, configuration)
    groups = add_agent_groups(draft, vpc, agents, vpc_id=VPC)
    add_endpoints(
        draft, configuration, agents, vpc_id=VPC, subnets=PRIVATE, route_table=_PRIVATE_TABLE, callers=groups.values()
    )
    draft.outputs.append(Output("VpcId", VPC, None, "The network the agents are in"))
    return Network(PRIVATE, groups)


def _add_vpc(draft: Draft, vpc: Vpc) -> tuple[Any, int]:
    """The VPC; answers its address range (known or not) and the length of its prefix."""
    settings = {"EnableDnsHostnames": True, "EnableDnsSupport": True}  # endpoints answer to the services' own names
    if vpc.ipam is not None and vpc.ipam.enabled:
        length = vpc.ipam.netmask_length
        draft.add_network_part(
            VPC, "AWS::EC2::VPC", {"Ipv4IpamPoolId": vpc.ipam.pool_id, "Ipv4NetmaskLength": length, **settings}, "vpc"
        )
        return {"Fn::GetAtt": [VPC, "CidrBlock"]}, length
    cidr = vpc.cidr or DEFAULT_CIDR
    draft.add_network_part(VPC, "AWS::EC2::VPC", {"CidrBlock": cidr, **settings}, "vpc")
    return cidr, int(cidr.partition("/")[2])


def _add_subnets(draft: Draft, vpc: Vpc, block: Any, prefix: int) -> None:
    """Private and public subnets.

    The ranges are always divided for all of them, and more where there is room: a public subnet that comes later moves
    no private one.
    """
    parts = 8 if _SMALLEST_SUBNET - prefix >= 3 else 4
    bits = 32 - prefix - (parts.bit_length() - 1)
    blocks = {"Fn::Cidr": [block, parts, bits]}
    # The role outlives the subnets: Lambda needs it to take its network interfaces out of them.
    needed = (SHARED_ROLE,) if SHARED_ROLE in draft.resources else ()
    kinds = [("private", _PRIVATE_TABLE, 0, needed)]
    if vpc.nat or vpc.internet_gateway:
        kinds.append(("public", _PUBLIC_TABLE, 2, ()))
    for kind, table, first, depends_on in kinds:
        draft.add_network_part(table, "AWS::EC2::RouteTable", {"VpcId": {"Ref": VPC}}, kind)
        for number, zone in enumerate(_zones(draft, vpc)):
            subnet = draft.add_network_part(
                f"{kind.title()}Subnet{number + 1}",
                "AWS::EC2::Subnet",
                {
                    "VpcId": {"Ref": VPC},
                    "AvailabilityZone": zone,
                    "CidrBlock": {"Fn::Select": [first + number, blocks]},
                },
                f"{kind}-{zone}",
                depends_on=depends_on,
            )
            draft.add(
                f"{subnet}RouteTable",
                "AWS::EC2::SubnetRouteTableAssociation",
                {"SubnetId": {"Ref": subnet}, "RouteTableId": {"Ref": table}},
            )


def _zones(draft: Draft, vpc: Vpc) -> tuple[str, ...]:
    region = draft.facts.region
    return vpc.zones or tuple(region + letter for letter in _ZONE_LETTERS.get(region, "ab"))


def _add_way_out(draft: Draft, vpc: Vpc) -> None:
    gateway = draft.add_network_part("InternetGateway", "AWS::EC2::InternetGateway", {}, "internet")
    attachment = draft.add(
        "InternetGatewayAttachment",
        "AWS::EC2::VPCGatewayAttachment",
        {"VpcId": {"Ref": VPC}, "InternetGatewayId": {"Ref": gateway}},
    )
    draft.add(
        "PublicRoute",
        "AWS::EC2::Route",
        {"RouteTableId": {"Ref": _PUBLIC_TABLE}, "DestinationCidrBlock": EVERYWHERE, "GatewayId": {"Ref": gateway}},
        depends_on=(attachment,),
    )
    if not vpc.nat:
        return
    address = draft.add_network_part("NatAddress", "AWS::EC2::EIP", {"Domain": "vpc"}, "nat", depends_on=(attachment,))
    nat = draft.add_network_part(
        "NatGateway",
        "AWS::EC2::NatGateway",
        {"SubnetId": {"Ref": "PublicSubnet1"}, "AllocationId": {"Fn::GetAtt": [address, "AllocationId"]}},
        "nat",
        depends_on=("PublicRoute", "PublicSubnet1RouteTable"),
    )
    draft.add(
        "PrivateRoute",
        "AWS::EC2::Route",
        {"RouteTableId": {"Ref": _PRIVATE_TABLE}, "DestinationCidrBlock": EVERYWHERE, "NatGatewayId": {"Ref": nat}},
    )


def _add_flow_log(draft: Draft, configuration: Configuration) -> None:
    group = draft.add(
        "NetworkLogGroup",
        "AWS::Logs::LogGroup",
        {
            "LogGroupName": draft.names.shared_log_group("network"),
            "RetentionInDays": configuration.shared.monitoring.log_retention_days,
        },
    )
    writing = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    policy = document([Permission(writing, {"Fn::GetAtt": [group, "Arn"]})])
    role = draft.add(
        "FlowLogRole",
        "AWS::IAM::Role",
        {
            "RoleName": draft.names.role("flow-log"),
            "Description": f"Writes the flow log of {draft.facts.project} in {draft.facts.environment}",
            "AssumeRolePolicyDocument": trust("vpc-flow-logs.amazonaws.com"),
            "Policies": [{"PolicyName": "permissions", "PolicyDocument": policy}],
        },
    )
    draft.add_network_part(
        "FlowLog",
        "AWS::EC2::FlowLog",
        {
            "ResourceId": {"Ref": VPC},
            "ResourceType": "VPC",
            "TrafficType": "ALL",
            "LogGroupName": {"Ref": group},
            "DeliverLogsPermissionArn": {"Fn::GetAtt": [role, "Arn"]},
        },
        "flow-log",
    )
