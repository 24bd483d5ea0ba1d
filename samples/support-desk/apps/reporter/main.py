"""Reports how the support desk is doing: on request over HTTP, and on a schedule with an alert when needed."""

import json
import os
from collections import Counter
from functools import cache
from typing import Any

import boto3
from local_model import Call, choose_model
from strands import Agent, tool

INSTRUCTIONS = """You report on a support desk. Count the tickets and say in one or two sentences how things stand.
Only on a scheduled check, and only when there are urgent tickets, also send one alert."""

REQUEST = "Report on the tickets."
CHECK = "This is the scheduled check."


@cache
def tickets() -> Any:
    return boto3.resource("dynamodb").Table(os.environ["TICKETS_TABLE"])


@cache
def topics() -> Any:
    return boto3.client("sns")


@tool
def count_tickets() -> dict[str, Any]:
    """How many tickets there are, in all and by priority."""
    counts: Counter[str] = Counter()
    page: dict[str, Any] = {}
    while True:
        page = tickets().scan(
            ProjectionExpression="priority",
            **({"ExclusiveStartKey": page["LastEvaluatedKey"]} if page else {}),
        )
        counts.update(item["priority"] for item in page["Items"])
        if "LastEvaluatedKey" not in page:
            return {"total": counts.total(), "by_priority": dict(sorted(counts.items()))}


@tool
def send_alert(text: str) -> dict[str, Any]:
    """Alert the people on duty.

    Args:
        text: One sentence.
    """
    answer = topics().publish(TopicArn=os.environ["ALERTS_TOPIC_ARN"], Subject="Support desk", Message=text)
    return {"message_id": answer["MessageId"]}


TOOLS = [count_tickets, send_alert]


def decide(prompt: str, results: dict[str, Any]) -> Call | str:
    """What the local model does: the same steps that INSTRUCTIONS ask of a real one."""
    for name, result in results.items():
        if "error" in result:
            return f"No report this time: {name} failed."
    if "count_tickets" not in results:
        return Call("count_tickets", {})
    total, by_priority = results["count_tickets"]["total"], results["count_tickets"]["by_priority"]
    urgent = by_priority.get("urgent", 0)
    if prompt == CHECK and urgent and "send_alert" not in results:
        return Call("send_alert", {"text": f"{urgent} urgent of {total} tickets."})
    if not total:
        return "There are no tickets yet."
    parts = ", ".join(f"{count} {priority}" for priority, count in by_priority.items())
    alerted = " The people on duty were alerted." if "send_alert" in results else ""
    return f"There {'is 1 ticket' if total == 1 else f'are {total} tickets'}: {parts}.{alerted}"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """GET /report, or an event of the schedule."""
    requested = "http" in event.get("requestContext", {})
    agent = Agent(model=choose_model(decide), tools=TOOLS, system_prompt=INSTRUCTIONS, callback_handler=None)
    result = agent(REQUEST if requested else CHECK)
    body = {"answer": str(result).strip(), "tools": list(result.metrics.tool_metrics)}
    if not requested:
        print(json.dumps({"level": "info", **body}))
        return body
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
