"""SQS event source mappings: what Lambda's pollers do, receiving batches, invoking, and deleting what succeeded."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.sqs.models import sqs_backends

from strandsweb.sandbox.cloud import Cloud
from strandsweb.sandbox.functions.invocations import CannotInvoke, Functions
from strandsweb.sandbox.functions.spec import FunctionNotFound
from strandsweb.sandbox.insider import Insider
from strandsweb.sandbox.watching import Watcher

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mapping:
    """An enabled mapping whose queue has messages to receive."""

    uuid: str
    account: str
    region: str
    queue: str
    queue_arn: str
    function_arn: str
    batch_size: int
    reports_failures: bool


class Pollers(Watcher[Mapping]):
    """Watches the queues of all enabled mappings; works on each mapping one batch at a time."""

    def __init__(self, cloud: Cloud, insider: Insider, functions: Functions) -> None:
        super().__init__(cloud, "queues", workers=8)
        self._insider = insider
        self._functions = functions

    def ready(self) -> list[Mapping]:
        """The enabled mappings whose queue has messages to receive."""
        return _ready_mappings()

    def deliver(self, work: Mapping) -> None:
        """Receives one batch and invokes; messages that failed come back when their visibility timeout is over."""
        sqs = self._insider.client("sqs", work.account, work.region)
        url = f"http://127.0.0.1/{work.account}/{work.queue}"
        messages: list[dict[str, Any]] = []
        while len(messages) < work.batch_size:
            received = sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=min(10, work.batch_size - len(messages)),
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            messages += received
            if not received:
                break
        if not messages:
            return
        try:
            done = self._functions.invoke_arn(
                work.function_arn, {"Records": [_record(message, work) for message in messages]}
            )
        except (FunctionNotFound, CannotInvoke) as problem:
            log.warning("event source mapping %s could not invoke: %s", work.uuid, problem)
            return
        failed = _failed_ids(json.loads(done.payload), messages) if work.reports_failures else set()
        if done.failed or failed is None:
            return
        for message in messages:
            if message["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def _ready_mappings() -> list[Mapping]:
    ready = []
    backend: Any
    for account, region, backend in lambda_backends.iter_backends():
        for mapping in backend._event_source_mappings.values():
            arn = mapping.event_source_arn
            if not mapping.enabled or not arn.split(":")[2].startswith("sqs"):
                continue
            queue = sqs_backends[account][region].queues.get(arn.rsplit(":", 1)[1])
            if queue is None or not any(message.visible for message in queue.messages):
                continue
            reports = "ReportBatchItemFailures" in (mapping.function_response_types or [])
            ready.append(
                Mapping(
                    mapping.uuid, account, region, queue.name, arn, mapping.function_arn, mapping.batch_size, reports
                )
            )
    return ready


def _failed_ids(result: Any, messages: list[dict[str, Any]]) -> set[str] | None:
    """The ids a function reports as failed; None when the report makes no sense, which fails the whole batch."""
    if not result:
        return set()
    try:
        failed = {item["itemIdentifier"] for item in result.get("batchItemFailures") or []}
    except (AttributeError, KeyError, TypeError):
        return None
    return failed if failed <= {message["MessageId"] for message in messages} else None


def _record(message: dict[str, Any], mapping: Mapping) -> dict[str, Any]:
    """A message as Lambda shows it: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    attributes = {}
    for name, value in message.get("MessageAttributes", {}).items():
        shown = {"dataType": value["DataType"], "stringListValues": [], "binaryListValues": []}
        if "StringValue" in value:
            shown["stringValue"] = value["StringValue"]
        attributes[name] = shown
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": attributes,
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.queue_arn,
        "awsRegion": mapping.region,
    }
