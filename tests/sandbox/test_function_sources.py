"""Functions behind aliases, URLs and layers, and everything that calls them without waiting."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from strandsweb.sandbox.expressions import next_firing
from strandsweb.sandbox.schedules import Calendar, Schedule
from tests.sandbox.conftest import client, http, make_function, package
from tests.sandbox.test_functions import eventually, invoke
from tests.sandbox.test_ipam import refused

NOTE = """
import json, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl="QUEUE", MessageBody=json.dumps(event))
    if isinstance(event, dict) and event.get("fail"): raise ValueError("as told")
"""
NOW = datetime(2026, 11, 21, 12, 30, 15, tzinfo=UTC)  # a Saturday


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minute)", "2026-11-21T12:31:15"),
        ("rate(2 days)", "2026-11-23T12:30:15"),
        ("at(2026-11-21T13:00:00)", "2026-11-21T13:00:00"),
        ("at(2026-11-21T12:00:00)", None),
        ("cron(0/15 * * * ? *)", "2026-11-21T12:45:00"),
        ("cron(0 9 ? * MON-FRI *)", "2026-11-23T09:00:00"),
        ("cron(5,10 8-9 1 1 ? *)", "2027-01-01T08:05:00"),
        ("cron(0 0 L * ? *)", "2026-11-30T00:00:00"),
        ("cron(0 0 ? FEB SUN *)", "2027-02-07T00:00:00"),
        ("cron(0 0 1 1 ? 2020)", None),
    ],
)
def test_expressions_fire(expression, expected):
    moment = next_firing(expression, NOW)
    assert moment == (expected and datetime.fromisoformat(expected).replace(tzinfo=UTC))


def test_expressions_have_a_time_zone():
    assert next_firing("cron(0 9 * * ? *)", NOW, timezone="Asia/Tokyo") == datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("expression", ["often", "cron(* * * * * *)", "cron(60 * * * ? *)", "rate(1 week)"])
def test_expressions_that_mean_nothing(expression):
    with pytest.raises(ValueError):
        next_firing(expression, NOW)


def test_a_calendar_fires_once_for_all_that_was_missed():
    one = Schedule("arn:rule", "1", "r", "rate(1 minute)", "UTC", ())
    odd = Schedule("arn:odd", "1", "r", "never", "UTC", ())
    calendar = Calendar()
    assert calendar.due([one, odd], NOW) == []
    assert calendar.due([one, odd], NOW + timedelta(seconds=59)) == []
    assert calendar.due([one, odd], NOW + timedelta(minutes=10)) == [one]
    assert calendar.due([one, odd], NOW + timedelta(minutes=10, seconds=59)) == []
    assert calendar.due([], NOW + timedelta(minutes=20)) == []
    assert calendar.due([one], NOW + timedelta(minutes=20)) == []  # made anew


def make_noter(sandbox, name, **more):
    """A function that notes its events in a queue; returns its ARN and a reader of the notes so far."""
    sqs = client("sqs", sandbox)
    url = sqs.create_queue(QueueName=f"{name}-notes")["QueueUrl"]
    arn = make_function(sandbox, name, NOTE.replace("QUEUE", url), **more)
    return arn, reader(sqs, url)


def reader(sqs, url):
    notes = []

    def read():
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            notes.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return notes

    return read


@pytest.mark.processes
def test_an_alias_splits_calls_between_versions(sandbox):
    aws = client("lambda", sandbox)
    source = "def handler(e, c): return [NUMBER, c.function_version, c.invoked_function_arn]"
    arn = make_function(sandbox, "split", source.replace("NUMBER", "1"), Publish=True)
    aws.update_function_code(FunctionName="split", ZipFile=package(main=source.replace("NUMBER", "2")), Publish=True)
    aws.create_alias(FunctionName="split", Name="live", FunctionVersion="1")
    assert invoke(sandbox, "split", {}, Qualifier="live")[1] == [1, "1", f"{arn}:live"]
    aws.update_alias(FunctionName="split", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    seen = {invoke(sandbox, f"{arn}:live", {})[1][1] for _ in range(40)}
    assert seen == {"1", "2"}
    aws.update_alias(FunctionName="split", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}})
    assert invoke(sandbox, "split:live", {})[1] == [2, "2", f"{arn}:live"]
    refused("ResourceNotFoundException", aws.invoke, FunctionName="split", Qualifier="gone")


@pytest.mark.processes
def test_a_function_url_answers_whom_it_may(sandbox):
    aws = client("lambda", sandbox)
    source = (
        "def handler(e, c): return {'statusCode': 201, 'body': e['rawPath'] + '?' + e['rawQueryString'] + e['body']}"
    )
    make_function(sandbox, "addressed", source)
    cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["POST"]}
    url = aws.create_function_url_config(FunctionName="addressed", AuthType="NONE", Cors=cors)["FunctionUrl"]
    assert url.startswith(f"{sandbox.url}/_urls/") and url.endswith("/")
    assert http("POST", f"{url}a/b?c=1", b"body").status == 403
    permission = {"FunctionName": "addressed", "StatementId": "all", "Action": "lambda:InvokeFunctionUrl"}
    aws.add_permission(**permission, Principal="*", FunctionUrlAuthType="NONE")
    policy = json.loads(aws.get_policy(FunctionName="addressed")["Policy"])["Statement"][0]
    assert policy["Condition"] == {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    answer = http("POST", f"{url}a/b?c=1", b"body", {"Origin": "https://a.example", "Content-Type": "text/plain"})
    assert (answer.status, answer.body) == (201, b"/a/b?c=1body")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    assert http("OPTIONS", url, headers=asked).headers["Access-Control-Allow-Methods"] == "POST"
    assert http("GET", url).status == 502  # without a body the handler fails
    aws.update_function_url_config(FunctionName="addressed", AuthType="AWS_IAM")
    assert http("POST", url, b"body").status == 403
    assert http("POST", f"{sandbox.url}/_urls/{'0' * 32}/", b"").status == 404


@pytest.mark.processes
def test_layers_are_on_the_path_behind_the_code(sandbox):
    aws = client("lambda", sandbox)
    content = {"ZipFile": package(python__shared="text = 'layer'", python__main="broken =")}
    layer = aws.publish_layer_version(LayerName="shared", Content=content)["LayerVersionArn"]
    make_function(sandbox, "layered", "import shared\ndef handler(e, c): return shared.text", Layers=[layer])
    assert invoke(sandbox, "layered", {})[1] == "layer"
    aws.update_function_configuration(FunctionName="layered", Layers=[])
    assert "No module named 'shared'" in invoke(sandbox, "layered", {})[1]["errorMessage"]


@pytest.mark.processes
def test_reserved_concurrency_throttles(sandbox):
    aws = client("lambda", sandbox)
    _, notes = make_noter(sandbox, "reserved")
    slow = "import time\ndef handler(e, c): time.sleep(5)"  # longer than boto3 tries again
    make_function(sandbox, "narrow", slow)
    aws.put_function_concurrency(FunctionName="narrow", ReservedConcurrentExecutions=1)
    aws.invoke(FunctionName="narrow", InvocationType="Event")
    time.sleep(0.5)
    refused("TooManyRequestsException", aws.invoke, FunctionName="narrow")
    aws.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=0)
    refused("TooManyRequestsException", aws.invoke, FunctionName="reserved")
    assert notes() == []


@pytest.mark.processes
def test_failed_events_come_again_twice_and_then_go_to_the_dead_letters(sandbox):
    sqs = client("sqs", sandbox)
    buried = sqs.create_queue(QueueName="buried")["QueueUrl"]
    target = {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:buried"}
    _, notes = make_noter(sandbox, "failing", DeadLetterConfig=target)
    client("lambda", sandbox).invoke(FunctionName="failing", InvocationType="Event", Payload='{"fail": 1}')
    dead = reader(sqs, buried)
    assert eventually(dead)
    assert dead() == [{"fail": 1}] and len(notes()) == 3


@pytest.mark.processes
def test_streams_topics_buckets_and_schedules_reach_functions(sandbox):
    aws = client("lambda", sandbox)
    arn, notes = make_noter(sandbox, "listener")
    tables = client("dynamodb", sandbox)
    stream = tables.create_table(
        TableName="streamed", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]["LatestStreamArn"]  # fmt: skip
    aws.create_event_source_mapping(EventSourceArn=stream, FunctionName="listener", StartingPosition="TRIM_HORIZON")
    tables.put_item(TableName="streamed", Item={"id": {"S": "row"}})
    topic = client("sns", sandbox).create_topic(Name="heard")["TopicArn"]
    client("sns", sandbox).subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    client("sns", sandbox).publish(TopicArn=topic, Message="word")
    s3 = client("s3", sandbox)
    s3.create_bucket(Bucket="watched-bucket")
    rules = [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
    s3.put_bucket_notification_configuration(
        Bucket="watched-bucket", NotificationConfiguration={"LambdaFunctionConfigurations": rules}
    )
    s3.put_object(Bucket="watched-bucket", Key="object", Body=b"")  # an empty one, which once was waited for for ever
    moment = datetime.now(UTC) + timedelta(seconds=2)
    client("scheduler", sandbox).create_schedule(
        Name="soon", ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})", ActionAfterCompletion="DELETE",
        FlexibleTimeWindow={"Mode": "OFF"}, Target={"Arn": arn, "RoleArn": arn, "Input": '{"from": "schedule"}'},
    )  # fmt: skip

    def sources():
        found = set()
        for note in notes():
            for record in note.get("Records", []):
                found.add(record.get("eventSource") or record.get("EventSource"))
            found.add(note.get("from"))
        return found

    wanted = {"aws:dynamodb", "aws:sns", "aws:s3", "schedule"}
    assert eventually(lambda: wanted <= sources()), sources()
    record = next(r for note in notes() for r in note.get("Records", []) if r.get("eventSource") == "aws:dynamodb")
    assert record["dynamodb"]["NewImage"] == {"id": {"S": "row"}} and record["eventSourceARN"] == stream
    assert eventually(lambda: client("scheduler", sandbox).list_schedules()["Schedules"] == [])
    assert [note for note in notes() if note.get("from") == "schedule"] == [{"from": "schedule"}]
