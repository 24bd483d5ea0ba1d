"""A small history to test with: documents of deployments, as the workflow would hand them over."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from history.metadata import Counts, Metadata
from history.records import Documents
from history.store import InMemoryStore

CONFIG = """project:
  name: support-desk
agents:
  - name: customer-support
    memory: {memory}
"""


def make_state(memory: int, *, physical_id: str = "support-desk-dev-customer-support", more: int = 0) -> dict[str, Any]:
    """A state file with one function, and so many tables beside it."""
    function = {
        "type": "AWS::Lambda::Function",
        "physicalId": physical_id,
        "properties": {"MemorySize": memory, "Timeout": 30},
        "attributes": {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f"},
        "dependencies": [],
        "tags": {"team": "platform", "strands:version": str(memory)},
    }
    tables = {
        f"Table{number}": {
            "type": "AWS::DynamoDB::Table",
            "physicalId": f"table-{number}",
            "properties": {"TableName": f"table-{number}"},
            "attributes": {},
            "dependencies": [],
        }
        for number in range(more)
    }
    return {
        "version": "1.0",
        "serial": memory,
        "lineage": "a" * 32,
        "environment": "dev",
        "region": "us-east-1",
        "account": "123456789012",
        "timestamp": "2025-11-19T10:30:05.000Z",
        "stacks": {
            "customer-support": {"resources": {"Function": function}},
            "shared-infrastructure": {"resources": tables},
        },
    }


def make_events(seconds: float = 1.5, resource: str = "Function") -> list[dict[str, Any]]:
    """The events of a run with one step."""
    told = [
        ("run.started", "", "", {"steps": 1, "worker": "w1"}),
        ("step.started", f"update:{resource}", resource, {"operation": "update", "type": "AWS::Lambda::Function"}),
        ("log", f"update:{resource}", resource, {"level": "info", "message": "two\nlines \x1b[31mred"}),
        (
            "call.ended",
            f"update:{resource}",
            resource,
            {
                "service": "lambda",
                "operation": "UpdateFunctionConfiguration",
                "seconds": 0.1,
                "status": 200,
                "attempts": 1,
            },
        ),
        ("step.succeeded", f"update:{resource}", resource, {"physicalId": "f", "seconds": seconds, "adopted": False}),
        ("run.ended", "", "", {"status": "succeeded", "seconds": seconds, "counts": {"succeeded": 1}}),
    ]
    return [
        {
            "number": number,
            "time": f"2025-11-19T10:30:{number:02}.000Z",
            "code": code,
            "step": step,
            "logicalId": logical_id,
            "data": data,
        }
        for number, (code, step, logical_id, data) in enumerate(told, 1)
    ]


def make_documents(number: int = 1, *, memory: int = 512, events: Any = None, **metadata: Any) -> Documents:
    """The documents of the environment's deployment with this number; `metadata` overrides head data."""
    head = Metadata(
        deployment_id=f"2025-11-{number:02}T10-30-00Z-{number:06x}",
        project="support-desk",
        environment="dev",
        kind="deploy",
        status="succeeded",
        started_at=f"2025-11-{number:02}T10:30:00.000Z",
        ended_at=f"2025-11-{number:02}T10:30:06.500Z",
        duration_seconds=6.5,
        deployed_by="Bob",
        method="web",
        version=str(number),
        configuration_number=number,
        source_digest="5" * 64,
        counts=Counts(updated=1),
        resource_count=1,
        monthly_usd=1.25,
        tags={"team": "platform"},
        what_changed=f"update Function (MemorySize {memory})",
    )
    plan = {"format": "1", "subject": {"kind": "deploy"}, "changes": []}
    return Documents(
        metadata=replace(head, **metadata),
        config_yaml=CONFIG.format(memory=memory),
        plan=json.dumps(plan, sort_keys=True, separators=(",", ":")),
        approvals=[{"actor": {"id": 3, "name": "Ada"}, "approved": True, "comment": "ok"}],
        state_before=make_state(memory - 1),
        state_after=make_state(memory),
        events=make_events() if events is None else events,
    )


@pytest.fixture
def state() -> Callable[..., dict[str, Any]]:
    """Makes state files."""
    return make_state


@pytest.fixture
def events() -> Callable[..., list[dict[str, Any]]]:
    """Makes the events of a run."""
    return make_events


@pytest.fixture
def documents() -> Callable[..., Documents]:
    """Makes the documents of one deployment."""
    return make_documents


@pytest.fixture
def store() -> InMemoryStore:
    """An empty store."""
    return InMemoryStore()
