"""Runs the three agents on this machine, without an AWS account and without a model's key.

    python samples/support-desk/ask.py "My last invoice is wrong"

AWS is moto, inside this process: everything is gone when it ends. Needs `strands-agents` and `moto`.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
from moto import mock_aws

APPS = Path(__file__).parent / "apps"


@contextmanager
def agent(name: str) -> Iterator[ModuleType]:
    """The agent's main module, imported as Lambda does it: its own folder first, apart from the other agents'."""
    modules = ("main", "local_model")
    kept = {module: sys.modules.pop(module) for module in modules if module in sys.modules}
    sys.path.insert(0, str(APPS / name))
    try:
        importlib.invalidate_caches()
        yield importlib.import_module("main")
    finally:
        sys.path.remove(str(APPS / name))
        for module in modules:
            sys.modules.pop(module, None)
        sys.modules.update(kept)


def create_resources() -> dict[str, str]:
    """Makes the resources of strands.yaml; returns the environment variables that tell agents where they are."""
    boto3.client("dynamodb").create_table(
        TableName="tickets",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    boto3.client("s3").create_bucket(Bucket="uploads")
    boto3.client("events").create_event_bus(Name="bus")
    secret = boto3.client("secretsmanager").create_secret(Name="crm-token", SecretString="made-up-for-this-run")
    return {
        "TICKETS_TABLE": "tickets",
        "UPLOADS_BUCKET": "uploads",
        "JOBS_QUEUE_URL": boto3.client("sqs").create_queue(QueueName="jobs")["QueueUrl"],
        "ALERTS_TOPIC_ARN": boto3.client("sns").create_topic(Name="alerts")["TopicArn"],
        "BUS_NAME": "bus",
        "CRM_TOKEN_SECRET_ARN": secret["ARN"],
    }


def http_event(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """An HTTP API event, payload format 2.0, as far as the agents read it."""
    return {
        "version": "2.0",
        "rawPath": path,
        "requestContext": {"http": {"method": method, "path": path}},
        "body": json.dumps(body) if body is not None else None,
        "isBase64Encoded": False,
    }


def queue_event(queue_url: str) -> dict[str, Any]:
    """The messages that wait in a queue, as the event in which Lambda hands them over."""
    received = boto3.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
    return {"Records": [{"messageId": message["MessageId"], "body": message["Body"]} for message in received]}


def main(question: str) -> None:
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    os.environ.pop("AWS_ENDPOINT_URL", None)  # whatever else runs here, this stays in the process
    with mock_aws():
        os.environ.update(create_resources())
        with agent("customer-support") as support:
            body = {"question": question, "customer": "alice@example.com"}
            print("customer-support:", support.handler(http_event("POST", "/support", body), None)["body"])
        with agent("triage") as triage:
            print("triage:", triage.handler(queue_event(os.environ["JOBS_QUEUE_URL"]), None))
        with agent("reporter") as reporter:
            print("reporter:", reporter.handler(http_event("GET", "/report"), None)["body"])


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "My last invoice is wrong")
