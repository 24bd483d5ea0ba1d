"""The deploy policy: what the provisioners declare, as narrow as IAM allows, and enough for what they really call."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from deployments.aws.calls import Aws
from deployments.aws.deploy_policy import deploy_policy
from deployments.aws.naming import Names
from deployments.aws.registry import KINDS
from deployments.aws.tag_batches import PERMISSIONS
from tests.aws import cases
from tests.aws.conftest import Recording
from tests.engine.provisioner_contract import live, recorded, target

# Where the IAM action is not `service:Operation`.
ACTIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:GetBucketCors": "s3:GetBucketCORS",
    "s3:PutBucketCors": "s3:PutBucketCORS",
    "s3:DeleteBucketCors": "s3:PutBucketCORS",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
VERBS = {"Get": "GET", "Create": "POST", "Update": "PATCH", "Delete": "DELETE", "Untag": "DELETE", "Put": "PUT"}
TAGS = {"apigateway": "PUT", "apigatewayv2": "POST"}


def action_of(service: str, operation: str) -> str:
    """The IAM action of a call."""
    if service in TAGS:
        verbs = {**VERBS, "Tag": TAGS[service]}
        return f"apigateway:{next(verb for word, verb in verbs.items() if operation.startswith(word))}"
    return ACTIONS.get(f"{service}:{operation}", f"{service}:{operation}")


def policy(**changes: Any) -> dict[str, Any]:
    facts = {"project": "desk", "environment": "dev", "account": "123456789012", "region": "us-east-1"}
    return deploy_policy(KINDS, **{**facts, **changes})


@pytest.mark.parametrize("type_name", sorted(KINDS))
def test_a_kind_declares_what_it_calls(aws: Aws, listener: Recording, type_name: str) -> None:
    case = cases.case(aws, listener, type_name)
    listener.calls.clear()
    made = case.provisioner.create(target(case.wanted))
    case.provisioner.create(target(case.wanted))
    if case.changed is not None:
        case.provisioner.update(target(case.changed), live(case, made, case.wanted))
    case.provisioner.delete(recorded(case.wanted, made))
    called = {action_of(call.service, call.operation) for call in listener.calls}
    assert called <= set(KINDS[type_name].permissions)


def test_every_declared_action_is_allowed_once() -> None:
    allowed = [action for statement in policy()["Statement"] for action in statement["Action"]]
    assert sorted(allowed) == sorted(
        {*PERMISSIONS, *(action for kind in KINDS.values() for action in kind.permissions)}
    )


def test_a_star_stands_only_where_iam_knows_no_resource() -> None:
    starred = [statement for statement in policy()["Statement"] if "*" in statement["Resource"]]
    assert [statement["Sid"] for statement in starred] == ["StrandsUnscoped"]


def test_roles_are_passed_only_to_the_services_they_are_for() -> None:
    (passing,) = [statement for statement in policy()["Statement"] if "iam:PassRole" in statement["Action"]]
    assert passing["Condition"] == {
        "StringEquals": {
            "iam:PassedToService": ["apigateway.amazonaws.com", "lambda.amazonaws.com", "vpc-flow-logs.amazonaws.com"]
        }
    }
    assert passing["Resource"] == ["arn:aws:iam::123456789012:role/strands-desk-dev-*"]


def test_only_the_types_asked_for_are_allowed() -> None:
    statement, unscoped = policy(types=["AWS::SQS::Queue"])["Statement"]
    assert unscoped["Action"] == ["tag:GetResources", "tag:TagResources", "tag:UntagResources"]
    assert statement["Resource"] == ["arn:aws:sqs:us-east-1:123456789012:strands-desk-dev-*"]
    assert all(action.startswith("sqs:") for action in statement["Action"])


def test_names_without_an_account_or_region_in_their_arn() -> None:
    by_sid = {statement["Sid"]: statement for statement in policy()["Statement"]}
    assert by_sid["StrandsS3"]["Resource"] == ["arn:aws:s3:::strands-desk-dev-*", "arn:aws:s3:::strands-desk-dev-*/*"]
    assert "arn:aws:apigateway:us-east-1::/apis/*" in by_sid["StrandsApigateway"]["Resource"]


@pytest.mark.parametrize(("project", "name"), [("desk", "uploads"), ("p" * 40, "uploads"), ("desk", "n" * 63)])
def test_names_that_were_cut_are_still_covered(project: str, name: str) -> None:
    names = Names(project, "production", "123456789012", "ap-southeast-2")
    allowed = policy(project=project, environment="production", region="ap-southeast-2")["Statement"]
    patterns = [resource.rpartition(":")[2] for statement in allowed for resource in statement["Resource"]]
    for made in (names.bucket(name), f"role/{names.role(name)}", names.queue(name), f"rule/{names.rule(name)}"):
        assert any(fnmatchcase(made, pattern) for pattern in patterns if pattern != "*"), made
