"""Nothing acknowledged is lost: after a clean stop, after SIGKILL, and after a record cut in half."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from strandsweb.sandbox.starter import Sandbox, SandboxFailed, start
from tests.sandbox.conftest import client, http, make_function

pytestmark = pytest.mark.processes

BODY = os.urandom(50_000)


def populate(sandbox: Sandbox) -> None:
    """Something of every kind, with ids that AWS invents."""
    make_function(sandbox, "kept", "def handler(event, context):\n    return {'kept': event}")
    api = client("apigatewayv2", sandbox).create_api(Name="kept", ProtocolType="HTTP")["ApiId"]
    client("apigatewayv2", sandbox).create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    s3 = client("s3", sandbox)
    s3.create_bucket(Bucket="kept-bucket")
    s3.put_object(Bucket="kept-bucket", Key="big", Body=BODY, Metadata={"with_line": "1", "plain": "2"})
    upload = s3.create_multipart_upload(Bucket="kept-bucket", Key="parts")["UploadId"]
    part = s3.upload_part(Bucket="kept-bucket", Key="parts", UploadId=upload, PartNumber=1, Body=b"p" * 5000)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket="kept-bucket", Key="parts", UploadId=upload, MultipartUpload=parts)
    key = [{"AttributeName": "id", "KeyType": "HASH"}]
    types = [{"AttributeName": "id", "AttributeType": "S"}]
    client("dynamodb", sandbox).create_table(
        TableName="kept", KeySchema=key, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST"
    )
    client("dynamodb", sandbox).put_item(TableName="kept", Item={"id": {"S": "1"}})
    client("secretsmanager", sandbox).create_secret(Name="kept", SecretString="quiet")
    client("sns", sandbox).create_topic(Name="kept")
    client("events", sandbox).create_event_bus(Name="kept")
    client("logs", sandbox).create_log_group(logGroupName="/kept", logGroupClass="INFREQUENT_ACCESS")
    sqs = client("sqs", sandbox)
    queue = sqs.create_queue(QueueName="kept", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    for body in ("stays", "goes"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]:
        if message["Body"] == "goes":
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    client("cloudwatch", sandbox).put_metric_alarm(
        AlarmName="kept", MetricName="Errors", Namespace="AWS/Lambda", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    other = other_account(sandbox)
    client("sqs", sandbox, **other).create_queue(QueueName="kept-elsewhere")


def other_account(sandbox: Sandbox) -> dict[str, str]:
    given = client("sts", sandbox).assume_role(RoleArn="arn:aws:iam::987654321098:role/x", RoleSessionName="test")
    names = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key"}
    names["SessionToken"] = "aws_session_token"
    return {name: given["Credentials"][key] for key, name in names.items()}


def described(sandbox: Sandbox) -> object:
    """What AWS says about all of it, ids and times included."""
    logs = client("logs", sandbox)
    s3 = client("s3", sandbox)
    head = s3.head_object(Bucket="kept-bucket", Key="big")
    answers = [
        client("iam", sandbox).get_role(RoleName="functions")["Role"],
        client("lambda", sandbox).get_function(FunctionName="kept")["Configuration"],
        [(api["ApiId"], api["CreatedDate"]) for api in client("apigatewayv2", sandbox).get_apis()["Items"]],
        client("dynamodb", sandbox).describe_table(TableName="kept")["Table"],
        client("dynamodb", sandbox).scan(TableName="kept")["Items"],
        client("secretsmanager", sandbox).describe_secret(SecretId="kept"),
        logs.describe_log_groups(logGroupNamePrefix="/kept")["logGroups"],
        client("cloudwatch", sandbox).describe_alarms(AlarmNames=["kept"])["MetricAlarms"],
        (head["ETag"], head["LastModified"], head["Metadata"]),
        s3.get_object(Bucket="kept-bucket", Key="parts")["Body"].read(),
        http("GET", f"{sandbox.url}/_sandbox/inventory").json,
    ]
    for answer in answers:
        if isinstance(answer, dict):
            answer.pop("ResponseMetadata", None)
            answer.pop("RoleLastUsed", None)  # moto notes who asked, and asking changes nothing that is kept
    return answers


def test_a_killed_sandbox_comes_back_the_same_and_so_does_a_stopped_one(tmp_path: Path):
    with start(tmp_path / "data") as sandbox:
        populate(sandbox)
        before = described(sandbox)
        elsewhere = other_account(sandbox)
        sandbox.kill()
    with start(tmp_path / "data") as sandbox:
        health = http("GET", f"{sandbox.url}/_sandbox/health").json
        assert health["replayed"] > 20 and health["diverged"] == 0
        assert described(sandbox) == before
        assert client("sts", sandbox, **elsewhere).get_caller_identity()["Account"] == "987654321098"
        sandbox.stop()
        assert sandbox.process.returncode == 0
    with start(tmp_path / "data") as sandbox:
        assert http("GET", f"{sandbox.url}/_sandbox/health").json["replayed"] == 0
        assert described(sandbox) == before
        s3 = client("s3", sandbox)
        assert s3.get_object(Bucket="kept-bucket", Key="big")["Body"].read() == BODY
        assert s3.head_object(Bucket="kept-bucket", Key="big")["Metadata"] == {"with_line": "1", "plain": "2"}
        sqs = client("sqs", sandbox)
        received = sqs.receive_message(QueueUrl=f"{sandbox.url}/123456789012/kept", WaitTimeSeconds=5)
        assert [message["Body"] for message in received["Messages"]] == ["stays"]
        answer = client("lambda", sandbox).invoke(FunctionName="kept", Payload=b"1")
        assert json.loads(answer["Payload"].read()) == {"kept": 1}
        assert client("sqs", sandbox, **elsewhere).get_queue_url(QueueName="kept-elsewhere")


def test_every_acknowledged_write_survives_a_kill_in_the_middle(tmp_path: Path):
    acknowledged: list[str] = []
    with start(tmp_path / "data") as sandbox:

        def write(worker: int) -> None:
            sqs = client("sqs", sandbox)
            for number in range(1000):
                name = f"w{worker}-{number}"
                try:
                    sqs.create_queue(QueueName=name)
                except (BotoCoreError, ClientError):
                    return
                acknowledged.append(name)

        threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 60:
            time.sleep(0.01)
        sandbox.kill()
        for thread in threads:
            thread.join()
    with (tmp_path / "data" / "0.log").open("ab") as log:
        log.write(b"\x00\x00\x01\x00half a record")
    with start(tmp_path / "data") as sandbox:
        kinds = http("GET", f"{sandbox.url}/_sandbox/inventory").json["accounts"]["123456789012"]["us-east-1"]
        assert set(acknowledged) <= set(kinds["AWS::SQS::Queue"]["ids"])
        client("sqs", sandbox).create_queue(QueueName="afterwards")
        sandbox.kill()
    with start(tmp_path / "data") as sandbox:
        assert client("sqs", sandbox).get_queue_url(QueueName="afterwards")


def test_state_of_another_version_is_refused_with_what_to_do(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    (tmp_path / "0.log").write_bytes(b'{"format": 1, "moto": "4.0.0", "python": "3.11"}\n')
    with pytest.raises(SandboxFailed, match="exit code 2"), start(tmp_path):
        pass
    said = capfd.readouterr().err
    assert "4.0.0" in said and "remove" in said and "Traceback" not in said


def test_two_sandboxes_do_not_share_a_folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    with start(tmp_path), pytest.raises(SandboxFailed), start(tmp_path):
        pass
    assert "Another sandbox already uses" in capfd.readouterr().err
