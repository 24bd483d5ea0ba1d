"""Workflow tests: the sample project against a sandbox, everything in this process."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import history.store
from deployments import execution, orders, planning
from deployments.models import Deployment, Method, Status
from projects import editing
from projects.bundles import read_folder
from projects.models import Configuration, Environment, Project, User
from strandsweb.sandbox.starter import Sandbox
from tests.conftest import SAMPLE

Deploy = Callable[..., Deployment]


def sandbox_call(url: str, path: str, body: Any = None, method: str | None = None) -> Any:
    """Talks to the sandbox's own control addresses."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=data, method=method, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        content = answer.read()
    return json.loads(content) if content else None


@pytest.fixture
def cloud(aws: Sandbox, settings: Any) -> Iterator[str]:
    """An AWS without faults, and an empty history."""
    settings.AWS_ENDPOINT_URL = aws.url
    history.store._memory.cache_clear()
    yield aws.url
    sandbox_call(aws.url, "/_sandbox/faults", method="DELETE")
    sandbox_call(aws.url, "/_sandbox/latency", {"milliseconds": 0}, "POST")


@pytest.fixture
def sample(project: Project, alice: User, account: str) -> Configuration:
    """The sample's first configuration, with every environment in the test's own account, and its source."""
    text = re.sub(r'account: "\d{12}"', f'account: "{account}"', (SAMPLE / "strands.yaml").read_text())
    editing.add_source(project=project, bundle=read_folder(SAMPLE), origin="folder", author=alice)
    return editing.save_configuration(project=project, text=text, author=alice, message="", base_number=None)


@pytest.fixture
def edit(project: Project, alice: User) -> Callable[[str, str], Configuration]:
    """Saves the latest configuration with one text replaced by another."""

    def change(before: str, after: str) -> Configuration:
        latest = project.latest_configuration
        assert latest is not None
        assert before in latest.text, f"{before!r} is not in the sample"
        return editing.save_configuration(
            project=project,
            text=latest.text.replace(before, after, 1),
            author=alice,
            message="",
            base_number=latest.number,
        )

    return change


def plan(environment: Environment, actor: User, **wish: Any) -> Deployment:
    """A planned deployment."""
    deployment = planning.propose(environment=environment, actor=actor, method=Method.WEB, inline=True, **wish)
    return planning.make_plan(deployment_id=deployment.pk)


def run(deployment: Deployment, actor: User) -> Deployment:
    """A ready deployment, carried out."""
    assert deployment.status == Status.READY, (deployment.status, deployment.error, deployment.problems)
    orders.start(deployment_id=deployment.pk, actor=actor, inline=True)
    return execution.run(deployment_id=deployment.pk)


def actions(deployment: Deployment) -> dict[str, str]:
    """What the plan does, by logical id, what stays left out."""
    return {
        change.logical_id: change.action.value
        for change in deployment.plan.value().changes
        if change.action.value != "no-change"
    }
