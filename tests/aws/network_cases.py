"""The cases of EC2's kinds, with the network each of them needs around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deployments.aws.calls import Aws
from tests.aws.conftest import REGION

WANTED: dict[str, dict[str, Any]] = {
    "AWS::EC2::EIP": {"Domain": "vpc"},
    "AWS::EC2::FlowLog": {
        "ResourceId": "$vpc",
        "ResourceType": "VPC",
        "TrafficType": "ALL",
        "LogGroupName": "/strands/support-desk/dev/network",
        "DeliverLogsPermissionArn": "$flow-role",
    },
    "AWS::EC2::InternetGateway": {},
    "AWS::EC2::NatGateway": {"SubnetId": "$subnet", "AllocationId": "$address"},
    "AWS::EC2::Route": {"RouteTableId": "$table", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "$gateway"},
    "AWS::EC2::RouteTable": {"VpcId": "$vpc"},
    "AWS::EC2::SecurityGroup": {
        "GroupName": "strands-support-desk-dev-agents",
        "GroupDescription": "What agents may reach",
        "VpcId": "$vpc",
        "SecurityGroupIngress": [
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "SourceSecurityGroupId": "$group"}
        ],
        "SecurityGroupEgress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}],
    },
    "AWS::EC2::Subnet": {
        "VpcId": "$vpc",
        "CidrBlock": "10.9.1.0/24",
        "AvailabilityZone": f"{REGION}b",
        "MapPublicIpOnLaunch": False,
    },
    "AWS::EC2::SubnetRouteTableAssociation": {"SubnetId": "$subnet", "RouteTableId": "$table"},
    "AWS::EC2::VPC": {"CidrBlock": "10.8.0.0/16", "EnableDnsSupport": True, "EnableDnsHostnames": True},
    "AWS::EC2::VPCEndpoint": {
        "VpcId": "$vpc",
        "ServiceName": f"com.amazonaws.{REGION}.sqs",
        "VpcEndpointType": "Interface",
        "PrivateDnsEnabled": True,
        "SubnetIds": ["$subnet"],
        "SecurityGroupIds": ["$group"],
    },
    "AWS::EC2::VPCGatewayAttachment": {"VpcId": "$vpc", "InternetGatewayId": "$loose-gateway"},
}

# What changes in place; tags alone where there is nothing else.
CHANGED: dict[str, dict[str, Any]] = {
    "AWS::EC2::EIP": {},
    "AWS::EC2::FlowLog": {},
    "AWS::EC2::InternetGateway": {},
    "AWS::EC2::NatGateway": {},
    "AWS::EC2::Route": {"GatewayId": None, "NatGatewayId": "$nat"},
    "AWS::EC2::RouteTable": {},
    "AWS::EC2::SecurityGroup": {
        "SecurityGroupIngress": None,
        "SecurityGroupEgress": [
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"},
            {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "10.20.0.0/16", "Description": "CRM"},
        ],
    },
    "AWS::EC2::Subnet": {"MapPublicIpOnLaunch": True},
    "AWS::EC2::VPC": {"EnableDnsHostnames": None},
    "AWS::EC2::VPCEndpoint": {"PrivateDnsEnabled": None, "SecurityGroupIds": ["$group", "$other-group"]},
}

UNTAGGED = frozenset({"AWS::EC2::Route", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPCGatewayAttachment"})


def named(type_name: str) -> dict[str, str]:
    """The tag EC2's resources are found by."""
    return {"Name": "strands-support-desk-dev-subject"} if type_name in WANTED else {}


def around(aws: Aws, type_name: str) -> dict[str, str]:
    """What the case of this kind refers to, and no more; what the placeholders stand for."""
    needed = set(_placeholders([WANTED[type_name], CHANGED.get(type_name)]))
    if not needed:
        return {}
    real = {"$vpc": aws.call("ec2", "create_vpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]}
    vpc = {"VpcId": real["$vpc"]}
    if {"$subnet", "$nat"} & needed:
        real["$subnet"] = aws.call("ec2", "create_subnet", CidrBlock="10.9.0.0/24", **vpc)["Subnet"]["SubnetId"]
    if "$table" in needed:
        real["$table"] = aws.call("ec2", "create_route_table", **vpc)["RouteTable"]["RouteTableId"]
    for name in sorted({"$group", "$other-group"} & needed):
        group = aws.call("ec2", "create_security_group", GroupName=name[1:], Description=name[1:], **vpc)
        real[name] = group["GroupId"]
    if {"$nat", "$address"} & needed:
        needed.add("$gateway")  # the way out that a public NAT gateway needs
    for name in sorted({"$gateway", "$loose-gateway"} & needed):
        real[name] = aws.call("ec2", "create_internet_gateway")["InternetGateway"]["InternetGatewayId"]
    if "$gateway" in needed:
        aws.call("ec2", "attach_internet_gateway", InternetGatewayId=real["$gateway"], **vpc)
    if {"$address", "$nat"} & needed:
        real["$address"] = aws.call("ec2", "allocate_address", Domain="vpc")["AllocationId"]
    if "$nat" in needed:
        nat = aws.call("ec2", "create_nat_gateway", SubnetId=real["$subnet"], AllocationId=real["$address"])
        real["$nat"] = nat["NatGateway"]["NatGatewayId"]
    if type_name == "AWS::EC2::VPCEndpoint":
        aws.call("ec2", "modify_vpc_attribute", EnableDnsHostnames={"Value": True}, **vpc)
    if "$flow-role" in needed:
        trust = '{"Version":"2012-10-17","Statement":[]}'
        role = aws.call("iam", "create_role", RoleName="flow", AssumeRolePolicyDocument=trust)
        real["$flow-role"] = role["Role"]["Arn"]
        aws.call("logs", "create_log_group", logGroupName="/strands/support-desk/dev/network")
    return real


def _placeholders(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for entry in value.values():
                yield from _placeholders(entry)
        case list():
            for entry in value:
                yield from _placeholders(entry)
        case str() if value.startswith("$"):
            yield value
