"""The network of a blueprint: how its range is divided, what leads out of it, and who may talk to whom."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.blueprint import Blueprint
from deployments.engine.intrinsics import recorded_lookup, resolve
from deployments.engine.state import StateResource
from tests.deployments.test_blueprint import drawn, named, statements

TEXT = """
project: {{name: desk, region: {region}}}
agents:
  - {{name: one, path: ./one, uses: [{{resource: jobs, access: write}}], environment: {{MODEL_PROVIDER: bedrock, MODEL_ID: m}}}}
  - {{name: two, path: ./two}}
  - {{name: three, path: ./three, isolated: true, egress: ["tcp:5432 10.20.0.0/16"]}}
resources:
  - {{name: jobs, type: sqs}}
shared:
  vpc: {vpc}
environments:
  dev: {{account: "123456789012"}}
"""  # noqa: E501


def network(vpc: str, region: str = "us-east-1") -> Blueprint:
    return drawn(TEXT.format(vpc=vpc, region=region), region=region)


def ranges(blueprint: Blueprint, cidr: str) -> dict[str, str]:
    """The subnets' ranges, when the VPC has that one."""
    vpc = StateResource("shared-infrastructure", "Vpc", "AWS::EC2::VPC", "vpc-1", {}, {"CidrBlock": cidr})
    lookup = recorded_lookup({"Vpc": vpc}, region="us-east-1", account="1")
    subnets = [resource for resource in blueprint.resources if resource.type == "AWS::EC2::Subnet"]
    return {subnet.logical_id: resolve(subnet.properties["CidrBlock"], lookup) for subnet in subnets}


def of_type(blueprint: Blueprint, kind: str) -> set[str]:
    return {resource.logical_id for resource in blueprint.resources if resource.type == kind}


def test_private_subnets_alone_lead_nowhere() -> None:
    blueprint = network("{enabled: true}")
    assert ranges(blueprint, "unused") == {"PrivateSubnet1": "10.0.0.0/19", "PrivateSubnet2": "10.0.32.0/19"}
    for kind in ("Route", "InternetGateway", "NatGateway", "EIP", "VPCEndpoint"):
        assert not of_type(blueprint, f"AWS::EC2::{kind}")
    assert not {name for name in (resource.logical_id for resource in blueprint.resources) if "Public" in name}


@pytest.mark.parametrize(
    ("vpc", "cidr", "last"),
    [
        ("{cidr: 10.1.0.0/24, nat: true}", "unused", "10.1.0.96/27"),
        ("{cidr: 10.1.0.0/26, internet_gateway: true}", "unused", "10.1.0.48/28"),
        ("{ipam: {pool_id: ipam-pool-0abc, netmask_length: 20}, nat: true}", "10.7.16.0/20", "10.7.22.0/23"),
    ],
)
def test_public_subnets_come_with_a_way_out(vpc: str, cidr: str, last: str) -> None:
    blueprint = network(vpc)
    found = ranges(blueprint, cidr)
    assert list(found) == ["PrivateSubnet1", "PrivateSubnet2", "PublicSubnet1", "PublicSubnet2"]
    assert found["PublicSubnet2"] == last
    assert of_type(blueprint, "AWS::EC2::NatGateway") == ({"NatGateway"} if "nat" in vpc else set())
    assert named(blueprint, "PublicRoute").depends_on == ("InternetGatewayAttachment",)


def test_a_network_from_ipam_names_its_pool_and_no_range() -> None:
    vpc = named(network("{ipam: {pool_id: ipam-pool-0abc}}"), "Vpc").properties
    assert (vpc["Ipv4IpamPoolId"], vpc["Ipv4NetmaskLength"]) == ("ipam-pool-0abc", 24)
    assert "CidrBlock" not in vpc


@pytest.mark.parametrize(
    ("vpc", "region", "zones"),
    [
        ("{enabled: true}", "us-east-1", ["us-east-1a", "us-east-1b"]),
        ("{enabled: true}", "ap-northeast-1", ["ap-northeast-1a", "ap-northeast-1c"]),
        ("{zones: [us-east-1d, us-east-1f]}", "us-east-1", ["us-east-1d", "us-east-1f"]),
    ],
)
def test_subnets_lie_in_two_zones(vpc: str, region: str, zones: list[str]) -> None:
    blueprint = network(vpc, region)
    found = [named(blueprint, f"PrivateSubnet{number}").properties["AvailabilityZone"] for number in (1, 2)]
    assert found == zones


def test_agents_with_the_same_requirements_share_a_group_that_nobody_may_call() -> None:
    blueprint = network("{endpoints: [sqs]}")
    groups = {
        agent: named(blueprint, f"{agent}Function").properties["VpcConfig"]["SecurityGroupIds"]
        for agent in ("One", "Two", "Three")
    }
    assert groups["One"] == groups["Two"] == [{"Fn::GetAtt": ["AgentsSecurityGroup", "GroupId"]}]
    assert groups["Three"] == [{"Fn::GetAtt": ["AgentsTcp543210200016SecurityGroup", "GroupId"]}]
    own = named(blueprint, "AgentsTcp543210200016SecurityGroup").properties
    assert own["SecurityGroupIngress"] == []
    https, crm = own["SecurityGroupEgress"]
    assert https["CidrIp"] == {"Fn::GetAtt": ["Vpc", "CidrBlock"]}, "no further than the endpoints"
    assert crm == {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "10.20.0.0/16"}
    (first, second) = named(blueprint, "EndpointsSecurityGroup").properties["SecurityGroupIngress"]
    assert {first["FromPort"], second["ToPort"]} == {443}


def test_endpoints_are_shared_and_what_is_out_of_reach_is_said() -> None:
    blueprint = network("{endpoints: [s3, bedrock-runtime]}")
    gateway, interface = (named(blueprint, name).properties for name in ("S3Endpoint", "BedrockRuntimeEndpoint"))
    assert gateway["RouteTableIds"] == [{"Ref": "PrivateRouteTable"}] and "SubnetIds" not in gateway
    assert interface["PrivateDnsEnabled"] and len(interface["SubnetIds"]) == 2
    assert interface["ServiceName"] == "com.amazonaws.us-east-1.bedrock-runtime"
    (problem,) = blueprint.problems
    assert "one cannot reach sqs" in problem.message and problem.severity == "warning"
    assert not network("{nat: true}").problems


def test_every_role_of_a_function_in_a_vpc_may_have_its_network_interfaces() -> None:
    blueprint = network("{nat: true}")

    def interfaces(role: str) -> list[dict[str, Any]]:
        return [entry for entry in statements(blueprint, role) if "ec2:CreateNetworkInterface" in entry["Action"]]

    assert len(interfaces("SharedExecutionRole")) == len(interfaces("ThreeExecutionRole")) == 1
    assert "SharedExecutionRole" in named(blueprint, "PrivateSubnet1").depends_on, "Lambda needs it to clean up"


def test_the_flow_log_writes_to_a_group_of_its_own_unless_nobody_wants_it() -> None:
    blueprint = network("{enabled: true}")
    assert named(blueprint, "NetworkLogGroup").properties["LogGroupName"] == "/strands/desk/dev/network"
    assert statements(blueprint, "FlowLogRole")[0]["Resource"] == [{"Fn::GetAtt": ["NetworkLogGroup", "Arn"]}]
    assert not of_type(network("{flow_logs: false}"), "AWS::EC2::FlowLog")


def test_egress_without_a_network_is_a_problem() -> None:
    blueprint = network("{enabled: false}")
    (problem,) = blueprint.problems
    assert problem.path == "agents[2].egress" and not of_type(blueprint, "AWS::EC2::VPC")
