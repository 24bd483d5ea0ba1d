"""CloudWatch at work: puts the functions' metrics, evaluates alarms, and tells topics and functions of changes."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.cloudwatch.models import Alarm, MetricAggregatedDatum, cloudwatch_backends

from strandsweb.sandbox.cloud import Cloud
from strandsweb.sandbox.evaluation import ALARM, INSUFFICIENT, OK, Datum, Rule, judge
from strandsweb.sandbox.functions.invocations import Functions
from strandsweb.sandbox.functions.metrics import NAMESPACE
from strandsweb.sandbox.functions.spec import FunctionNotFound, find
from strandsweb.sandbox.insider import Insider

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
ENTRIES_AT_MOST = 1000  # that PutMetricData takes at once

_ACTIONS = {ALARM: "alarm_actions", OK: "ok_actions", INSUFFICIENT: "insufficient_data_actions"}

Series = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, metric and dimensions."""


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm that went from one state to another. `settled` says that CloudWatch knows already."""

    account: str
    region: str
    name: str
    arn: str
    before: str
    after: str
    reason: str
    actions: tuple[str, ...]
    description: str
    settled: bool


class Alarms:
    """Watches from one thread."""

    def __init__(self, cloud: Cloud, insider: Insider, functions: Functions) -> None:
        self._cloud = cloud
        self._insider = insider
        self._functions = functions
        self._told: dict[str, str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="alarms", daemon=True)

    def start(self) -> None:
        with self._cloud.lock:  # what changed before this start has been told
            self._told = {alarm.alarm_arn: alarm.state_value for _, _, alarm, _ in _alarms(time.time())}
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            try:
                self._put_metrics()
                for change in self._changes(time.time()):
                    self._tell(change)
            except Exception:
                log.exception("the alarms stumbled")

    def _put_metrics(self) -> None:
        for (account, region), entries in self._functions.metrics.fetch().items():
            client = self._insider.client("cloudwatch", account, region)
            for start in range(0, len(entries), ENTRIES_AT_MOST):
                client.put_metric_data(Namespace=NAMESPACE, MetricData=entries[start : start + ENTRIES_AT_MOST])

    def _changes(self, now: float) -> list[Change]:
        """What somebody else changed since the last look, and what follows from the data."""
        changes, states = [], {}
        with self._cloud.lock:
            for account, region, alarm, data in _alarms(now):
                told = self._told.get(alarm.alarm_arn, INSUFFICIENT)
                after, reason = alarm.state_value, alarm.state_reason
                if after == told and (rule := _rule(alarm)) is not None:
                    verdict = judge(rule, data, now=now, state=after)
                    after, reason = verdict.state, verdict.reason
                states[alarm.alarm_arn] = after
                if after != told:
                    changes.append(_change(account, region, alarm, told, after, reason))
        self._told = states
        return changes

    def _tell(self, change: Change) -> None:
        try:
            if not change.settled:
                self._insider.client("cloudwatch", change.account, change.region).set_alarm_state(
                    AlarmName=change.name, StateValue=change.after, StateReason=change.reason
                )
            for arn in change.actions:
                self._act(change, arn)
        except (ClientError, FunctionNotFound) as problem:
            log.warning("%s could not tell of %s: %s", change.arn, change.after, problem)

    def _act(self, change: Change, arn: str) -> None:
        service, region, account = arn.split(":")[2:5]
        match service:
            case "sns":
                self._insider.client("sns", account, region).publish(
                    TopicArn=arn,
                    Subject=f'{change.after}: "{change.name}" in {change.region}'[:100],
                    Message=json.dumps(_message(change)),
                )
            case "lambda":
                with self._cloud.lock:
                    spec = find(account, region, arn)
                event = {"source": "aws.cloudwatch", "alarmArn": change.arn, "alarmData": _message(change)}
                self._functions.invoke_later(spec, json.dumps(event))
            case _:
                log.warning("%s has an action the sandbox does not know: %s", change.arn, arn)


def _alarms(now: float) -> Iterator[tuple[str, str, Alarm, list[Datum]]]:
    """Every alarm with its account, region and recent data; under the cloud's lock."""
    backends: Any = cloudwatch_backends
    for account, region, backend in backends.iter_backends():
        alarms = list(backend.alarms.values())
        rules = [rule for alarm in alarms if (rule := _rule(alarm)) is not None]
        oldest = now - max((rule.looks_back_seconds for rule in rules), default=0)
        data = _recent(backend.metric_data, oldest) if rules else {}
        for alarm in alarms:
            yield account, region, alarm, data.get(_series(alarm), [])


def _recent(metric_data: Iterable[Any], oldest: float) -> Mapping[Series, list[Datum]]:
    found: dict[Series, list[Datum]] = defaultdict(list)
    for each in metric_data:
        moment = each.timestamp if each.timestamp.tzinfo else each.timestamp.replace(tzinfo=UTC)
        if (seconds := moment.timestamp()) > oldest:
            found[_series(each)].append(_datum(each, seconds))
    return found


def _series(metric: Any) -> Series:
    """Of an alarm or a datum."""
    name = metric.metric_name if isinstance(metric, Alarm) else metric.name
    return metric.namespace, name, frozenset((each.name, each.value) for each in metric.dimensions)


def _datum(each: Any, seconds: float) -> Datum:
    if isinstance(each, MetricAggregatedDatum):
        return Datum(seconds, each.sum, each.sample_count, each.min, each.max)
    return Datum(seconds, each.value, 1, each.value, each.value)


def _rule(alarm: Alarm) -> Rule | None:
    """None for what the sandbox does not evaluate: composite alarms, and metrics that are computed from others."""
    if alarm.rule or alarm.metric_data_queries or not alarm.metric_name:
        return None
    return Rule(
        statistic=alarm.extended_statistic or alarm.statistic,
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        period_seconds=int(alarm.period),
        periods=int(alarm.evaluation_periods),
        datapoints=int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
        missing=alarm.treat_missing_data or "missing",
    )


def _change(account: str, region: str, alarm: Alarm, before: str, after: str, reason: str) -> Change:
    actions = tuple(getattr(alarm, _ACTIONS[after]) or ()) if alarm.actions_enabled else ()
    return Change(
        account,
        region,
        alarm.name,
        alarm.alarm_arn,
        before,
        after,
        reason,
        actions,
        alarm.description or "",
        settled=after == alarm.state_value,
    )


def _message(change: Change) -> dict[str, Any]:
    """The notification's text, in the keys AWS uses."""
    return {
        "AlarmName": change.name,
        "AlarmDescription": change.description,
        "AWSAccountId": change.account,
        "NewStateValue": change.after,
        "NewStateReason": change.reason,
        "StateChangeTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "Region": change.region,
        "AlarmArn": change.arn,
        "OldStateValue": change.before,
    }
