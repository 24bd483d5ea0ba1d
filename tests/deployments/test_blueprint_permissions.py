"""IAM statements: what each action is allowed on, and how the union is written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.blueprint.permissions import ACCESS, Permission, actions_for, document, on_resource, to_invoke_model
from deployments.engine.resources import Resource

BUCKET = Resource("shared-infrastructure", "Files", "AWS::S3::Bucket", {})
ARN = {"Fn::GetAtt": ["Files", "Arn"]}
OBJECTS = {"Fn::Sub": "${Files.Arn}/*"}


def allowed(*actions: str, path: str = "") -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for permission in on_resource(BUCKET, actions, path):
        for action in permission.actions:
            found.setdefault(action, []).append(permission.resource)
    return found


@pytest.mark.parametrize(
    ("action", "resources"),
    [
        ("s3:GetObject", [OBJECTS]),
        ("s3:AbortMultipartUpload", [OBJECTS]),
        ("s3:ListBucket", [ARN]),
        ("s3:GetBucketLocation", [ARN]),
        ("s3:GetBucketObjectLockConfiguration", [ARN]),
        ("s3:Get*", [OBJECTS, ARN]),
        ("s3:GetObject*", [OBJECTS]),
    ],
)
def test_a_bucket_is_not_what_is_in_it(action: str, resources: list[Any]) -> None:
    assert allowed(action) == {action: resources}


def test_text_that_looks_like_a_reference_stays_text() -> None:
    assert allowed("s3:GetObject", path="${aws:userid}/*") == {
        "s3:GetObject": [{"Fn::Sub": "${Files.Arn}/${!aws:userid}/*"}]
    }


@pytest.mark.parametrize("kind", sorted(ACCESS))
def test_reading_and_writing_together_are_both(kind: str) -> None:
    both = actions_for(kind, "read-write")
    assert set(both) == {*actions_for(kind, "read"), *actions_for(kind, "write")}
    assert list(both) == sorted(both)
    assert not any("*" in action for action in both)


def test_a_model_named_by_its_arn_is_just_that() -> None:
    (permission,) = to_invoke_model("arn:aws:bedrock:us-east-1:123456789012:custom-model/mine")
    assert permission.resource == "arn:aws:bedrock:us-east-1:123456789012:custom-model/mine"


def test_what_is_allowed_alike_is_one_statement() -> None:
    union = document(
        [
            Permission(("sqs:SendMessage",), "b"),
            Permission(("sqs:SendMessage",), "a"),
            Permission(("sqs:ReceiveMessage", "sqs:SendMessage"), "c"),
            Permission(("sqs:ReceiveMessage",), "a", {"Bool": {"aws:SecureTransport": "true"}}),
        ]
    )
    assert union["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["sqs:ReceiveMessage"],
            "Resource": ["a"],
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        },
        {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:SendMessage"], "Resource": ["c"]},
        {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": ["a", "b"]},
    ]


PERMISSIONS = st.lists(
    st.builds(
        Permission,
        st.lists(st.sampled_from(["a:Read", "a:Write", "b:Send"]), min_size=1, max_size=3, unique=True).map(tuple),
        st.sampled_from(["one", "two", "three"]),
        st.sampled_from([None, {"Bool": {"x": "true"}}]),
    ),
    max_size=8,
)


@given(PERMISSIONS)
def test_the_union_allows_exactly_what_its_parts_do(permissions: list[Permission]) -> None:
    def facts(entries: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
        return {
            (action, resource, str(entry.get("Condition")))
            for entry in entries
            for action in entry["Action"]
            for resource in entry["Resource"]
        }

    written: list[dict[str, Any]] = document(permissions)["Statement"]
    assert facts(written) == {
        (action, str(permission.resource), str(permission.condition))
        for permission in permissions
        for action in permission.actions
    }
    assert document(reversed(permissions)) == document(permissions)
