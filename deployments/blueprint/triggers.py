"""What starts an agent by itself: messages, changes, events, new objects, and the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.blueprint.callee import Callee
from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal, schedule_words
from deployments.blueprint.notifications import add_notification
from projects.configuration.model import Agent, Trigger

BATCH_SIZE = 10


def add_triggers(draft: Draft, agent: Agent, path: str, *, callee: Callee, named: Mapping[str, str]) -> None:
    """Adds whatever lets the triggers of an agent start it."""
    for index, trigger in enumerate(agent.triggers):
        place = f"{path}.triggers[{index}]"
        if trigger.schedule:
            _schedule(draft, agent, trigger.schedule, trigger.line, place, callee)
        elif trigger.resource and trigger.resource in named:
            source = draft.resources[named[trigger.resource]]
            _SOURCES[source.type](draft, agent, trigger, place, callee, source.logical_id)


def _queue(draft: Draft, agent: Agent, trigger: Trigger, path: str, callee: Callee, queue: str) -> None:
    _mapping(draft, agent, trigger, path, callee, {"EventSourceArn": {"Fn::GetAtt": [queue, "Arn"]}})


def _table(draft: Draft, agent: Agent, trigger: Trigger, path: str, callee: Callee, table: str) -> None:
    stream = {"EventSourceArn": {"Fn::GetAtt": [table, "StreamArn"]}, "StartingPosition": "LATEST"}
    _mapping(draft, agent, trigger, path, callee, stream)


def _mapping(
    draft: Draft, agent: Agent, trigger: Trigger, path: str, callee: Callee, source: Mapping[str, Any]
) -> None:
    properties: dict[str, Any] = {
        **source,
        "FunctionName": callee.name,
        "BatchSize": trigger.batch_size or BATCH_SIZE,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],  # one bad message does not bring back the whole batch
    }
    if trigger.batching_window:
        properties["MaximumBatchingWindowInSeconds"] = trigger.batching_window
    draft.add(
        pascal(agent.name, trigger.resource or "", "trigger"),
        "AWS::Lambda::EventSourceMapping",
        properties,
        agent=agent.name,
        line=trigger.line,
        path=path,
    )


def _topic(draft: Draft, agent: Agent, trigger: Trigger, path: str, callee: Callee, topic: str) -> None:
    words = trigger.resource or ""
    permission = _permission(draft, agent, trigger.line, path, callee, words, "sns.amazonaws.com", {"Ref": topic})
    draft.add(
        pascal(agent.name, words, "subscription"),
        "AWS::SNS::Subscription",
        {"TopicArn": {"Ref": topic}, "Protocol": "lambda", "Endpoint": callee.arn},
        agent=agent.name,
        depends_on=(permission,),
        line=trigger.line,
        path=path,
    )


def _bus(draft: Draft, agent: Agent, trigger: Trigger, path: str, callee: Callee, bus: str) -> None:
    words = trigger.resource or ""
    properties = {
        "Name": draft.names.rule(f"{agent.name}-{words}"),
        "Description": f"Starts {agent.name}: events of {words}",
        "EventBusName": {"Ref": bus},
        "EventPattern": dict(trigger.pattern or {}),
    }
    _rule(draft, agent, properties, words, trigger.line, path, callee)


def _schedule(draft: Draft, agent: Agent, expression: str, line: int, path: str, callee: Callee) -> None:
    words = schedule_words(expression)
    properties = {
        "Name": draft.names.rule(f"{agent.name}-{words.replace(' ', '-')}"),
        "Description": f"Starts {agent.name}: {expression}",
        "ScheduleExpression": expression,
    }
    _rule(draft, agent, properties, words, line, path, callee)


def _rule(
    draft: Draft, agent: Agent, properties: Mapping[str, Any], words: str, line: int, path: str, callee: Callee
) -> None:
    rule = draft.add(
        pascal(agent.name, words, "rule"),
        "AWS::Events::Rule",
        {**properties, "State": "ENABLED", "Targets": [{"Id": "agent", "Arn": callee.arn}]},
        agent=agent.name,
        tags=agent.tags,
        line=line,
        path=path,
    )
    _permission(draft, agent, line, path, callee, words, "events.amazonaws.com", {"Fn::GetAtt": [rule, "Arn"]})


def _permission(
    draft: Draft,
    agent: Agent,
    line: int,
    path: str,
    callee: Callee,
    words: str,
    service: str,
    source: Mapping[str, Any],
) -> str:
    return draft.add(
        pascal(agent.name, words, "permission"),
        "AWS::Lambda::Permission",
        {
            "FunctionName": callee.name,
            "Action": "lambda:InvokeFunction",
            "Principal": service,
            "SourceArn": source,
        },
        agent=agent.name,
        line=line,
        path=path,
    )


_Source = Callable[[Draft, Agent, Trigger, str, Callee, str], None]
_SOURCES: Mapping[str, _Source] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::Events::EventBus": _bus,
    "AWS::S3::Bucket": add_notification,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
}
