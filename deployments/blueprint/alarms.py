"""Alarms of one agent: errors, throttles, and calls that come close to their timeout."""

from __future__ import annotations

from typing import Any

from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal
from projects.configuration.model import Agent

PERIOD_SECONDS = 300
SLOW_SHARE = 0.8  # of the timeout: later than this there is no time left to react


def add_alarms(draft: Draft, agent: Agent, path: str, *, function: str, topic: str) -> None:
    """Adds the alarms on the function of an agent; they tell the topic."""
    slow_ms = round(agent.timeout * 1000 * SLOW_SHARE)
    watched: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("Errors", {"Statistic": "Sum", "Threshold": 1, "EvaluationPeriods": 1}, "fails"),
        ("Throttles", {"Statistic": "Sum", "Threshold": 1, "EvaluationPeriods": 1}, "is throttled"),
        (
            "Duration",
            {"ExtendedStatistic": "p95", "Threshold": slow_ms, "EvaluationPeriods": 3},
            f"takes more than {slow_ms} ms in one call of twenty",
        ),
    )
    for metric, rule, what in watched:
        draft.add(
            pascal(agent.name, metric, "alarm"),
            "AWS::CloudWatch::Alarm",
            {
                "AlarmName": draft.names.alarm(f"{agent.name}-{metric.lower()}"),
                "AlarmDescription": f"{agent.name} {what}",
                "Namespace": "AWS/Lambda",
                "MetricName": metric,
                "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": function}}],
                "Period": PERIOD_SECONDS,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "notBreaching",  # nobody called: nothing is wrong
                "AlarmActions": [{"Ref": topic}],
                **rule,
            },
            agent=agent.name,
            tags=agent.tags,
            line=agent.line,
            path=path,
        )
