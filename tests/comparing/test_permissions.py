"""Permissions by meaning, in sentences."""

from __future__ import annotations

from typing import Any

from deployments.aws.registry import KINDS
from deployments.comparing.permissions import PermissionRow, compare_permissions
from tests.comparing.sides import DEV, PROD, deployed, entry, policy, side


def told(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    rows = compare_permissions(side(resources=before), side(number=2, resources=after), KINDS)
    return [str(line) for row in rows for line in row.lines]


def widening(before: dict[str, Any], after: dict[str, Any]) -> list[bool]:
    rows = compare_permissions(side(resources=before), side(number=2, resources=after), KINDS)
    return [line.widens for row in rows for line in row.lines]


def with_policy(document: dict[str, Any]) -> dict[str, Any]:
    """The estate with a second bucket, and a role that may what the document says."""
    found = deployed(DEV)
    found["Archive"] = entry(
        "AWS::S3::Bucket", "the-archive-bucket", attributes={"Arn": "arn:aws:s3:::the-archive-bucket"}
    )
    found["Shared"]["properties"]["Policies"] = [{"PolicyName": "permissions", "PolicyDocument": document}]
    return found


UPLOADS = deployed(DEV)["Uploads"]["attributes"]["Arn"]
JOBS = deployed(DEV)["Jobs"]["attributes"]["Arn"]
BOTH = [f"{UPLOADS}/*", "arn:aws:s3:::the-archive-bucket/*"]


def test_an_agent_gains_and_loses_in_words() -> None:
    before = with_policy(policy((["s3:GetObject"], BOTH), ("sqs:SendMessage", JOBS)))
    after = with_policy(policy((["s3:GetObject", "s3:DeleteObject"], BOTH)))
    assert told(before, after) == [
        "support gains s3:DeleteObject on 2 buckets",
        "support loses sqs:SendMessage on the queue Jobs",
    ]
    assert widening(before, after) == [True, False]
    assert told(after, before) == [
        "support gains sqs:SendMessage on the queue Jobs",
        "support loses s3:DeleteObject on 2 buckets",
    ]
    (row,) = compare_permissions(side(resources=before), side(resources=after), KINDS)
    assert (row.logical_id, row.agents, row.widens) == ("Shared", ("support",), True)
    assert row.after["Policies.permissions"]["Statement"][0]["Action"] == ["s3:DeleteObject", "s3:GetObject"]
    assert row.lines[0].resources == ("${Archive.Arn}/*", "${Uploads.Arn}/*")


def test_the_same_meaning_says_nothing_also_in_another_place() -> None:
    before = with_policy(policy((["s3:GetObject", "s3:PutObject"], UPLOADS)))
    after = with_policy(policy(("S3:putobject", [UPLOADS]), ("s3:GetObject", UPLOADS)))
    assert told(before, after) == []
    assert compare_permissions(side(DEV, resources=deployed(DEV)), side(PROD, resources=deployed(PROD)), KINDS) == ()


def test_everything_and_everybody_stand_out() -> None:
    before, after = with_policy(policy(("s3:GetObject", UPLOADS))), with_policy(policy(("s3:*", "*")))
    rows = compare_permissions(side(resources=before), side(resources=after), KINDS)
    assert [(str(line), line.broad) for line in rows[0].lines] == [
        ("support gains s3:* on everything", True),
        ("support loses s3:GetObject on the bucket Uploads", False),
    ]
    opened = deployed(DEV) | {
        "UploadsPolicy": entry(
            "AWS::S3::BucketPolicy",
            "uploads-policy",
            PolicyDocument=policy(("s3:GetObject", f"{UPLOADS}/*"), Principal="*"),
        )
    }
    (row,) = compare_permissions(side(resources=deployed(DEV)), side(resources=opened), KINDS)
    assert str(row.lines[0]) == "anyone gains s3:GetObject on the bucket Uploads"
    assert row.lines[0].broad and row.before is None


def test_denials_are_the_other_way_round_and_conditions_are_said() -> None:
    secure = {"Bool": {"aws:SecureTransport": "false"}}
    denied = with_policy(policy(("s3:*", UPLOADS), effect="Deny", Condition=secure))
    plain = with_policy(policy())
    said = "denied s3:* on the bucket Uploads if Bool aws:securetransport false"
    assert (told(plain, denied), widening(plain, denied)) == ([f"support is newly {said}"], [False])
    assert (told(denied, plain), widening(denied, plain)) == ([f"support is no longer {said}"], [True])


def test_managed_policies_count_for_the_role_that_has_them() -> None:
    arn = "arn:aws:iam::123456789012:policy/strands-support-desk-dev-more"
    before, after = with_policy(policy()), with_policy(policy())
    after["More"] = entry("AWS::IAM::ManagedPolicy", arn, PolicyDocument=policy(("sns:Publish", "arn:aws:sns:x:1:t")))
    after["Shared"]["properties"]["ManagedPolicyArns"] = [arn, "arn:aws:iam::aws:policy/ReadOnlyAccess"]
    assert told(before, after) == [
        "support gains everything in it on arn:aws:iam::aws:policy/ReadOnlyAccess",
        "support gains sns:Publish on arn:aws:sns:x:1:t",
    ]
    loose = {"More": after["More"]}
    assert told({}, loose) == ["More gains sns:Publish on arn:aws:sns:x:1:t"]


def test_who_may_call_a_function_and_take_a_role() -> None:
    called = deployed(DEV) | {
        "Call": entry(
            "AWS::Lambda::Permission", "Call", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com",
            FunctionName="strands-support-desk-dev-support", SourceArn="arn:aws:sns:x:1:t",
        )
    }  # fmt: skip
    assert told(deployed(DEV), called) == [
        "sns.amazonaws.com gains lambda:InvokeFunction on the function Support"
        " if ArnLike aws:sourcearn arn:aws:sns:x:1:t"
    ]
    trusted = deployed(DEV)
    trusted["Shared"]["properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"AWS": "*"}
    assert told(deployed(DEV), trusted) == [
        "anyone gains sts:AssumeRole on the role Shared",
        "lambda.amazonaws.com loses sts:AssumeRole on the role Shared",
    ]


def test_several_agents_of_one_role_are_counted_and_what_widens_comes_first() -> None:
    before = with_policy(policy(("s3:GetObject", [*BOTH, JOBS])))
    after = with_policy(policy(("s3:PutObject", [*BOTH, JOBS])))
    for each in (before, after):
        each["Other"] = each["Support"] | {"agent": "other"}
    after["Lone"] = entry("AWS::IAM::Role", "lone-role", Policies=[])
    before["Lone"] = entry(
        "AWS::IAM::Role", "lone-role",
        Policies=[{"PolicyName": "p", "PolicyDocument": policy(("sqs:*", JOBS))}],
    )  # fmt: skip
    assert told(before, after) == [
        "2 agents gain s3:PutObject on 2 buckets and 1 queue",
        "2 agents lose s3:GetObject on 2 buckets and 1 queue",
        "Lone loses sqs:* on the queue Jobs",
    ]


def test_a_document_that_cannot_be_read_says_nothing() -> None:
    assert told(with_policy(policy()), with_policy({"Statement": ["nonsense"]})) == []
    rows: tuple[PermissionRow, ...] = compare_permissions(side(), side(), KINDS)
    assert rows == ()
