"""EC2 as its API reference has it: what takes a while, what is refused, and what holds what."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strandsweb.sandbox.starter import Sandbox
from tests.sandbox.conftest import client, make_function

numbers = count(1)


def refused(code: str, call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value)


def until(found: Callable[[], Any], wanted: Any) -> set[Any]:
    """Looks until it is so; what was seen before."""
    seen = set()
    deadline = time.monotonic() + 10
    while (now := found()) != wanted:
        assert time.monotonic() < deadline, f"{now} instead of {wanted}"
        seen.add(now)
        time.sleep(0.05)
    return seen


class Network:
    """A VPC of the test's own with one subnet and one security group."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.ec2 = client("ec2", sandbox)
        number = next(numbers)
        self.vpc = self.ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.{number}.0.0/24")
        self.subnet = subnet["Subnet"]["SubnetId"]
        self.group = self.make_group("mine")

    def make_group(self, name: str) -> str:
        group = self.ec2.create_security_group(VpcId=self.vpc, GroupName=name, Description=name)
        return str(group["GroupId"])

    def open_door(self) -> str:
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        return str(gateway)

    def endpoint(self, **more: Any) -> dict[str, Any]:
        options = {"VpcId": self.vpc, "ServiceName": "com.amazonaws.us-east-1.sqs", "VpcEndpointType": "Interface"}
        options |= {"SubnetIds": [self.subnet], "SecurityGroupIds": [self.group], "PrivateDnsEnabled": False} | more
        made: dict[str, Any] = self.ec2.create_vpc_endpoint(**options)["VpcEndpoint"]
        return made

    def endpoint_state(self, identifier: str) -> str:
        try:
            return str(self.ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"][0]["State"])
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    def nat_state(self, identifier: str) -> str:
        return str(self.ec2.describe_nat_gateways(NatGatewayIds=[identifier])["NatGateways"][0]["State"])


@pytest.fixture
def network(sandbox: Sandbox) -> Network:
    return Network(sandbox)


def test_an_interface_endpoint_comes_and_goes_in_its_time_and_holds_what_it_uses(network: Network) -> None:
    made = network.endpoint()
    identifier = made["VpcEndpointId"]
    assert made["State"] == "pending"
    until(lambda: network.endpoint_state(identifier), "available")
    (interface,) = network.ec2.describe_network_interfaces(NetworkInterfaceIds=made["NetworkInterfaceIds"])[
        "NetworkInterfaces"
    ]
    assert interface["SubnetId"] == network.subnet
    assert [group["GroupId"] for group in interface["Groups"]] == [network.group]
    refused("DependencyViolation", network.ec2.delete_security_group, GroupId=network.group)
    refused("DependencyViolation", network.ec2.delete_subnet, SubnetId=network.subnet)
    assert network.ec2.delete_vpc_endpoints(VpcEndpointIds=[identifier])["Unsuccessful"] == []
    assert network.endpoint_state(identifier) == "deleting"
    refused("DependencyViolation", network.ec2.delete_subnet, SubnetId=network.subnet)
    until(lambda: network.endpoint_state(identifier), "InvalidVpcEndpointId.NotFound")
    (answer,) = network.ec2.delete_vpc_endpoints(VpcEndpointIds=[identifier])["Unsuccessful"]
    assert answer["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"
    network.ec2.delete_security_group(GroupId=network.group)
    network.ec2.delete_subnet(SubnetId=network.subnet)
    network.ec2.delete_vpc(VpcId=network.vpc)


def test_an_endpoint_follows_its_changes(network: Network) -> None:
    identifier = network.endpoint()["VpcEndpointId"]
    other = network.make_group("other")
    network.ec2.modify_vpc_endpoint(
        VpcEndpointId=identifier,
        AddSecurityGroupIds=[other],
        RemoveSecurityGroupIds=[network.group],
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
    )
    network.ec2.delete_security_group(GroupId=network.group)
    refused("DependencyViolation", network.ec2.delete_security_group, GroupId=other)
    network.ec2.modify_vpc_endpoint(VpcEndpointId=identifier, ResetPolicy=True)
    (endpoint,) = network.ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"]
    assert json.loads(endpoint["PolicyDocument"])["Statement"][0]["Action"] == "*"
    refused(
        "InvalidGroup.NotFound",
        network.ec2.modify_vpc_endpoint,
        VpcEndpointId=identifier,
        AddSecurityGroupIds=[network.group],
    )
    network.ec2.delete_vpc_endpoints(VpcEndpointIds=[identifier])
    until(lambda: network.endpoint_state(identifier), "InvalidVpcEndpointId.NotFound")
    refused("InvalidVpcEndpointId.NotFound", network.ec2.modify_vpc_endpoint, VpcEndpointId=identifier)


def test_private_names_need_both_dns_settings_and_belong_to_one_endpoint(network: Network) -> None:
    with pytest.raises(ClientError, match="enableDnsSupport and enableDnsHostnames"):
        network.endpoint(PrivateDnsEnabled=True)
    network.ec2.modify_vpc_attribute(VpcId=network.vpc, EnableDnsHostnames={"Value": True})
    assert network.endpoint(PrivateDnsEnabled=True)["PrivateDnsEnabled"]
    second = network.endpoint()["VpcEndpointId"]
    message = refused("InvalidParameter", network.ec2.modify_vpc_endpoint, VpcEndpointId=second, PrivateDnsEnabled=True)
    assert "conflicting DNS domain" in message


def test_a_gateway_endpoint_is_there_at_once_and_adds_routes(network: Network) -> None:
    tables = [
        network.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"],
        network.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"],
    ]
    wanted = {"VpcId": network.vpc, "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": tables[:1]}
    made = network.ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]
    assert (made["State"], made["VpcEndpointType"]) == ("available", "Gateway")
    refused("RouteAlreadyExists", network.ec2.create_vpc_endpoint, **wanted)

    def led() -> list[bool]:
        described = network.ec2.describe_route_tables(RouteTableIds=tables)["RouteTables"]
        by_id = {table["RouteTableId"]: table["Routes"] for table in described}
        return [any(route.get("GatewayId") == made["VpcEndpointId"] for route in by_id[table]) for table in tables]

    assert led() == [True, False]
    change = {"AddRouteTableIds": tables[1:], "RemoveRouteTableIds": tables[:1]}
    network.ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], **change)
    assert led() == [False, True]
    network.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert led() == [False, False]
    assert network.endpoint_state(made["VpcEndpointId"]) == "InvalidVpcEndpointId.NotFound"


def test_a_nat_gateway_comes_and_goes_in_its_time_and_gives_its_address_back(network: Network) -> None:
    ec2, door = network.ec2, network.open_door()
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    wanted = {"SubnetId": network.subnet, "AllocationId": address, "ClientToken": f"{address}-1"}
    made = ec2.create_nat_gateway(**wanted)["NatGateway"]
    identifier = made["NatGatewayId"]
    assert made["State"] == "pending"
    assert ec2.create_nat_gateway(**wanted)["NatGateway"]["NatGatewayId"] == identifier, "the token is the same"
    refused("IdempotentParameterMismatch", ec2.create_nat_gateway, **wanted | {"ConnectivityType": "private"})
    until(lambda: network.nat_state(identifier), "available")
    refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=address)
    refused("DependencyViolation", ec2.detach_internet_gateway, InternetGatewayId=door, VpcId=network.vpc)
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=network.subnet)
    ec2.delete_nat_gateway(NatGatewayId=identifier)
    refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=address)
    assert until(lambda: network.nat_state(identifier), "deleted") <= {"deleting"}
    ec2.release_address(AllocationId=address)
    refused("DependencyViolation", ec2.delete_internet_gateway, InternetGatewayId=door)
    ec2.delete_subnet(SubnetId=network.subnet)
    ec2.delete_security_group(GroupId=network.group)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=network.vpc)
    ec2.detach_internet_gateway(InternetGatewayId=door, VpcId=network.vpc)
    ec2.delete_internet_gateway(InternetGatewayId=door)
    ec2.delete_vpc(VpcId=network.vpc)


def test_a_nat_gateway_that_leads_nowhere_fails_with_the_reason(network: Network) -> None:
    ec2 = network.ec2
    refused("MissingParameter", ec2.create_nat_gateway, SubnetId=network.subnet)
    refused("NatGatewayNotFound", ec2.delete_nat_gateway, NatGatewayId="nat-0123456789abcdef0")
    refused("NatGatewayNotFound", ec2.describe_nat_gateways, NatGatewayIds=["nat-0123456789abcdef0"])
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]

    def fails_with() -> tuple[str, bool]:
        gateway = ec2.create_nat_gateway(SubnetId=network.subnet, AllocationId=address)["NatGateway"]
        until(lambda: network.nat_state(gateway["NatGatewayId"]), "failed")
        (told,) = ec2.describe_nat_gateways(NatGatewayIds=[gateway["NatGatewayId"]])["NatGateways"]
        return told["FailureCode"], bool(told["FailureMessage"])

    assert fails_with() == ("Gateway.NotAttached", True)
    network.open_door()
    made = ec2.create_nat_gateway(SubnetId=network.subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    assert fails_with() == ("Resource.AlreadyAssociated", True)
    ec2.create_tags(Resources=[made], Tags=[{"Key": "Name", "Value": f"the one in {network.vpc}"}])
    wanted = [{"Name": "tag:Name", "Values": [f"the one in {network.vpc}"]}]
    assert [one["NatGatewayId"] for one in ec2.describe_nat_gateways(Filters=wanted)["NatGateways"]] == [made]


def test_a_group_is_kept_by_the_rules_of_others_and_its_name_is_taken(network: Network) -> None:
    ec2, other = network.ec2, network.make_group("other")
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": network.group}]}
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    refused("DependencyViolation", ec2.delete_security_group, GroupId=network.group)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=network.vpc)
    refused("InvalidGroup.Duplicate", ec2.create_security_group, VpcId=network.vpc, GroupName="other", Description="x")
    ec2.delete_security_group(GroupId=other)
    ec2.delete_security_group(GroupId=network.group)
    default = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [network.vpc]}])["SecurityGroups"]
    refused("CannotDelete", ec2.delete_security_group, GroupId=default[0]["GroupId"])


def test_subnets_do_not_overlap(network: Network) -> None:
    (subnet,) = network.ec2.describe_subnets(SubnetIds=[network.subnet])["Subnets"]
    refused("InvalidSubnet.Conflict", network.ec2.create_subnet, VpcId=network.vpc, CidrBlock=subnet["CidrBlock"])


def test_a_function_holds_its_subnets_and_groups_for_a_while_longer(sandbox: Sandbox, network: Network) -> None:
    functions = client("lambda", sandbox)
    name = f"inside-{network.vpc}"
    place = {"SubnetIds": [network.subnet], "SecurityGroupIds": [network.group]}
    with pytest.raises(ClientError, match=r"InvalidSubnetID\.NotFound"):
        make_function(sandbox, name, "", VpcConfig=place | {"SubnetIds": ["subnet-0123456789abcdef0"]})
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        make_function(sandbox, name, "", VpcConfig=place | {"SecurityGroupIds": ["sg-0123456789abcdef0"]})
    make_function(sandbox, name, "", VpcConfig=place)
    told = functions.get_function_configuration(FunctionName=name)["VpcConfig"]
    assert (told["VpcId"], told["SubnetIds"]) == (network.vpc, [network.subnet])
    refused("DependencyViolation", network.ec2.delete_security_group, GroupId=network.group)
    other = network.make_group("other")
    changed = place | {"SecurityGroupIds": [other]}
    functions.update_function_configuration(FunctionName=name, VpcConfig=changed)
    refused("DependencyViolation", network.ec2.delete_security_group, GroupId=network.group)
    deleted = eventually_deleted(network, GroupId=network.group)
    assert deleted, "the old interface goes after a while"
    functions.delete_function(FunctionName=name)
    refused("DependencyViolation", network.ec2.delete_subnet, SubnetId=network.subnet)
    assert eventually_deleted(network, GroupId=other)
    network.ec2.delete_subnet(SubnetId=network.subnet)


def eventually_deleted(network: Network, **group: str) -> bool:
    def state() -> str:
        try:
            network.ec2.delete_security_group(**group)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "deleted"

    until(state, "deleted")
    return True


def test_a_flow_log_is_made_once(sandbox: Sandbox, network: Network) -> None:
    ec2 = network.ec2
    group = f"/flows/{network.vpc}"
    client("logs", sandbox).create_log_group(logGroupName=group)
    wanted: dict[str, Any] = {
        "ResourceIds": [network.vpc],
        "ResourceType": "VPC",
        "TrafficType": "ALL",
        "LogGroupName": group,
        "DeliverLogsPermissionArn": "arn:aws:iam::123456789012:role/flows",
    }
    token = {"ClientToken": network.vpc}
    (made,) = ec2.create_flow_logs(**wanted, **token)["FlowLogIds"]
    assert ec2.create_flow_logs(**wanted, **token)["FlowLogIds"] == [made]
    answer = ec2.create_flow_logs(**wanted)
    assert (answer["FlowLogIds"], answer["Unsuccessful"][0]["Error"]["Code"]) == ([], "FlowLogAlreadyExists")
    (told,) = ec2.describe_flow_logs(FlowLogIds=[made])["FlowLogs"]
    assert (told["FlowLogStatus"], told["DeliverLogsStatus"]) == ("ACTIVE", "SUCCESS")
    ec2.delete_flow_logs(FlowLogIds=[made])
    assert ec2.describe_flow_logs(FlowLogIds=[made])["FlowLogs"] == []
    (again,) = ec2.create_flow_logs(**wanted, **token)["FlowLogIds"]
    assert again != made
