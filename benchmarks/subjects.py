"""What is deployed: the sample, and made-up projects of any number of agents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "support-desk"
TEAM = 5  # agents that share a table and a queue
HANDLER = '''"""Answers for {name}."""


def handler(event, context):
    return {{"agent": "{name}", "event": event}}
'''


@dataclass(frozen=True, slots=True)
class Subject:
    """A project to deploy: its name, strands.yaml, source folder, and the one property that is changed in it."""

    name: str
    agents: int
    template: str
    source: Path
    before: str
    after: str

    def text(self, account: str) -> str:
        """strands.yaml with all environments in this account."""
        return re.sub(r"account: ['\"]\d{12}['\"]", f'account: "{account}"', self.template)

    def changed(self, account: str) -> str:
        """The same with the memory of one agent changed."""
        assert self.before in self.template, f"{self.name} has no {self.before!r}"
        return self.text(account).replace(self.before, self.after, 1)


def sample() -> Subject:
    """The three agents of samples/support-desk."""
    text = (SAMPLE / "strands.yaml").read_text()
    return Subject("support-desk", 3, text, SAMPLE, before="memory: 512", after="memory: 640")


def synthetic(agents: int, folder: Path) -> Subject:
    """A project of so many agents, whose source is written to `folder`.

    Teams of five share a table and a queue; every agent has its own code, and by turns a route, a trigger, a
    schedule, a role of its own with a bucket or a secret: about nine resources for each agent.
    """
    for index in range(agents):
        place = folder / "apps" / _name(index)
        place.mkdir(parents=True)
        (place / "main.py").write_text(HANDLER.format(name=_name(index)))
    document = {
        "project": {"name": f"bench-{agents}", "region": "us-east-1", "tags": {"purpose": "bench"}},
        "agents": [_agent(index) for index in range(agents)],
        "resources": [resource for team in range(-(-agents // TEAM)) for resource in _resources(team)],
        "shared": {
            "api_gateway": {"type": "http", "cors": True},
            "monitoring": {"alarms": True, "log_retention_days": 30},
        },
        "environments": {"dev": {"account": "000000000000"}},
    }
    text = yaml.safe_dump(document, sort_keys=False)
    return Subject(f"bench-{agents}", agents, text, folder, before="memory: 256", after="memory: 320")


def _name(index: int) -> str:
    return f"agent-{index:03}"


def _agent(index: int) -> dict[str, Any]:
    team, part = divmod(index, TEAM)
    table, queue = f"table-{team:02}", f"queue-{team:02}"
    agent: dict[str, Any] = {
        "name": _name(index),
        "path": f"./apps/{_name(index)}",
        "memory": 256,
        "timeout": 20,
        "environment": {"TEAM": str(team)},
    }
    match part:
        case 0:
            agent["routes"] = [f"POST /{_name(index)}"]
            agent["uses"] = [
                {"resource": table, "access": "read-write"},
                {"resource": queue, "actions": ["sqs:SendMessage"]},
            ]
        case 1:
            agent["uses"] = [{"resource": table, "access": "read-write"}]
            agent["triggers"] = [{"resource": queue, "batch_size": 10}]
        case 2:
            agent["uses"] = [{"resource": table, "access": "read"}]
            agent["triggers"] = [{"schedule": "rate(1 hour)"}]
        case 3:
            agent["isolated"] = True  # the shared role's policy has no room for 40 buckets more
            agent["routes"] = [f"GET /{_name(index)}", f"PUT /{_name(index)}"]
            agent["uses"] = [{"resource": f"files-{team:02}", "access": "read-write"}]
        case _:
            agent["isolated"] = True
            agent["secrets"] = {"TOKEN": f"token-{team:02}"}
            agent["uses"] = [{"resource": table, "access": "read"}]
    return agent


def _resources(team: int) -> list[dict[str, Any]]:
    return [
        {"name": f"table-{team:02}", "type": "dynamodb", "properties": {"partition_key": "id"}},
        {"name": f"queue-{team:02}", "type": "sqs", "properties": {"visibility_timeout": 120}},
        {"name": f"files-{team:02}", "type": "s3"},
        {"name": f"token-{team:02}", "type": "secret"},
    ]
