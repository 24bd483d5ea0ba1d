"""Queues trigger functions, accounts keep apart, and the amendments to moto hold."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import client, http, make_function
from tests.sandbox.test_functions import eventually

pytestmark = pytest.mark.processes

WORK = """
import json, boto3
def handler(event, context):
    failures = []
    table = boto3.resource("dynamodb").Table("TABLE")
    for record in event["Records"]:
        table.update_item(Key={"id": record["body"]}, UpdateExpression="ADD seen :one SET taken = :size",
                          ExpressionAttributeValues={":one": 1, ":size": len(event["Records"])})
        if record["body"] == "raise": raise ValueError("whole batch")
        if record["body"].startswith("bad"): failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
"""


def worked(sandbox, table):
    items = client("dynamodb", sandbox).scan(TableName=table)["Items"]
    return {item["id"]["S"]: (int(item["seen"]["N"]), int(item["taken"]["N"])) for item in items}


def make_worker(sandbox, name, **mapping):
    key = [{"AttributeName": "id", "KeyType": "HASH"}]
    types = [{"AttributeName": "id", "AttributeType": "S"}]
    client("dynamodb", sandbox).create_table(
        TableName=name, KeySchema=key, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST"
    )
    make_function(sandbox, name, WORK.replace("TABLE", name))
    sqs = client("sqs", sandbox)
    queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "2"})["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    mapped = client("lambda", sandbox).create_event_source_mapping(EventSourceArn=arn, FunctionName=name, **mapping)
    return queue, mapped["UUID"]


def messages_left(sandbox, queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = client("sqs", sandbox).get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(map(int, counts.values()))


def test_messages_reach_the_function_in_batches_and_failures_come_back(sandbox):
    queue, _ = make_worker(sandbox, "partly", BatchSize=5, FunctionResponseTypes=["ReportBatchItemFailures"])
    client("sqs", sandbox).send_message_batch(
        QueueUrl=queue, Entries=[{"Id": body, "MessageBody": body} for body in ("a", "b", "bad", "c", "d", "e", "f")]
    )
    assert eventually(lambda: len(worked(sandbox, "partly")) == 7 and worked(sandbox, "partly")["bad"][0] >= 2)
    seen = worked(sandbox, "partly")
    assert {body: count for body, (count, _) in seen.items() if body != "bad"} == dict.fromkeys("abcdef", 1)
    assert max(size for _, size in seen.values()) <= 5
    assert messages_left(sandbox, queue) == 1
    client("sqs", sandbox).purge_queue(QueueUrl=queue)


def test_a_failed_batch_stays_in_the_queue_and_a_disabled_mapping_rests(sandbox):
    queue, uuid = make_worker(sandbox, "wholly", BatchSize=10)
    sqs, aws = client("sqs", sandbox), client("lambda", sandbox)
    sqs.send_message(QueueUrl=queue, MessageBody="raise")
    assert eventually(lambda: worked(sandbox, "wholly").get("raise", (0, 0))[0] >= 2)
    assert messages_left(sandbox, queue) == 1
    aws.update_event_source_mapping(UUID=uuid, Enabled=False)
    time.sleep(0.5)
    sqs.purge_queue(QueueUrl=queue)
    sqs.send_message(QueueUrl=queue, MessageBody="rests")
    time.sleep(1)
    assert "rests" not in worked(sandbox, "wholly")
    aws.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert eventually(lambda: "rests" in worked(sandbox, "wholly"))


def test_a_long_poll_waits_and_lets_others_work(sandbox):
    sqs = client("sqs", sandbox)
    queue = sqs.create_queue(QueueName="patience")["QueueUrl"]
    begun = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
    assert 1 <= time.monotonic() - begun < 2


def test_accounts_and_regions_keep_apart(sandbox):
    given = client("sts", sandbox).assume_role(
        RoleArn="arn:aws:iam::987654321098:role/deployer", RoleSessionName="deploys", ExternalId="agreed"
    )["Credentials"]
    other = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    identity = client("sts", sandbox, **other).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::987654321098:assumed-role/deployer/deploys"
    client("sns", sandbox, region="eu-west-1", **other).create_topic(Name="apart")
    accounts = http("GET", f"{sandbox.url}/_sandbox/inventory").json["accounts"]
    topic = "arn:aws:sns:eu-west-1:987654321098:apart"
    assert accounts["987654321098"]["eu-west-1"]["AWS::SNS::Topic"] == {"count": 1, "ids": [topic]}
    assert topic not in json.dumps(accounts["123456789012"])


def test_amended_lambda_configuration(sandbox):
    arn = make_function(sandbox, "amended", "def handler(e, c): return 1", LoggingConfig={"LogGroup": "/own/group"})
    aws = client("lambda", sandbox)
    before = aws.get_function_configuration(FunctionName="amended")
    aws.update_function_configuration(
        FunctionName="amended", TracingConfig={"Mode": "Active"}, EphemeralStorage={"Size": 1024}, Environment={}
    )
    after = aws.get_function_configuration(FunctionName="amended")
    assert after["TracingConfig"] == {"Mode": "Active"} and after["EphemeralStorage"] == {"Size": 1024}
    assert after["RevisionId"] != before["RevisionId"] and after["LoggingConfig"]["LogGroup"] == "/own/group"
    aws.invoke(FunctionName="amended")
    assert client("logs", sandbox).describe_log_streams(logGroupName="/own/group")["logStreams"]
    permission = {"FunctionName": "amended", "StatementId": "s", "Action": "lambda:InvokeFunction"}
    aws.add_permission(**permission, Principal="sns.amazonaws.com")
    with pytest.raises(aws.exceptions.ResourceConflictException):
        aws.add_permission(**permission, Principal="sns.amazonaws.com")
    client("sqs", sandbox).create_queue(QueueName="amended")
    source = {"EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:amended", "FunctionName": arn}
    aws.create_event_source_mapping(**source)
    with pytest.raises(aws.exceptions.ResourceConflictException):
        aws.create_event_source_mapping(**source)


def test_amended_stages_routes_and_integrations(sandbox):
    aws = client("apigatewayv2", sandbox)
    api = aws.create_api(Name="amended", ProtocolType="HTTP")["ApiId"]
    aws.create_stage(ApiId=api, StageName="$default", AutoDeploy=True, Tags={"a": "1"})
    arn = f"arn:aws:apigateway:us-east-1::/apis/{api}/stages/$default"
    aws.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    aws.untag_resource(ResourceArn=arn, TagKeys=["a"])
    aws.update_stage(ApiId=api, StageName="$default", Description="d")
    stage = aws.get_stage(ApiId=api, StageName="$default")
    assert (stage["Tags"], stage["Description"], stage["AutoDeploy"]) == ({"b": "2"}, "d", True)
    assert aws.get_tags(ResourceArn=arn)["Tags"] == {"b": "2"}
    integration = aws.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri="arn", PayloadFormatVersion="2.0"
    )
    target = {"ApiId": api, "RouteKey": "GET /a", "Target": f"integrations/{integration['IntegrationId']}"}
    aws.create_route(**target)
    for doubled in (lambda: aws.create_route(**target), lambda: aws.create_stage(ApiId=api, StageName="$default")):
        with pytest.raises(aws.exceptions.ConflictException):
            doubled()
    with pytest.raises(aws.exceptions.ConflictException):
        aws.delete_integration(ApiId=api, IntegrationId=integration["IntegrationId"])
    with pytest.raises(aws.exceptions.NotFoundException):
        aws.delete_route(ApiId=api, RouteId="gone")


def test_amended_buckets_tables_buses_groups_and_roles(sandbox):
    s3 = client("s3", sandbox)
    s3.create_bucket(Bucket="amended-bucket")
    rules = s3.get_bucket_encryption(Bucket="amended-bucket")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    block = s3.get_public_access_block(Bucket="amended-bucket")["PublicAccessBlockConfiguration"]
    assert all(block.values()) and len(block) == 4
    tables = client("dynamodb", sandbox)
    tables.create_table(
        TableName="amended", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], SSESpecification={"Enabled": True},
    )  # fmt: skip
    changed = tables.update_table(
        TableName="amended", SSESpecification={"Enabled": False}, TableClass="STANDARD_INFREQUENT_ACCESS"
    )["TableDescription"]
    assert (
        "SSEDescription" not in changed and changed["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    )
    events = client("events", sandbox)
    events.create_event_bus(Name="amended")
    events.update_event_bus(Name="amended", Description="d")
    assert events.describe_event_bus(Name="amended")["Description"] == "d"
    logs = client("logs", sandbox)
    logs.create_log_group(logGroupName="/amended", logGroupClass="INFREQUENT_ACCESS")
    assert (
        logs.describe_log_groups(logGroupNamePrefix="/amended")["logGroups"][0]["logGroupClass"] == "INFREQUENT_ACCESS"
    )
    iam = client("iam", sandbox)
    trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}'
    iam.create_role(RoleName="amended", AssumeRolePolicyDocument=trust)
    policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="amended", PolicyArn=policy)
    assert [item["PolicyArn"] for item in iam.list_attached_role_policies(RoleName="amended")["AttachedPolicies"]] == [
        policy
    ]
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.attach_role_policy(RoleName="amended", PolicyArn="arn:aws:iam::aws:policy/NoSuchThing")
