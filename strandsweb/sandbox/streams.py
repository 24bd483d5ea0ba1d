"""DynamoDB stream event source mappings: batches in order, again until they succeed or have been tried often enough.

How far a mapping has read is kept in memory: after a restart it begins where its starting position says.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.dynamodb.models import dynamodb_backends

from strandsweb.sandbox.cloud import Cloud
from strandsweb.sandbox.functions.invocations import CannotInvoke, Functions
from strandsweb.sandbox.functions.spec import FunctionNotFound
from strandsweb.sandbox.watching import Watcher

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """The next records of a mapping, and where they end."""

    uuid: str
    function_arn: str
    records: tuple[dict[str, Any], ...]
    end: int
    attempts: int | None


class StreamPollers(Watcher[Batch]):
    """Watches the streams of all enabled mappings; works on each mapping one batch at a time."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        super().__init__(cloud, "streams", workers=4)
        self._functions = functions
        self._positions: dict[str, int] = {}
        self._failures: dict[str, int] = {}

    def deliver(self, work: Batch) -> None:
        """Invokes with the batch; one that failed comes again until its attempts are used up."""
        try:
            failed = self._functions.invoke_arn(work.function_arn, {"Records": list(work.records)}).failed
        except (FunctionNotFound, CannotInvoke) as problem:
            log.warning("event source mapping %s could not invoke: %s", work.uuid, problem)
            failed = True
        except Exception:
            log.exception("event source mapping %s stumbled", work.uuid)
            failed = True
        failures = self._failures.get(work.uuid, 0) + 1
        if failed and (work.attempts is None or failures < work.attempts):
            self._failures[work.uuid] = failures
            self.rest()
        else:
            self._failures.pop(work.uuid, None)
            self._positions[work.uuid] = work.end

    def ready(self) -> list[Batch]:
        """The next batch of each mapping that has records to read."""
        found = []
        backend: Any
        for account, region, backend in lambda_backends.iter_backends():
            for mapping in backend._event_source_mappings.values():
                arn = mapping.event_source_arn
                if not mapping.enabled or not arn.split(":")[2].startswith("dynamodb"):
                    continue
                table: Any = dynamodb_backends[account][region].tables.get(arn.split("/")[1])
                if table is None or table.stream_shard is None:
                    continue
                items = table.stream_shard.items
                begin = 0 if mapping.starting_position == "TRIM_HORIZON" else len(items)
                start = self._positions.setdefault(mapping.uuid, begin)
                records = items[start : start + int(mapping.batch_size or 100)]
                if records:
                    shown = tuple(_record(item.to_json(), region, arn) for item in records)
                    attempts = mapping.max_retry_attempts
                    tries = None if attempts is None or int(attempts) < 0 else int(attempts) + 1
                    found.append(Batch(mapping.uuid, mapping.function_arn, shown, start + len(records), tries))
        return found


def _record(record: dict[str, Any], region: str, arn: str) -> dict[str, Any]:
    """A record as Lambda shows it: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html."""
    created = record["dynamodb"]["ApproximateCreationDateTime"]
    seconds = created.timestamp() if hasattr(created, "timestamp") else created
    details = record["dynamodb"] | {"ApproximateCreationDateTime": seconds}
    return record | {"awsRegion": region, "eventSourceARN": arn, "dynamodb": details}
