"""Unknown operations, injected errors and latency, and the ring of calls."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import client, http

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("dynamodb", "list_contributor_insights", {}),  # json
        ("iam", "simulate_custom_policy", {"PolicyInputList": ["{}"], "ActionNames": ["s3:Get"]}),
        ("lambda", "list_code_signing_configs", {}),  # rest-json, refused by moto's router
        ("apigatewayv2", "export_api", {"ApiId": "x", "OutputType": "JSON", "Specification": "OAS30"}),
        ("cloudwatch", "describe_anomaly_detectors", {}),  # cbor
        ("sqs", "list_message_move_tasks", {"SourceArn": "arn:aws:sqs:us-east-1:1:q"}),
        ("s3", "list_bucket_intelligent_tiering_configurations", {"Bucket": "b-b-b"}),
    ],
)
def test_what_the_sandbox_lacks_is_an_error_that_nobody_retries(sandbox, service, operation, arguments):
    aws = client(service, sandbox)
    before = http("GET", f"{sandbox.url}/_sandbox/calls").json["last"]
    with pytest.raises(ClientError) as raised:
        getattr(aws, operation)(**arguments)
    response = raised.value.response
    assert response["ResponseMetadata"]["RetryAttempts"] == 0
    if service != "s3":  # moto answers its own S3 error for a bucket that is not there
        assert response["Error"]["Code"] == "UnsupportedOperation"
        assert aws.meta.method_to_api_mapping[operation] in response["Error"]["Message"]
    assert http("GET", f"{sandbox.url}/_sandbox/calls?since={before}").json["last"] == before + 1


def test_a_fault_hits_the_named_call_as_often_as_asked(sandbox):
    sqs = client("sqs", sandbox)
    fault = {"service": "sqs", "operation": "CreateQueue", "code": "AccessDenied", "status": 403, "message": "no"}
    http("POST", f"{sandbox.url}/_sandbox/faults", json.dumps(fault | {"containing": "unlucky"}).encode())
    sqs.create_queue(QueueName="lucky")
    with pytest.raises(ClientError) as raised:
        sqs.create_queue(QueueName="unlucky")
    assert raised.value.response["Error"] == {"Code": "AccessDenied", "Message": "no", "Type": "Sender"} or (
        raised.value.response["Error"]["Code"] == "AccessDenied"
    )
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    sqs.create_queue(QueueName="unlucky")


def test_a_fault_after_the_call_loses_only_the_answer(sandbox):
    iam = client("iam", sandbox)
    fault = {"service": "iam", "operation": "CreateRole", "code": "ServiceFailure", "status": 400, "after": True}
    http("POST", f"{sandbox.url}/_sandbox/faults", json.dumps(fault).encode())
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}'
    with pytest.raises(ClientError, match="ServiceFailure"):
        iam.create_role(RoleName="lost-answer", AssumeRolePolicyDocument=document)
    assert iam.get_role(RoleName="lost-answer")["Role"]["RoleName"] == "lost-answer"


def test_faults_can_be_listed_and_removed_and_are_checked(sandbox):
    address = f"{sandbox.url}/_sandbox/faults"
    assert http("POST", address, b'{"service": "sns", "times": 0}').json["times"] == 0
    assert [fault["service"] for fault in http("GET", address).json["faults"]] == ["sns"]
    assert http("DELETE", address).json == {"faults": []}
    client("sns", sandbox).list_topics()
    assert http("POST", address, b'{"servce": "sns"}').status == 400
    assert http("POST", address, b'{"status": "500"}').status == 400


def test_a_hundred_slow_calls_overlap(sandbox):
    sns = client("sns", sandbox)
    address = f"{sandbox.url}/_sandbox/latency"
    http("POST", address, b'{"milliseconds": 300}')
    try:
        with ThreadPoolExecutor(100) as pool:
            begun = time.monotonic()
            list(pool.map(lambda _: sns.list_topics(), range(100)))
            together = time.monotonic() - begun
        begun = time.monotonic()
        sns.list_topics()
        alone = time.monotonic() - begun
    finally:
        http("POST", address, b'{"milliseconds": 0}')
    assert alone >= 0.3
    assert together < 3.0  # one after the other they take 30 seconds
    assert http("POST", address, b'{"milliseconds": -1}').status == 400


def test_calls_are_seen_by_the_names_aws_gives_them(sandbox):
    before = http("GET", f"{sandbox.url}/_sandbox/calls").json["last"]
    client("s3", sandbox).create_bucket(Bucket="seen-calls")
    client("s3", sandbox).put_object(Bucket="seen-calls", Key="a/b c", Body=b"x")
    client("s3", sandbox).list_objects_v2(Bucket="seen-calls")
    client("iam", sandbox).list_roles()
    client("dynamodb", sandbox).list_tables()
    client("lambda", sandbox).list_functions()
    client("apigatewayv2", sandbox).get_apis()
    client("cloudwatch", sandbox).describe_alarms()
    client("sts", sandbox).assume_role(RoleArn="arn:aws:iam::123456789012:role/x", RoleSessionName="me")
    calls = http("GET", f"{sandbox.url}/_sandbox/calls?since={before}").json["calls"]
    assert [(call["service"], call["operation"], call["write"]) for call in calls] == [
        ("s3", "CreateBucket", True),
        ("s3", "PutObject", True),
        ("s3", "ListObjectsV2", False),
        ("iam", "ListRoles", False),
        ("dynamodb", "ListTables", False),
        ("lambda", "ListFunctions", False),
        ("apigatewayv2", "GetApis", False),
        ("cloudwatch", "DescribeAlarms", False),
        ("sts", "AssumeRole", False),
    ]
    assert [call["number"] for call in calls] == list(range(before + 1, before + 10))
    assert all(call["status"] == 200 and call["milliseconds"] > 0 for call in calls)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/_sandbox/health", {}, 200),
        ("/_sandbox/health", {"Host": "evil.example"}, 403),
        ("/_sandbox/health", {"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1"}, 403),
        ("/_sandbox/health", {"Host": "a.execute-api.evil.example"}, 403),
        ("/_sandbox/health", {"Origin": "https://evil.example"}, 403),
        ("/_sandbox/health", {"Origin": "http://localhost:8000"}, 200),
        ("/_sandbox/nothing", {}, 404),
        ("/moto-api/data.json", {}, 403),
    ],
)
def test_only_this_machine_is_answered(sandbox, path, headers, status):
    assert http("GET", sandbox.url + path, headers=headers).status == status
