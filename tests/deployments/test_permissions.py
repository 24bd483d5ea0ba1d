"""What policies say, by name: who may, with which agents, on what, and how wide it is."""

from __future__ import annotations

from typing import Any

from deployments.engine.state import State, StateResource
from deployments.permissions import Holder, Permission, Place, permissions_of

ROLE_ARN = "arn:aws:iam::123456789012:role/app-shared"
BUCKET = StateResource("s", "Uploads", "AWS::S3::Bucket", "app-uploads", {}, {"Arn": "arn:aws:s3:::app-uploads"})
LONGER = StateResource("s", "More", "AWS::S3::Bucket", "app-uploads-more", {}, {"Arn": "arn:aws:s3:::app-uploads-more"})
FUNCTION = StateResource(
    "triage", "Triage", "AWS::Lambda::Function", "app-triage", {"Role": ROLE_ARN},
    {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:app-triage"}, ("Role",), agent="triage",
)  # fmt: skip


def role(*statements: dict[str, Any], **properties: Any) -> StateResource:
    """A role with an inline policy of these statements."""
    policies = [{"PolicyName": "permissions", "PolicyDocument": {"Statement": list(statements)}}]
    return StateResource(
        "s",
        "Role",
        "AWS::IAM::Role",
        "app-shared",
        {"Policies": policies, **properties},
        {"Arn": ROLE_ARN},
        ("Uploads",),
    )


def allow(actions: Any, resource: Any, **more: Any) -> dict[str, Any]:
    """One statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def read(*resources: StateResource) -> tuple[tuple[Holder, ...], tuple[Holder, ...]]:
    """Roles and resources of a state of these."""
    state = State(1, "l", "dev", "us-east-1", "1" * 12).with_resources(resources)
    found = permissions_of(state)
    assert [part for _, part in found.parts] == [found.roles, found.resources]
    return found.roles, found.resources


def rows(*statements: dict[str, Any]) -> tuple[Permission, ...]:
    """What a role with these statements may."""
    [[holder], _] = read(BUCKET, LONGER, FUNCTION, role(*statements))
    return holder.permissions


def test_actions_stand_by_service_and_resources_by_name() -> None:
    [row] = rows(allow(["s3:PutObject", "s3:GetObject"], ["arn:aws:s3:::app-uploads/incoming/*"]))
    assert row.actions == (("s3", ("GetObject", "PutObject")),)
    assert row.places == (Place("Uploads", "/incoming/*"),)
    assert (row.count, row.wide, row.denies, row.condition) == (2, "", False, "")
    assert str(row.places[0]) == "Uploads /incoming/*"


def test_the_longer_name_is_the_one_that_is_meant() -> None:
    [row] = rows(allow("s3:GetObject", "arn:aws:s3:::app-uploads-more/*"))
    assert row.places == (Place("More", "/*"),)


def test_places_with_the_same_actions_share_a_row() -> None:
    [row] = rows(allow("s3:ListBucket", "arn:aws:s3:::app-uploads"), allow("s3:ListBucket", "arn:aws:s3:::elsewhere"))
    assert row.places == (Place("Uploads"), Place(rest="arn:aws:s3:::elsewhere"))


def test_wide_ones_are_marked_and_come_first() -> None:
    found = rows(
        allow("s3:GetObject", "arn:aws:s3:::app-uploads"),
        allow("sqs:*", "*"),
        allow("*", "arn:aws:s3:::app-uploads/x"),
        {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::app-uploads"},
    )
    assert [row.wide for row in found] == [
        "any action",
        "nearly any action on any resource",
        "any action of sqs on any resource",
        "",
    ]
    [[holder], _] = read(BUCKET, role(allow("*", "*")))
    assert holder.wide == 1
    assert holder.permissions[0].places == (Place(rest="any resource"),)


def test_conditions_are_said_and_what_is_denied_is_not_wide() -> None:
    condition = {"StringEquals": {"aws:SourceAccount": "1"}}
    allowed, denied = rows(
        {"Effect": "Deny", "Action": "*", "Resource": "*"}, allow("sqs:SendMessage", "arn:x", Condition=condition)
    )
    assert allowed.condition == "StringEquals aws:sourceaccount 1"
    assert (denied.denies, denied.wide) == (True, "")


def test_a_role_names_its_agents_who_takes_it_on_and_what_is_attached() -> None:
    trust = {
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]
    }
    attached = ["arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"]
    entry = role(AssumeRolePolicyDocument=trust, ManagedPolicyArns=attached)
    [[holder], _] = read(FUNCTION, entry)
    assert holder == Holder(
        "Role", "AWS::IAM::Role", (), ("triage",), ("lambda.amazonaws.com",), ("AWSLambdaVPCAccessExecutionRole",)
    )


def test_a_policy_counts_for_the_agents_of_the_roles_it_is_attached_to() -> None:
    policy = StateResource(
        "s", "Extra", "AWS::IAM::ManagedPolicy", "arn:extra", {"PolicyDocument": {"Statement": [allow("s3:*", "*")]}},
        dependencies=("Role", "Gone"),
    )  # fmt: skip
    [[extra, _], _] = read(FUNCTION, role(), policy)
    assert (extra.logical_id, extra.agents, extra.wide) == ("Extra", ("triage",), 1)


def test_resources_say_what_they_let_others_do() -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::app-uploads/*"}
    policy = StateResource(
        "s", "UploadsPolicy", "AWS::S3::BucketPolicy", "x", {"PolicyDocument": {"Statement": statement}}
    )
    call = {
        "Action": "lambda:InvokeFunction", "FunctionName": "app-triage", "Principal": "events.amazonaws.com",
        "SourceArn": "arn:rule",
    }  # fmt: skip
    _, [invocation, bucket] = read(
        BUCKET, FUNCTION, policy, StateResource("triage", "Call", "AWS::Lambda::Permission", "x", call)
    )
    assert invocation.permissions == (
        Permission(
            False, "events.amazonaws.com", (("lambda", ("InvokeFunction",)),), (Place("Triage"),),
            "SourceArn is arn:rule", "",
        ),
    )  # fmt: skip
    assert bucket.permissions[0].principal == "anyone"
    assert bucket.permissions[0].places == (Place("Uploads", "/*"),)


def test_nothing_allowed_is_nothing() -> None:
    assert not permissions_of(State(0, "l", "dev", "us-east-1", "1" * 12))
