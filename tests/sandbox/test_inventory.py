"""The inventory knows every type that can be deployed, and an account nobody has used is empty."""

from __future__ import annotations

from deployments.aws.registry import PROVISIONERS
from strandsweb.sandbox.emulations.resourcetypes import TYPES
from strandsweb.sandbox.inventory import KINDS
from strandsweb.sandbox.starter import Sandbox
from tests.sandbox.conftest import client, http


def test_every_type_that_can_be_deployed_here_is_counted() -> None:
    assert set(PROVISIONERS) | set(TYPES) <= set(KINDS)


def test_an_account_in_which_nobody_has_made_anything_is_empty(sandbox: Sandbox) -> None:
    account = "210987654321"
    arn = f"arn:aws:iam::{account}:role/x"
    keys = client("sts", sandbox).assume_role(RoleArn=arn, RoleSessionName="looks")["Credentials"]
    there = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    assert client("ec2", sandbox, **there).describe_vpcs()["Vpcs"], "AWS has made a VPC of its own"
    client("events", sandbox, **there).list_rules()
    client("iam", sandbox, **there).list_policies(MaxItems=1)
    client("ssm", sandbox, **there).get_parameters_by_path(Path="/aws/service/global-infrastructure/regions")
    assert account not in http("GET", f"{sandbox.url}/_sandbox/inventory").json["accounts"]
