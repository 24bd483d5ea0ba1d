"""The IPAM pool that a life's network comes from."""

from __future__ import annotations

import time
from typing import Any

import boto3
from django.conf import settings

ANY = "ipam-pool-0000"
"""What the configurations call it: its real id is AWS's."""


def make(account: str) -> None:
    """Makes it, with room for a few networks, and waits until it can be used."""
    ec2 = _ec2(account)
    scope = ec2.create_ipam(OperatingRegions=[{"RegionName": "us-east-1"}])["Ipam"]["PrivateDefaultScopeId"]
    ec2.create_ipam_pool(IpamScopeId=scope, AddressFamily="ipv4", Locale="us-east-1")
    while _pool(account)["State"] != "create-complete":
        time.sleep(0.1)
    pool_id = id_of(account)
    ec2.provision_ipam_pool_cidr(IpamPoolId=pool_id, Cidr="10.40.0.0/20")
    while ec2.get_ipam_pool_cidrs(IpamPoolId=pool_id)["IpamPoolCidrs"][0]["State"] != "provisioned":
        time.sleep(0.1)


def id_of(account: str) -> str:
    """Its id."""
    return str(_pool(account)["IpamPoolId"])


def _pool(account: str) -> dict[str, Any]:
    (pool,) = _ec2(account).describe_ipam_pools()["IpamPools"]
    found: dict[str, Any] = pool
    return found


def _ec2(account: str) -> Any:
    place = {"region_name": "us-east-1", "endpoint_url": settings.AWS_ENDPOINT_URL}
    sts = boto3.client("sts", aws_access_key_id="x", aws_secret_access_key="x", **place)
    keys = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/x", RoleSessionName="proof")["Credentials"]
    return boto3.client(
        "ec2",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        **place,
    )
