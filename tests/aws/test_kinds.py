"""What single kinds do beyond the contract."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployments.aws import dynamodb_shapes, lambda_code
from deployments.aws.calls import Aws
from deployments.aws.registry import KINDS, provisioners
from deployments.engine.errors import Category, CloudError
from deployments.engine.plan import Action, Origin
from tests.aws import cases
from tests.aws.conftest import ACCOUNT, FIRST_ZIP, SECOND_ZIP, ZIPS, FakeTime, Recording
from tests.engine.provisioner_contract import Case, planned, recorded, target

NO_ZIPS: dict[str, bytes] = {}
FUNCTION, BUCKET, SECRET = "AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::SecretsManager::Secret"


@pytest.fixture
def function(aws: Aws, listener: Recording) -> Case:
    return cases.case(aws, listener, FUNCTION)


@pytest.fixture
def bucket(aws: Aws, listener: Recording) -> Case:
    return cases.case(aws, listener, BUCKET)


@pytest.fixture
def secret(aws: Aws, listener: Recording) -> Case:
    return cases.case(aws, listener, SECRET)


def test_code_changed_outside_shows(aws: Aws, function: Case) -> None:
    made = function.provisioner.create(target(function.wanted))
    aws.call("lambda", "update_function_code", FunctionName=made.physical_id, ZipFile=ZIPS[SECOND_ZIP])
    change = planned(function, function.wanted, made, function.wanted)
    (row,) = change.properties
    assert (change.action, row.path, row.origin) == (Action.UPDATE, "Code.S3Key", Origin.OUTSIDE)
    assert row.before == f"(changed outside) sha256:{SECOND_ZIP}"


def test_code_already_in_the_bucket_needs_no_artifact(aws: Aws) -> None:
    cases.around(aws, FUNCTION)
    code = cases.WANTED[FUNCTION]["Code"]
    lambda_code.upload(aws, ZIPS.__getitem__, code)
    lambda_code.upload(aws, ZIPS.__getitem__, code)
    lambda_code.upload(aws, NO_ZIPS.__getitem__, code)
    with pytest.raises(CloudError, match="neither in the bucket nor kept here") as caught:
        lambda_code.upload(aws, NO_ZIPS.__getitem__, {**code, "S3Key": f"triage/{SECOND_ZIP}.zip"})
    assert caught.value.category is Category.INVALID


def test_a_key_without_a_digest_is_somebody_elses(aws: Aws, listener: Recording) -> None:
    listener.calls.clear()
    lambda_code.upload(aws, NO_ZIPS.__getitem__, {"S3Bucket": "code", "S3Key": "latest.zip"})
    assert not listener.calls
    assert lambda_code.digest_in({"S3Key": f"triage/{FIRST_ZIP}.zip"}) == FIRST_ZIP


@pytest.mark.parametrize(
    ("answers", "ready"),
    [
        ([{"State": "Pending"}, {"State": "Active", "LastUpdateStatus": "Successful"}], True),
        ([{"State": "Active", "LastUpdateStatus": "InProgress"}, {"State": "Active"}], True),
        ([{"State": "Failed", "StateReason": "no subnet", "StateReasonCode": "InvalidSubnet"}], False),
        ([{"State": "Active", "LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no subnet"}], False),
    ],
    ids=["pending", "updating", "failed", "update failed"],
)
def test_a_function_is_awaited(
    aws: Aws, function: Case, monkeypatch: pytest.MonkeyPatch, answers: list[dict[str, Any]], ready: bool
) -> None:
    left = iter([{"FunctionName": "f", **answer} for answer in answers])
    monkeypatch.setattr(aws._client("lambda"), "get_function_configuration", lambda **_: next(left))
    provisioner: Any = function.provisioner
    if ready:
        provisioner._until_ready({"FunctionName": "f", "State": "Pending"})
        assert next(left, None) is None
    else:
        with pytest.raises(CloudError, match="no subnet"):
            provisioner._until_ready({"FunctionName": "f", "State": "Pending"})


def test_a_bucket_with_versions_is_emptied_and_deleted(aws: Aws, bucket: Case) -> None:
    made = bucket.provisioner.create(target(bucket.wanted))
    for body in (b"one", b"two"):
        aws.call("s3", "put_object", Bucket=made.physical_id, Key="a", Body=body)
    aws.call("s3", "delete_object", Bucket=made.physical_id, Key="a")
    bucket.provisioner.delete(recorded(bucket.wanted, made))
    assert bucket.provisioner.find(target(bucket.wanted)) is None


def test_an_untagged_bucket_that_holds_something_is_not_ours(aws: Aws, bucket: Case) -> None:
    name = bucket.wanted.properties["BucketName"]
    aws.call("s3", "create_bucket", Bucket=name)
    aws.call("s3", "put_object", Bucket=name, Key="a", Body=b"precious")
    with pytest.raises(CloudError, match="not tagged as this environment's") as caught:
        bucket.provisioner.create(target(bucket.wanted))
    assert caught.value.category is Category.CONFLICT and caught.value.advice


def test_public_access_opened_outside_shows(aws: Aws, bucket: Case) -> None:
    made = bucket.provisioner.create(target(bucket.wanted))
    aws.call("s3", "delete_public_access_block", Bucket=made.physical_id)
    change = planned(bucket, bucket.wanted, made, bucket.wanted)
    assert change.drifted and len(change.properties) == 4


def test_a_bucket_tells_functions_of_new_objects_until_it_does_not(aws: Aws, bucket: Case) -> None:
    cases.around(aws, "AWS::Lambda::Permission")
    notifications = {
        "LambdaConfigurations": [
            {
                "Event": "s3:ObjectCreated:*",
                "Function": cases.FUNCTION_ARN,
                "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "incoming/"}]}},
            }
        ],
    }
    telling = replace(
        bucket.wanted, properties={**bucket.wanted.properties, "NotificationConfiguration": notifications}
    )
    made = bucket.provisioner.create(target(telling))
    assert planned(bucket, telling, made, telling).action is Action.NO_CHANGE
    there = bucket.provisioner.read(made.physical_id, telling.properties)
    assert there is not None
    bucket.provisioner.update(target(bucket.wanted), there)
    answer = aws.call("s3", "get_bucket_notification_configuration", Bucket=made.physical_id)
    assert "LambdaFunctionConfigurations" not in answer


def test_a_secret_waiting_for_its_deletion_comes_back(aws: Aws, secret: Case) -> None:
    first = secret.provisioner.create(target(secret.wanted))
    value = aws.call("secretsmanager", "get_secret_value", SecretId=first.physical_id)["SecretString"]
    secret.provisioner.delete(recorded(secret.wanted, first))
    assert secret.provisioner.create(target(secret.wanted)) == first
    assert aws.call("secretsmanager", "get_secret_value", SecretId=first.physical_id)["SecretString"] == value


def test_somebody_elses_secret_waiting_for_its_deletion_stays(aws: Aws, secret: Case) -> None:
    theirs = replace(secret.wanted, tags={**secret.wanted.tags, "strands:project": "theirs"})
    secret.provisioner.delete(recorded(theirs, secret.provisioner.create(target(theirs))))
    with pytest.raises(CloudError) as caught:
        secret.provisioner.create(target(secret.wanted))
    assert caught.value.category is Category.CONFLICT
    assert secret.provisioner.find(target(secret.wanted)) is None


def test_a_generated_value_follows_its_template_and_is_never_read(aws: Aws, secret: Case, listener: Recording) -> None:
    options = {"PasswordLength": 12, "SecretStringTemplate": '{"user":"crm"}', "GenerateStringKey": "password"}
    properties = {**secret.wanted.properties, "GenerateSecretString": options}
    listener.calls.clear()
    made = secret.provisioner.create(target(replace(secret.wanted, properties=properties)))
    secret.provisioner.read(made.physical_id, properties)
    assert "GetSecretValue" not in {call.operation for call in listener.calls}
    value = aws.call("secretsmanager", "get_secret_value", SecretId=made.physical_id)["SecretString"]
    assert value.startswith('{"password":"') and value.endswith('","user":"crm"}')
    assert value not in repr(made) + repr(listener)


def test_a_property_that_cannot_be_written_is_refused(aws: Aws, bucket: Case, listener: Recording) -> None:
    listener.calls.clear()
    odd = replace(bucket.wanted, properties={**bucket.wanted.properties, "WebsiteConfiguration": {}})
    with pytest.raises(CloudError, match="WebsiteConfiguration cannot be deployed"):
        bucket.provisioner.create(target(odd))
    assert not listener.calls


def test_a_leftover_with_another_immutable_property_is_a_conflict(aws: Aws, listener: Recording) -> None:
    case = cases.case(aws, listener, "AWS::DynamoDB::Table")
    case.provisioner.create(target(case.wanted))
    other = {
        "KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "other", "AttributeType": "S"}],
    }
    with pytest.raises(CloudError, match="exists with another KeySchema"):
        case.provisioner.create(target(replace(case.wanted, properties={**case.wanted.properties, **other})))


def test_a_stream_changes_its_view_by_being_made_anew() -> None:
    wanted = {"StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}
    live = {"StreamSpecification": {"StreamViewType": "KEYS_ONLY"}}
    assert dynamodb_shapes.updates(wanted, live, frozenset({"StreamSpecification"})) == [
        {"StreamSpecification": {"StreamEnabled": False}},
        {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}},
    ]


def test_a_rule_on_a_bus_of_its_own_is_named_as_in_cloudformation(aws: Aws) -> None:
    every = provisioners(aws, ZIPS.__getitem__)
    aws.call("events", "create_event_bus", Name="desk")
    properties = {"Name": "urgent", "EventBusName": "desk", "EventPattern": {"source": ["desk"]}}
    rule = replace(cases.wanted("AWS::Events::Rule"), properties=properties)
    case = Case(provisioner=every["AWS::Events::Rule"], wanted=rule)
    made = case.provisioner.create(target(rule))
    assert made.physical_id == "desk|urgent"
    assert made.attributes["Arn"].endswith(f":{ACCOUNT}:rule/desk/urgent")
    assert planned(case, rule, made, rule).action is Action.NO_CHANGE


def test_a_queues_name_that_is_still_kept_is_waited_for(
    aws: Aws, listener: Recording, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = cases.case(aws, listener, "AWS::SQS::Queue")
    client = aws._client("sqs")
    create = client.create_queue

    def kept(**parameters: Any) -> Any:
        if time.now < 60:
            error = {"Code": "AWS.SimpleQueueService.QueueDeletedRecently", "Message": "wait 60 seconds"}
            raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}, "CreateQueue")
        return create(**parameters)

    monkeypatch.setattr(client, "create_queue", kept)
    assert case.provisioner.create(target(case.wanted)).physical_id.endswith("/strands-support-desk-dev-jobs")
    assert time.now >= 60


def test_fixed_costs() -> None:
    def monthly(type_name: str, properties: dict[str, Any]) -> float | None:
        cost = KINDS[type_name].fixed_monthly_usd
        return cost and cost(properties)

    assert monthly("AWS::CloudWatch::Alarm", {"Period": 60}) == 0.10
    assert monthly("AWS::CloudWatch::Alarm", {"Period": 10}) == 0.30
    assert monthly(SECRET, {}) == 0.40
    assert monthly("AWS::DynamoDB::Table", {"BillingMode": "PAY_PER_REQUEST"}) == 0.0
    capacity = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    assert monthly("AWS::DynamoDB::Table", {"ProvisionedThroughput": capacity}) == pytest.approx(2.847)
    assert KINDS[FUNCTION].fixed_monthly_usd is None


@pytest.mark.parametrize(
    ("type_name", "before", "after", "at_once"),
    [
        ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"}, {"CidrBlock": "10.1.0.0/16"}, True),
        ("AWS::EC2::Subnet", {"VpcId": "a", "CidrBlock": "10.0.0.0/24"}, {"VpcId": {"Ref": "Vpc"}}, True),
        ("AWS::EC2::Subnet", {"VpcId": "a", "CidrBlock": "10.0.0.0/24"}, {"VpcId": "a"}, False),
        ("AWS::EC2::Subnet", {"CidrBlock": "10.0.0.0/24"}, {"CidrBlock": "10.0.1.0/24"}, True),
        ("AWS::EC2::Subnet", {"CidrBlock": "10.0.0.0/24"}, {"CidrBlock": "10.0.0.0/23"}, False),
        ("AWS::EC2::SecurityGroup", {"VpcId": "a", "GroupName": "g"}, {"VpcId": "a", "GroupName": "g"}, False),
        ("AWS::EC2::VPCGatewayAttachment", {"VpcId": "a", "InternetGatewayId": "i"}, {"VpcId": "b"}, True),
        ("AWS::EC2::VPCGatewayAttachment", {"VpcId": "a", "InternetGatewayId": "i"}, {"InternetGatewayId": "i"}, False),
        ("AWS::SQS::Queue", {"QueueName": "a"}, {"QueueName": "a", "FifoQueue": True}, False),
        ("AWS::Kinesis::Stream", {"Name": "a"}, {"Name": "a"}, False),
        ("AWS::Kinesis::Stream", {"Name": "made-up"}, {}, True),
    ],
)
def test_two_can_exist_at_once_where_nothing_that_is_unique_is_the_same(
    type_name: str, before: dict[str, Any], after: dict[str, Any], at_once: bool
) -> None:
    assert KINDS[type_name].can_coexist(before, after) is at_once
