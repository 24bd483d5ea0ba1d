"""One dashboard for an environment: its alarms, agents, APIs and queues, as far as it has any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployments.blueprint.draft import Draft
from deployments.engine import canonical
from deployments.engine.resources import Resource
from projects.configuration.model import Agent

DASHBOARD = "OverviewDashboard"
PERIOD_SECONDS = 300

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
_COLUMNS, _WIDTH, _HEIGHT = 24, 8, 6
_ALARMS_AT_MOST = 100
_LINES_AT_MOST = 500  # in one graph


@dataclass(frozen=True, slots=True)
class Graph:
    """A metric of every resource of a type, one line each."""

    title: str
    metric: str
    statistic: str


@dataclass(frozen=True, slots=True)
class Family:
    """What is shown of a type: its metrics' namespace, and the dimension that tells its resources apart.

    `known_as` is the property that holds the dimension's value; None where AWS makes the value up.
    """

    namespace: str
    dimension: str
    known_as: str | None
    graphs: tuple[Graph, ...]


_FAMILIES: Mapping[str, Family] = {
    "AWS::Lambda::Function": Family(
        "AWS/Lambda",
        "FunctionName",
        "FunctionName",
        (
            Graph("Invocations", "Invocations", "Sum"),
            Graph("Errors", "Errors", "Sum"),
            Graph("Duration of the slowest in twenty (ms)", "Duration", "p95"),
            Graph("Throttles", "Throttles", "Sum"),
            Graph("Running at once", "ConcurrentExecutions", "Maximum"),
        ),
    ),
    "AWS::ApiGatewayV2::Api": Family(
        "AWS/ApiGateway",
        "ApiId",
        None,
        (
            Graph("API requests", "Count", "Sum"),
            Graph("API refusals (4xx)", "4xx", "Sum"),
            Graph("API failures (5xx)", "5xx", "Sum"),
            Graph("API latency of the slowest in twenty (ms)", "Latency", "p95"),
        ),
    ),
    "AWS::ApiGateway::RestApi": Family(
        "AWS/ApiGateway",
        "ApiName",
        "Name",
        (
            Graph("API requests", "Count", "Sum"),
            Graph("API refusals (4xx)", "4XXError", "Sum"),
            Graph("API failures (5xx)", "5XXError", "Sum"),
            Graph("API latency of the slowest in twenty (ms)", "Latency", "p95"),
        ),
    ),
    "AWS::SQS::Queue": Family(
        "AWS/SQS",
        "QueueName",
        "QueueName",
        (
            Graph("Messages waiting", "ApproximateNumberOfMessagesVisible", "Maximum"),
            Graph("Age of the oldest message (s)", "ApproximateAgeOfOldestMessage", "Maximum"),
        ),
    ),
}


def add_dashboard(draft: Draft, agents: Sequence[tuple[str, Agent]]) -> None:
    """Adds the dashboard of everything in the draft. Comes last."""
    if not agents:
        return
    widgets = [*_alarms(draft.resources.values()), *_graphs(draft)]
    draft.add(
        DASHBOARD,
        "AWS::CloudWatch::Dashboard",
        {
            "DashboardName": draft.names.dashboard("overview"),
            "DashboardBody": {"Fn::Sub": canonical.dumps({"widgets": _placed(widgets)})},
        },
    )


def _alarms(resources: Iterable[Resource]) -> list[dict[str, Any]]:
    place = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm"
    names = sorted(
        resource.properties["AlarmName"]
        for resource in resources
        if resource.type == "AWS::CloudWatch::Alarm" and isinstance(resource.properties.get("AlarmName"), str)
    )
    if not names:
        return []
    shown = [f"{place}:{name}" for name in names[:_ALARMS_AT_MOST]]
    return [{"type": "alarm", "width": _COLUMNS, "properties": {"title": "Alarms", "alarms": shown}}]


def _graphs(draft: Draft) -> list[dict[str, Any]]:
    widgets = []
    for kind, family in _FAMILIES.items():
        shown = sorted(
            (resource for resource in draft.resources.values() if resource.type == kind),
            key=lambda resource: resource.logical_id,
        )[:_LINES_AT_MOST]
        for graph in family.graphs if shown else ():
            lines = [
                [
                    family.namespace,
                    graph.metric,
                    family.dimension,
                    _value(family, resource),
                    {"label": _label(resource)},
                ]
                for resource in shown
            ]
            properties = {
                "title": graph.title,
                "region": "${AWS::Region}",
                "stat": graph.statistic,
                "period": PERIOD_SECONDS,
                "metrics": lines,
            }
            widgets.append({"type": "metric", "width": _WIDTH, "properties": properties})
    return widgets


def _value(family: Family, resource: Resource) -> str:
    """A name is said as it is, so that the dashboard waits for nothing; an id is not known before."""
    known = resource.properties.get(family.known_as) if family.known_as else None
    return known if isinstance(known, str) else f"${{{resource.logical_id}}}"


def _label(resource: Resource) -> str:
    return resource.agent or resource.logical_id


def _placed(widgets: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """From left to right, row by row."""
    placed, x, y = [], 0, 0
    for widget in widgets:
        if x + widget["width"] > _COLUMNS:
            x, y = 0, y + _HEIGHT
        placed.append({**widget, "x": x, "y": y, "height": _HEIGHT})
        x += widget["width"]
    return placed
