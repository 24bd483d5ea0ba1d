"""Address pools hand out blocks that do not overlap, to allocations and VPCs, and take them back."""

from __future__ import annotations

import ipaddress
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from strandsweb.sandbox.emulations.blocks import free_blocks, next_block, overlap, parse_block
from strandsweb.sandbox.starter import start
from tests.sandbox.conftest import client, http
from tests.sandbox.test_functions import eventually

SETTLED = 0.6


def refused(code, call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value)


def account_client(sandbox, account, region="us-east-1"):
    """EC2 in an account of the test's own."""
    given_keys = client("sts", sandbox).assume_role(RoleArn=f"arn:aws:iam::{account}:role/x", RoleSessionName="test")
    keys = given_keys["Credentials"]
    return client(
        "ec2", sandbox, region=region, aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"],
    )  # fmt: skip


def make_pool(ec2, *, cidr="10.0.0.0/16", **more):
    """An IPAM with one settled pool that provides `cidr`."""
    ipams = ec2.describe_ipams()["Ipams"]
    ipam = ipams[0] if ipams else ec2.create_ipam(OperatingRegions=[{"RegionName": "eu-west-1"}])["Ipam"]
    options = {"IpamScopeId": ipam["PrivateDefaultScopeId"], "AddressFamily": "ipv4", "Locale": "us-east-1"} | more
    pool = ec2.create_ipam_pool(**options)["IpamPool"]["IpamPoolId"]
    time.sleep(SETTLED)
    ec2.provision_ipam_pool_cidr(IpamPoolId=pool, Cidr=cidr)
    time.sleep(SETTLED)
    return pool


@given(st.lists(st.integers(20, 28), max_size=30))
def test_blocks_never_overlap_and_leave_the_largest_gaps(lengths):
    pool = parse_block("10.0.0.0/20")
    taken = []
    for length in lengths:
        block = next_block([pool], taken, length)
        gaps = free_blocks([pool], taken)
        if block is None:
            assert all(gap.prefixlen > length for gap in gaps)
            continue
        assert block.prefixlen == length and not any(overlap(block, other) for other in taken)
        hole = next(gap for gap in gaps if block.subnet_of(gap))
        assert not [gap for gap in gaps if hole.prefixlen < gap.prefixlen <= length]
        taken.append(block)
    assert sum(b.num_addresses for b in taken) + sum(b.num_addresses for b in free_blocks([pool], taken)) == 4096


@pytest.mark.processes
def test_an_ipam_comes_with_scopes_and_settles(sandbox):
    ec2 = account_client(sandbox, "200000000001")
    tags = [{"ResourceType": "ipam", "Tags": [{"Key": "team", "Value": "net"}]}]
    made = ec2.create_ipam(Description="d", ClientToken="t", TagSpecifications=tags)["Ipam"]
    assert made["State"] == "create-in-progress" and made["ScopeCount"] == 2
    assert ec2.create_ipam(Description="d", ClientToken="t", TagSpecifications=tags)["Ipam"]["IpamId"] == made["IpamId"]
    refused("IdempotentParameterMismatch", ec2.create_ipam, Description="other", ClientToken="t")
    refused("ResourceLimitExceeded", ec2.create_ipam)
    assert eventually(lambda: ec2.describe_ipams(IpamIds=[made["IpamId"]])["Ipams"][0]["State"] == "create-complete")
    assert ec2.describe_ipams(Filters=[{"Name": "tag:team", "Values": ["n*"]}])["Ipams"][0]["Tags"][0]["Value"] == "net"
    assert ec2.describe_ipams(Filters=[{"Name": "tag:team", "Values": ["x"]}])["Ipams"] == []
    ec2.create_tags(Resources=[made["IpamId"]], Tags=[{"Key": "more", "Value": "1"}])
    ec2.create_tags(Resources=[made["PrivateDefaultScopeId"]], Tags=[{"Key": "more", "Value": "1"}])
    assert len(ec2.describe_ipams()["Ipams"][0]["Tags"]) == 2
    scopes = {scope["IpamScopeId"]: scope for scope in ec2.describe_ipam_scopes()["IpamScopes"]}
    assert scopes[made["PrivateDefaultScopeId"]]["IpamScopeType"] == "private"
    assert scopes[made["PublicDefaultScopeId"]]["IsDefault"] is True
    refused("InvalidParameterValue", ec2.delete_ipam_scope, IpamScopeId=made["PrivateDefaultScopeId"])
    own = ec2.create_ipam_scope(IpamId=made["IpamId"])["IpamScope"]["IpamScopeId"]
    assert ec2.modify_ipam_scope(IpamScopeId=own, Description="o")["IpamScope"]["State"] == "modify-in-progress"
    refused("DependencyViolation", ec2.delete_ipam, IpamId=made["IpamId"])
    ec2.delete_ipam_scope(IpamScopeId=own)
    changed = ec2.modify_ipam(
        IpamId=made["IpamId"], Description="new", AddOperatingRegions=[{"RegionName": "eu-west-1"}]
    )
    assert changed["Ipam"]["Description"] == "new" and len(changed["Ipam"]["OperatingRegions"]) == 2
    refused("InvalidIpamId.NotFound", ec2.delete_ipam, IpamId="ipam-00000000000000000")
    assert ec2.delete_ipam(IpamId=made["IpamId"])["Ipam"]["State"] == "delete-in-progress"
    assert eventually(lambda: not ec2.describe_ipams()["Ipams"] and not ec2.describe_ipam_scopes()["IpamScopes"])


@pytest.mark.processes
def test_vpcs_take_blocks_from_a_pool_and_give_them_back(sandbox):
    ec2 = account_client(sandbox, "200000000002")
    pool = make_pool(ec2, AllocationMinNetmaskLength=18, AllocationMaxNetmaskLength=24)
    vpcs = [ec2.create_vpc(Ipv4IpamPoolId=pool, Ipv4NetmaskLength=18)["Vpc"] for _ in range(4)]
    blocks = [ipaddress.ip_network(vpc["CidrBlock"]) for vpc in vpcs]
    assert not any(a.overlaps(b) for a in blocks for b in blocks if a is not b)
    said = refused("InvalidParameterValue", ec2.create_vpc, Ipv4IpamPoolId=pool, Ipv4NetmaskLength=24)
    assert "too big for the pool" in said
    allocations = ec2.get_ipam_pool_allocations(IpamPoolId=pool)["IpamPoolAllocations"]
    assert {one["ResourceId"]: one["Cidr"] for one in allocations} == {v["VpcId"]: v["CidrBlock"] for v in vpcs}
    assert {one["ResourceType"] for one in allocations} == {"vpc"}
    one = allocations[0]
    release = {"IpamPoolId": pool, "Cidr": one["Cidr"], "IpamPoolAllocationId": one["IpamPoolAllocationId"]}
    refused("InvalidParameterValue", ec2.release_ipam_pool_allocation, **release)
    refused("DependencyViolation", ec2.delete_ipam_pool, IpamPoolId=pool, Cascade=True)
    ec2.delete_vpc(VpcId=vpcs[1]["VpcId"])
    again = ec2.create_vpc(Ipv4IpamPoolId=pool, Ipv4NetmaskLength=18)["Vpc"]
    assert again["CidrBlock"] == vpcs[1]["CidrBlock"]
    for length in (17, 25):
        refused("InvalidParameterValue", ec2.create_vpc, Ipv4IpamPoolId=pool, Ipv4NetmaskLength=length)
    refused("MissingParameter", ec2.create_vpc, Ipv4IpamPoolId=pool)
    refused("MissingParameter", ec2.create_vpc)
    both = {"CidrBlock": "10.0.0.0/24", "Ipv4NetmaskLength": 24}
    refused("InvalidParameterCombination", ec2.create_vpc, Ipv4IpamPoolId=pool, **both)
    refused("InvalidIpamPoolId.NotFound", ec2.create_vpc, Ipv4IpamPoolId="ipam-pool-0aaaa", Ipv4NetmaskLength=24)
    elsewhere = account_client(sandbox, "200000000002", "eu-west-1")
    refused("InvalidParameterValue", elsewhere.create_vpc, Ipv4IpamPoolId=pool, Ipv4NetmaskLength=20)
    assert len(ec2.get_ipam_pool_allocations(IpamPoolId=pool)["IpamPoolAllocations"]) == 4


@pytest.mark.processes
def test_allocations_tags_and_pools_within_pools(sandbox):
    ec2 = account_client(sandbox, "200000000003")
    top = make_pool(ec2, cidr="10.8.0.0/16")
    scope = ec2.describe_ipams()["Ipams"][0]["PrivateDefaultScopeId"]
    tag = {"Key": "env", "Value": "dev"}
    child = {"IpamScopeId": scope, "AddressFamily": "ipv4", "Locale": "us-east-1", "SourceIpamPoolId": top}
    refused("InvalidParameterValue", ec2.create_ipam_pool, **child | {"Locale": "eu-west-1"})
    lengths = {"AllocationMinNetmaskLength": 24, "AllocationMaxNetmaskLength": 20}
    refused("InvalidParameterValue", ec2.create_ipam_pool, **child, **lengths)
    made = ec2.create_ipam_pool(**child, AllocationDefaultNetmaskLength=24, AllocationResourceTags=[tag])["IpamPool"]
    pool = made["IpamPoolId"]
    assert made["PoolDepth"] == 2 and made["State"] == "create-in-progress"
    refused("IncorrectState", ec2.provision_ipam_pool_cidr, IpamPoolId=pool, NetmaskLength=22)
    time.sleep(SETTLED)
    provided = ec2.provision_ipam_pool_cidr(IpamPoolId=pool, NetmaskLength=22)["IpamPoolCidr"]
    assert provided["State"] == "pending-provision" and provided["Cidr"] == "10.8.0.0/22"
    refused("InvalidParameterValue", ec2.allocate_ipam_pool_cidr, IpamPoolId=pool, NetmaskLength=24)
    assert eventually(lambda: ec2.get_ipam_pool_cidrs(IpamPoolId=pool)["IpamPoolCidrs"][0]["State"] == "provisioned")
    taken = ec2.get_ipam_pool_allocations(IpamPoolId=top)["IpamPoolAllocations"]
    assert [(one["ResourceId"], one["ResourceType"]) for one in taken] == [(pool, "ipam-pool")]
    preview = ec2.allocate_ipam_pool_cidr(IpamPoolId=pool, PreviewNextCidr=True)["IpamPoolAllocation"]["Cidr"]
    one = ec2.allocate_ipam_pool_cidr(IpamPoolId=pool, Description="d", ClientToken="c")["IpamPoolAllocation"]
    assert preview == one["Cidr"] == "10.8.0.0/24" and one["ResourceType"] == "custom"
    same = ec2.allocate_ipam_pool_cidr(IpamPoolId=pool, Description="d", ClientToken="c")["IpamPoolAllocation"]
    assert same["IpamPoolAllocationId"] == one["IpamPoolAllocationId"]
    for cidr in ("10.8.0.128/25", "10.9.0.0/24", "no", "2001:db8::/64"):
        refused("InvalidParameterValue", ec2.allocate_ipam_pool_cidr, IpamPoolId=pool, Cidr=cidr)
    said = refused("InvalidParameterValue", ec2.create_vpc, Ipv4IpamPoolId=pool, Ipv4NetmaskLength=24)
    assert "missing one or more of the resource tags" in said
    tags = [{"ResourceType": "vpc", "Tags": [tag]}]
    vpc = ec2.create_vpc(Ipv4IpamPoolId=pool, TagSpecifications=tags)["Vpc"]
    assert vpc["CidrBlock"] == "10.8.1.0/24"
    refused("IncorrectState", ec2.deprovision_ipam_pool_cidr, IpamPoolId=pool, Cidr="10.8.0.0/22")
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    release = {"IpamPoolId": pool, "Cidr": one["Cidr"], "IpamPoolAllocationId": one["IpamPoolAllocationId"]}
    refused("InvalidParameterValue", ec2.release_ipam_pool_allocation, **release | {"Cidr": "10.8.3.0/24"})
    assert ec2.release_ipam_pool_allocation(**release)["Success"]
    refused("InvalidIpamPoolAllocationId.NotFound", ec2.release_ipam_pool_allocation, **release)
    refused("DependencyViolation", ec2.delete_ipam_pool, IpamPoolId=pool)
    ec2.modify_ipam_pool(IpamPoolId=pool, RemoveAllocationResourceTags=[tag], ClearAllocationDefaultNetmaskLength=True)
    refused("MissingParameter", ec2.allocate_ipam_pool_cidr, IpamPoolId=pool)
    ec2.deprovision_ipam_pool_cidr(IpamPoolId=pool, Cidr="10.8.0.0/22")
    assert ec2.get_ipam_pool_allocations(IpamPoolId=top)["IpamPoolAllocations"] == []
    ec2.delete_ipam_pool(IpamPoolId=pool)
    rival = make_pool(ec2, cidr="10.8.128.0/20")
    failed = ec2.get_ipam_pool_cidrs(IpamPoolId=rival)["IpamPoolCidrs"][0]
    assert failed["State"] == "failed-provision" and failed["FailureReason"]["Code"] == "cidr-not-available"


@pytest.mark.processes
def test_pools_survive_a_kill_and_a_snapshot(tmp_path: Path):
    def seen(ec2, pool):
        return [
            {key: value for key, value in answer.items() if key != "ResponseMetadata"}
            for answer in (
                ec2.describe_ipams(),
                ec2.describe_ipam_scopes(),
                ec2.describe_ipam_pools(),
                ec2.get_ipam_pool_cidrs(IpamPoolId=pool),
                ec2.get_ipam_pool_allocations(IpamPoolId=pool),
            )
        ]

    with start(tmp_path) as sandbox:
        ec2 = client("ec2", sandbox)
        pool = make_pool(ec2)
        ec2.create_vpc(Ipv4IpamPoolId=pool, Ipv4NetmaskLength=24)
        before = seen(ec2, pool)
        sandbox.kill()
    for _ in range(2):
        with start(tmp_path) as sandbox:
            assert http("GET", f"{sandbox.url}/_sandbox/health").json["diverged"] == 0
            assert seen(client("ec2", sandbox), pool) == before
    with start(tmp_path) as sandbox:
        vpc = client("ec2", sandbox).create_vpc(Ipv4IpamPoolId=pool, Ipv4NetmaskLength=24)["Vpc"]
        assert vpc["CidrBlock"] == "10.0.1.0/24"
