"""What starts an agent by itself: messages of a queue, and the clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal, schedule_words
from projects.configuration.model import Agent, Trigger

BATCH_SIZE = 10


def add_triggers(draft: Draft, agent: Agent, path: str, *, function: str, named: Mapping[str, str]) -> None:
    """Adds event source mappings and schedules of an agent; what other sources need comes with a later version."""
    for index, trigger in enumerate(agent.triggers):
        place = f"{path}.triggers[{index}]"
        if trigger.schedule:
            _schedule(draft, agent, trigger.schedule, trigger.line, place, function)
        elif trigger.resource and trigger.resource in named:
            source = draft.resources[named[trigger.resource]]
            if source.type == "AWS::SQS::Queue":
                _queue(draft, agent, trigger, place, function, source.logical_id)
            else:
                draft.not_yet(
                    trigger.line, place, f"a trigger from {trigger.resource}", "queues and schedules can start agents"
                )


def _queue(draft: Draft, agent: Agent, trigger: Trigger, path: str, function: str, queue: str) -> None:
    properties: dict[str, Any] = {
        "EventSourceArn": {"Fn::GetAtt": [queue, "Arn"]},
        "FunctionName": {"Ref": function},
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


def _schedule(draft: Draft, agent: Agent, expression: str, line: int, path: str, function: str) -> None:
    words = schedule_words(expression)
    rule = draft.add(
        pascal(agent.name, words, "rule"),
        "AWS::Events::Rule",
        {
            "Name": draft.names.rule(f"{agent.name}-{words.replace(' ', '-')}"),
            "Description": f"Starts {agent.name}: {expression}",
            "ScheduleExpression": expression,
            "State": "ENABLED",
            "Targets": [{"Id": "agent", "Arn": {"Fn::GetAtt": [function, "Arn"]}}],
        },
        agent=agent.name,
        tags=agent.tags,
        line=line,
        path=path,
    )
    draft.add(
        pascal(agent.name, words, "permission"),
        "AWS::Lambda::Permission",
        {
            "FunctionName": {"Ref": function},
            "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com",
            "SourceArn": {"Fn::GetAtt": [rule, "Arn"]},
        },
        agent=agent.name,
        line=line,
        path=path,
    )
