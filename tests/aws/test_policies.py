"""What policies of resources, managed policies and rotation do beyond the contract."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deployments.aws.calls import Aws
from deployments.aws.iam_managed_policy import VERSIONS_AT_MOST
from deployments.engine.errors import Category, CloudError
from deployments.engine.plan import Action
from deployments.engine.policies import same_meaning
from tests.aws import cases
from tests.aws.conftest import Recording
from tests.aws.policy_cases import BUCKET, TOPIC_ARN, and_allow, reading, tls_only
from tests.engine.provisioner_contract import live, planned, recorded, target

ON_RESOURCES = ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy")
MANAGED, ROTATION = "AWS::IAM::ManagedPolicy", "AWS::SecretsManager::RotationSchedule"


@pytest.mark.parametrize("type_name", ON_RESOURCES)
def test_a_policy_that_says_something_else_is_never_lost(aws: Aws, listener: Recording, type_name: str) -> None:
    case = cases.case(aws, listener, type_name)
    assert case.changed is not None
    case.provisioner.create(target(case.changed))
    listener.calls.clear()
    with pytest.raises(CloudError, match="has a policy already") as caught:
        case.provisioner.create(target(case.wanted))
    assert caught.value.category is Category.CONFLICT and not listener.writes()


@pytest.mark.parametrize("type_name", [*ON_RESOURCES, MANAGED])
def test_the_same_in_other_words_is_no_change(aws: Aws, listener: Recording, type_name: str) -> None:
    case = cases.case(aws, listener, type_name)
    made = case.provisioner.create(target(case.wanted))
    document = case.wanted.properties["PolicyDocument"]
    (statement,) = document["Statement"]
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    other: Any = {**document, "Statement": {**statement, "Action": actions[::-1], "Sid": "AsText"}}
    reworded = replace(case.wanted, properties={**case.wanted.properties, "PolicyDocument": json.dumps(other)})
    assert planned(case, reworded, made, reworded).action is Action.NO_CHANGE
    listener.calls.clear()
    case.provisioner.update(target(reworded), live(case, made, case.wanted))
    assert not listener.writes()


@pytest.mark.parametrize(
    ("type_name", "name"), [("AWS::SNS::TopicPolicy", "Topics"), ("AWS::SQS::QueuePolicy", "Queues")]
)
def test_one_policy_is_for_one_thing(aws: Aws, listener: Recording, type_name: str, name: str) -> None:
    case = cases.case(aws, listener, type_name)
    both = replace(case.wanted, properties={**case.wanted.properties, name: ["one", "other"]})
    with pytest.raises(CloudError, match="can name one only") as caught:
        case.provisioner.create(target(both))
    assert caught.value.category is Category.INVALID


def test_a_topic_goes_back_to_the_policy_it_was_born_with(aws: Aws, listener: Recording) -> None:
    case = cases.case(aws, listener, "AWS::SNS::TopicPolicy")

    def told() -> Any:
        return json.loads(aws.call("sns", "get_topic_attributes", TopicArn=TOPIC_ARN)["Attributes"]["Policy"])

    born = told()
    made = case.provisioner.create(target(case.wanted))
    assert told() != born
    case.provisioner.delete(recorded(case.wanted, made))
    assert same_meaning(told(), born) and told()["Id"] == born["Id"]


def test_a_policy_goes_with_what_it_was_on(aws: Aws, listener: Recording) -> None:
    case = cases.case(aws, listener, "AWS::S3::BucketPolicy")
    made = case.provisioner.create(target(case.wanted))
    aws.call("s3", "delete_bucket", Bucket=BUCKET)
    assert case.provisioner.find(target(case.wanted)) is None
    case.provisioner.delete(recorded(case.wanted, made))


def test_a_managed_policy_keeps_its_last_versions(aws: Aws, listener: Recording) -> None:
    case = cases.case(aws, listener, MANAGED)
    made = case.provisioner.create(target(case.wanted))
    for number in range(VERSIONS_AT_MOST + 2):
        other = replace(
            case.wanted, properties={**case.wanted.properties, "PolicyDocument": reading(f"table-{number}")}
        )
        case.provisioner.update(target(other), live(case, made, case.wanted))
    versions = aws.call("iam", "list_policy_versions", PolicyArn=made.physical_id)["Versions"]
    assert len(versions) == VERSIONS_AT_MOST
    assert [version["VersionId"] for version in versions if version["IsDefaultVersion"]] == ["v8"]
    case.provisioner.delete(recorded(case.wanted, made))
    assert case.provisioner.find(target(case.wanted)) is None


def test_a_rotation_that_was_turned_off_shows(aws: Aws, listener: Recording) -> None:
    case = cases.case(aws, listener, ROTATION)
    made = case.provisioner.create(target(case.wanted))
    aws.call("secretsmanager", "cancel_rotate_secret", SecretId=made.physical_id)
    change = planned(case, case.wanted, made, case.wanted)
    assert change.action is Action.CREATE
    case.provisioner.create(target(case.wanted))
    assert planned(case, case.wanted, made, case.wanted).action is Action.NO_CHANGE


def test_what_a_policy_newly_allows_is_said(aws: Aws, listener: Recording) -> None:
    case = cases.case(aws, listener, "AWS::SNS::TopicPolicy")
    made = case.provisioner.create(target(case.wanted))
    document = and_allow(tls_only("sns:Publish", TOPIC_ARN), "sns:Publish", TOPIC_ARN, "cloudwatch.amazonaws.com")
    other = replace(case.wanted, properties={**case.wanted.properties, "PolicyDocument": document})
    (note,) = planned(case, case.wanted, made, other).notes
    assert note.startswith("cloudwatch.amazonaws.com may newly sns:Publish on")
