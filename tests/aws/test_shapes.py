"""CloudFormation's shapes and the APIs' say the same."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.aws import dynamodb_shapes, s3_rules

RULES: list[dict[str, Any]] = [
    {"Id": "a", "Status": "Enabled", "Prefix": "logs/", "ExpirationInDays": 30},
    {"Id": "b", "Status": "Disabled", "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 90}]},
    {"Id": "c", "Status": "Enabled", "ExpiredObjectDeleteMarker": True},
    {"Id": "d", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 7}},
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["Id"])
def test_lifecycle_rules_come_back_as_they_went(rule: dict[str, Any]) -> None:
    sent = s3_rules.lifecycle_to_api({"Rules": [rule]})
    assert sent["Rules"][0]["ID"] == rule["Id"] and "Filter" in sent["Rules"][0]
    assert s3_rules.lifecycle_from_api(sent) == {"Rules": [rule]}


def test_notifications_come_back_as_they_went() -> None:
    rules = [{"Name": "suffix", "Value": ".pdf"}]
    wanted = {
        "LambdaConfigurations": [
            {"Event": "s3:ObjectCreated:*", "Function": "arn:f", "Filter": {"S3Key": {"Rules": rules}}},
            {"Event": "s3:ObjectRemoved:*", "Function": "arn:g"},
        ],
        "EventBridgeConfiguration": {"EventBridgeEnabled": True},
    }
    assert s3_rules.notifications_from_api(s3_rules.notifications_to_api(wanted)) == wanted


def index(name: str, key: str, read: int = 0) -> dict[str, Any]:
    """A global secondary index."""
    made = {
        "IndexName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    return {**made, "ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": 1}} if read else made


def test_indexes_change_one_at_a_time_and_go_before_they_come() -> None:
    before = {"GlobalSecondaryIndexes": [index("gone", "a"), index("moved", "a"), index("wider", "a", 1)]}
    after = {
        "AttributeDefinitions": [],
        "GlobalSecondaryIndexes": [index("moved", "b"), index("wider", "a", 5), index("new", "c")],
    }
    calls = dynamodb_shapes.updates(after, before, frozenset({"GlobalSecondaryIndexes"}))
    changes = [call["GlobalSecondaryIndexUpdates"][0] for call in calls]
    assert [(next(iter(change)), next(iter(change.values()))["IndexName"]) for change in changes] == [
        ("Delete", "gone"),
        ("Delete", "moved"),
        ("Create", "moved"),
        ("Create", "new"),
        ("Update", "wider"),
    ]


def test_billing_changes_with_its_capacity() -> None:
    capacity = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    provisioned = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": capacity}
    changed = frozenset({"BillingMode", "ProvisionedThroughput"})
    assert dynamodb_shapes.updates(provisioned, {}, changed) == [provisioned]
    assert dynamodb_shapes.updates({"BillingMode": "PAY_PER_REQUEST"}, provisioned, changed) == [
        {"BillingMode": "PAY_PER_REQUEST"}
    ]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [(None, None), ("alias/desk", "alias/desk"), ("1234", "1234"), ("9999", "arn:aws:kms:::key/1234")],
)
def test_a_tables_key_is_shown_in_the_words_it_was_asked_for(asked: str | None, shown: str | None) -> None:
    table = {
        "ProvisionedThroughput": {},
        "SSEDescription": {"Status": "ENABLED", "KMSMasterKeyArn": "arn:aws:kms:::key/1234"},
    }
    recorded = {"SSESpecification": {"SSEEnabled": True, **({"KMSMasterKeyId": asked} if asked else {})}}
    live = dynamodb_shapes.from_api(table, recorded)["SSESpecification"]
    assert live == {"SSEEnabled": True, **({"KMSMasterKeyId": shown} if shown else {})}
