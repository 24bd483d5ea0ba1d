"""Functions leave metrics, alarms are evaluated by them, and whoever is to hear of a change does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from strandsweb.sandbox.starter import Sandbox
from tests.sandbox.conftest import client, make_function
from tests.sandbox.test_functions import eventually

pytestmark = pytest.mark.processes

FRAGILE = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError("as asked")
    return "fine"
"""


@pytest.fixture
def heard(sandbox: Sandbox, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Messages a topic's queue got, as (old state, new state) in order; `heard.arn` is the topic."""
    sns, sqs = client("sns", sandbox), client("sqs", sandbox)
    name = request.node.name[:60]
    arn, url = sns.create_topic(Name=name)["TopicArn"], sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)
    told: list[tuple[str, str]] = []

    def listen() -> list[tuple[str, str]]:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            text = json.loads(json.loads(message["Body"])["Message"])
            told.append((text["OldStateValue"], text["NewStateValue"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return told

    listen.arn = arn  # type: ignore[attr-defined]
    yield listen
    sns.delete_topic(TopicArn=arn)
    sqs.delete_queue(QueueUrl=url)


def state_of(sandbox: Sandbox, name: str) -> str:
    (alarm,) = client("cloudwatch", sandbox).describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])


def watch(sandbox: Sandbox, function: str, metric: str, topic: str, **more: Any) -> None:
    client("cloudwatch", sandbox).put_metric_alarm(
        AlarmName=f"{function}-{metric}",
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        EvaluationPeriods=1,
        Period=5,  # shorter than AWS takes, so that this does not take long
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
        OKActions=[topic],
        **more,
    )


def test_an_error_sets_the_alarm_off_and_time_brings_it_back(sandbox: Sandbox, heard: Any) -> None:
    make_function(sandbox, "fragile", FRAGILE)
    watch(sandbox, "fragile", "Errors", heard.arn, Statistic="Sum", Threshold=1)
    assert eventually(lambda: heard() == [("INSUFFICIENT_DATA", "OK")])
    functions = client("lambda", sandbox)
    functions.invoke(FunctionName="fragile", Payload=b"{}")
    functions.invoke(FunctionName="fragile", Payload=b'{"fail": true}')
    assert eventually(lambda: state_of(sandbox, "fragile-Errors") == "ALARM")
    assert eventually(lambda: heard()[1:] == [("OK", "ALARM")])
    now = datetime.now(UTC)
    (point,) = client("cloudwatch", sandbox).get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": "FunctionName", "Value": "fragile"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert point["Sum"] == 2
    assert eventually(lambda: heard()[2:] == [("ALARM", "OK")], seconds=20)


def test_slow_and_throttled_calls_are_noticed(sandbox: Sandbox, heard: Any) -> None:
    make_function(sandbox, "sluggish", "import time\ndef handler(event, context):\n    time.sleep(0.3)\n")
    watch(sandbox, "sluggish", "Duration", heard.arn, ExtendedStatistic="p95", Threshold=250)
    watch(sandbox, "sluggish", "Throttles", heard.arn, Statistic="Sum", Threshold=1)
    functions = client("lambda", sandbox)
    functions.invoke(FunctionName="sluggish", Payload=b"{}")
    functions.put_function_concurrency(FunctionName="sluggish", ReservedConcurrentExecutions=0)
    with pytest.raises(functions.exceptions.TooManyRequestsException):
        functions.invoke(FunctionName="sluggish", Payload=b"{}")
    assert eventually(
        lambda: {state_of(sandbox, f"sluggish-{metric}") for metric in ("Duration", "Throttles")} == {"ALARM"}
    )


def test_a_state_that_a_person_sets_is_told_of_and_does_not_last(sandbox: Sandbox, heard: Any) -> None:
    watch(sandbox, "nobody", "Errors", heard.arn, Statistic="Sum", Threshold=1)
    assert eventually(lambda: heard() == [("INSUFFICIENT_DATA", "OK")])
    client("cloudwatch", sandbox).set_alarm_state(
        AlarmName="nobody-Errors", StateValue="ALARM", StateReason="to see whether anybody comes"
    )
    assert eventually(lambda: heard()[1:] == [("OK", "ALARM"), ("ALARM", "OK")])
    quiet = client("cloudwatch", sandbox)
    quiet.disable_alarm_actions(AlarmNames=["nobody-Errors"])
    quiet.set_alarm_state(AlarmName="nobody-Errors", StateValue="ALARM", StateReason="hush")
    assert eventually(lambda: state_of(sandbox, "nobody-Errors") == "OK") and len(heard()) == 3
