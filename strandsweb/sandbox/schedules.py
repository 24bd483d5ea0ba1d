"""Rules with a schedule and EventBridge Scheduler's schedules, which fire while the sandbox runs.

What was due while it did not run is not made up for; what was due several times while it was busy fires once.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from strandsweb.sandbox.cloud import Cloud
from strandsweb.sandbox.expressions import next_firing
from strandsweb.sandbox.functions.invocations import Functions
from strandsweb.sandbox.functions.spec import FunctionNotFound, find
from strandsweb.sandbox.insider import Insider

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Schedule:
    """Something that fires: `targets` are (ARN, event as text or None for the scheduled event)."""

    arn: str
    account: str
    region: str
    expression: str
    timezone: str
    targets: tuple[tuple[str, str | None], ...]
    group: str = ""
    name: str = ""
    deleted_after: bool = False


class Calendar:
    """When each schedule fires next. A changed expression begins anew."""

    def __init__(self) -> None:
        self._next: dict[str, tuple[str, datetime | None]] = {}

    def due(self, schedules: Iterable[Schedule], now: datetime) -> list[Schedule]:
        """The schedules whose moment has come, each once."""
        found, seen = [], set()
        for one in schedules:
            seen.add(one.arn)
            spelled = f"{one.expression} {one.timezone}"
            known, moment = self._next.get(one.arn, ("", None))
            if known != spelled:
                self._next[one.arn] = (spelled, _next(one, now))
            elif moment is not None and moment <= now:
                found.append(one)
                self._next[one.arn] = (spelled, _next(one, now))
        self._next = {arn: entry for arn, entry in self._next.items() if arn in seen}
        return found


def _next(one: Schedule, now: datetime) -> datetime | None:
    try:
        return next_firing(one.expression, now, timezone=one.timezone)
    except (ValueError, KeyError) as problem:
        log.warning("%s never fires: %s", one.arn, problem)
        return None


class Schedules:
    """Watches the clock from one thread."""

    def __init__(self, cloud: Cloud, insider: Insider, functions: Functions) -> None:
        self._cloud = cloud
        self._insider = insider
        self._functions = functions
        self._calendar = Calendar()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="schedules", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            try:
                with self._cloud.lock:
                    schedules = [*_rules(), *_schedules()]
                for one in self._calendar.due(schedules, datetime.now(UTC)):
                    self._fire(one)
            except Exception:
                log.exception("the schedules stumbled")

    def _fire(self, one: Schedule) -> None:
        for arn, text in one.targets:
            try:
                self._send(one, arn, _scheduled_event(one) if text is None else text)
            except (FunctionNotFound, ClientError) as problem:
                log.warning("%s could not reach %s: %s", one.arn, arn, problem)
        if one.deleted_after:
            scheduler = self._insider.client("scheduler", one.account, one.region)
            scheduler.delete_schedule(GroupName=one.group, Name=one.name)

    def _send(self, one: Schedule, arn: str, event: str) -> None:
        service, region, account = arn.split(":")[2:5]
        match service:
            case "lambda":
                with self._cloud.lock:
                    spec = find(one.account, one.region, arn)
                self._functions.invoke_later(spec, event)
            case "sqs":
                url = f"http://127.0.0.1/{account}/{arn.rpartition(':')[2]}"
                self._insider.client("sqs", account, region).send_message(QueueUrl=url, MessageBody=event)
            case "sns":
                self._insider.client("sns", account, region).publish(TopicArn=arn, Message=event)
            case _:
                log.warning("%s has a target the sandbox does not know: %s", one.arn, arn)


def _backends(kind: Any) -> Iterable[tuple[str, str, Any]]:
    return kind.iter_backends()  # type: ignore[no-any-return]


def _rules() -> list[Schedule]:
    return [
        Schedule(
            rule.arn,
            account,
            region,
            rule.scheduled_expression,
            "UTC",
            tuple((target["Arn"], target.get("Input")) for target in rule.targets),
        )
        for account, region, backend in _backends(events_backends)
        for bus in backend.event_buses.values()
        for rule in bus.rules.values()
        if rule.scheduled_expression and rule.state == "ENABLED"
    ]


def _schedules() -> list[Schedule]:
    now = time.time()
    return [
        Schedule(
            one.arn,
            account,
            region,
            one.schedule_expression,
            one.schedule_expression_timezone,
            ((one.target["Arn"], one.target.get("Input", "{}")),),
            group.name,
            one.name,
            one.action_after_completion == "DELETE" and one.schedule_expression.startswith("at("),
        )
        for account, region, backend in _backends(scheduler_backends)
        for group in backend.schedule_groups.values()
        for one in group.schedules.values()
        if one.state == "ENABLED" and _begun(one.start_date, now) and not (one.end_date and _begun(one.end_date, now))
    ]


def _begun(moment: Any, now: float) -> bool:
    try:
        return moment is None or float(moment) <= now
    except ValueError:
        return datetime.fromisoformat(str(moment)).timestamp() <= now


def _scheduled_event(one: Schedule) -> str:
    return json.dumps(
        {
            "version": "0",
            "id": str(uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": one.account,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": one.region,
            "resources": [one.arn],
            "detail": {},
        }
    )
