"""Rows for pages: a configuration, a source, a planned deployment and one that has run, made without any cloud."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client

import history.store
from deployments.deciding import decisions
from deployments.engine.plan import Action, Change, Origin, Plan, PlanKind, PropertyChange, Reason, Subject
from deployments.engine.resources import Resource
from deployments.models import (
    Deployment,
    EnvironmentState,
    Method,
    PlanDocument,
    RunEvent,
    StateEntry,
    Status,
    Step,
    new_deployment_id,
)
from deployments.recording import record_run
from projects.bundles import read_folder
from projects.editing import add_source
from projects.models import Configuration, Environment, Project, SourceBundle, User
from tests.conftest import SAMPLE
from tests.web.ladder import Rung, address_of, one_of_everything

START = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
Visit = Callable[[User | None], Client]
DIGEST = "0" * 64


@pytest.fixture
def visit() -> Visit:
    """A browser in which that person (or nobody) is signed in."""

    def browser(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return browser


@pytest.fixture(autouse=True)
def quiet_queue(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What would be sent to workers, as (task, id); nothing is."""
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr("deployments.dispatch._send", lambda task, key: sent.append((task, key)))
    return sent


@pytest.fixture(autouse=True)
def empty_history() -> None:
    """Every test begins without records."""
    history.store._memory.cache_clear()


def sample_configuration(project: Project, author: User, number: int = 1) -> Configuration:
    """The sample's text as a revision of that number."""
    text = (SAMPLE / "strands.yaml").read_text()
    return Configuration.objects.create(
        project=project,
        number=number,
        text=text,
        digest=Configuration.digest_of(text),
        message="The sample",
        author=author,
        author_text=author.text,
    )


@pytest.fixture
def configuration(project: Project, alice: User) -> Configuration:
    """The sample's text as revision 1."""
    return sample_configuration(project, alice)


@pytest.fixture
def source(project: Project, alice: User) -> SourceBundle:
    """The sample's folder, registered."""
    return add_source(project=project, bundle=read_folder(SAMPLE), origin="main at 41c2", author=alice)


def resource(name: str, type_name: str, **properties: Any) -> Resource:
    """A wanted resource of the shared stack."""
    return Resource(stack="shared-infrastructure", logical_id=name, type=type_name, properties=properties)


CHANGES = (
    Change(
        stack="shared-infrastructure",
        logical_id="AlertsTopic",
        type="AWS::SNS::Topic",
        action=Action.CREATE,
        reason=Reason.NEW,
        properties=(PropertyChange(path="TopicName", after="alerts"),),
        target=resource("AlertsTopic", "AWS::SNS::Topic", TopicName="alerts"),
        cost_after=1.5,
    ),
    Change(
        stack="shared-infrastructure",
        logical_id="TicketsTable",
        type="AWS::DynamoDB::Table",
        action=Action.REPLACE,
        reason=Reason.IMMUTABLE,
        physical_id="tickets",
        data_loss=True,
        properties=(PropertyChange(path="KeySchema", before=["id"], after=["key"], replaces=True),),
        target=resource("TicketsTable", "AWS::DynamoDB::Table", KeySchema=["key"]),
    ),
    Change(
        stack="customer-support",
        logical_id="CustomerSupportFunction",
        type="AWS::Lambda::Function",
        action=Action.UPDATE,
        reason=Reason.OUTSIDE,
        physical_id="support",
        notes=("customer-support may newly sqs:SendMessage on jobs.",),
        properties=(
            PropertyChange(path="MemorySize", before=128, after=512, origin=Origin.OUTSIDE),
            PropertyChange(path="Role", before="arn:old", after={"Fn::GetAtt": ["Role", "Arn"]}, unknown=True),
        ),
        target=resource("CustomerSupportFunction", "AWS::Lambda::Function", MemorySize=512),
    ),
    Change(
        stack="shared-infrastructure",
        logical_id="UploadsBucket",
        type="AWS::S3::Bucket",
        action=Action.NO_CHANGE,
        reason=Reason.UNCHANGED,
        physical_id="uploads",
        target=resource("UploadsBucket", "AWS::S3::Bucket"),
    ),
)


def proposed(
    environment: Environment,
    status: Status,
    *,
    configuration: Configuration,
    source: SourceBundle,
    by: User,
    **fields: Any,
) -> Deployment:
    """A deployment that is planned and in the given status."""
    plan = Plan(
        Subject(
            kind=PlanKind.DEPLOY,
            project=environment.project.slug,
            environment=environment.name,
            account=environment.account,
            region=environment.region,
            base_serial=0,
            base_digest=DIGEST,
            live_fingerprint=DIGEST,
            configuration_number=configuration.number,
            configuration_digest=configuration.digest,
            source_digest=source.digest,
        ),
        CHANGES,
    )
    wanted: dict[str, Any] = {
        "public_id": new_deployment_id(START),
        "environment": environment,
        "kind": PlanKind.DEPLOY,
        "status": status,
        "method": Method.WEB,
        "message": "More memory",
        "configuration": configuration,
        "source": source,
        "proposed_by": by,
        "proposed_by_text": by.text,
        "created_at": START,
        "planned_at": START,
        "counts": plan.counts(),
        "destroys_data": True,
    }
    deployment = Deployment.objects.create(**(wanted | fields))
    PlanDocument.objects.create(
        deployment=deployment, text=plan.to_json(), digest=plan.digest(), state_before=empty_state(environment)
    )
    if status == Status.WAITING:
        decisions.keep(deployment, decisions.decision(deployment))
    return deployment


@pytest.fixture
def propose(configuration: Configuration, source: SourceBundle, bob: User) -> Callable[..., Deployment]:
    """Makes a deployment that is planned and in the given status."""
    return partial(proposed, configuration=configuration, source=source, by=bob)


def empty_state(environment: Environment) -> dict[str, Any]:
    """The state file of an environment with nothing in it."""
    return {
        "version": "1.0",
        "serial": 0,
        "lineage": "a" * 32,
        "environment": environment.name,
        "region": environment.region,
        "account": environment.account,
        "timestamp": "",
        "stacks": {},
    }


def tell(deployment: Deployment, code: str, step: str = "", logical_id: str = "", **data: Any) -> RunEvent:
    """The run's next event, as the worker would write it."""
    deployment.refresh_from_db()
    number = deployment.last_event + 1
    event = RunEvent.objects.create(
        deployment=deployment,
        number=number,
        time="2026-11-20T10:30:01.000Z",
        code=code,
        step=step,
        logical_id=logical_id,
        data=data,
    )
    Deployment.objects.filter(pk=deployment.pk).update(last_event=number)
    return event


@pytest.fixture
def running(propose: Callable[..., Deployment], dev: Environment, bob: User) -> Deployment:
    """A run with one step under way and one to come."""
    deployment = propose(dev, Status.RUNNING, started_at=START, run_by=bob, run_by_text=bob.text)
    for position, (name, status) in enumerate((("AlertsTopic", "running"), ("TicketsTable", "pending"))):
        Step.objects.create(
            deployment=deployment,
            position=position,
            step_id=f"create:{name}",
            logical_id=name,
            stack="shared-infrastructure",
            type="AWS::SNS::Topic",
            operation="create",
            status=status,
        )
    tell(deployment, "run.started", steps=2, worker="w")
    tell(deployment, "step.started", "create:AlertsTopic", "AlertsTopic", operation="create", type="AWS::SNS::Topic")
    deployment.refresh_from_db()
    return deployment


def run_to_record(propose: Callable[..., Deployment], environment: Environment, by: User) -> Deployment:
    """A deployment that succeeded and has its record."""
    EnvironmentState.objects.create(environment=environment, serial=1)
    StateEntry.objects.create(
        environment=environment,
        logical_id="AlertsTopic",
        stack="shared-infrastructure",
        type="AWS::SNS::Topic",
        physical_id="arn:aws:sns:us-east-1:123456789012:alerts",
        body={
            "type": "AWS::SNS::Topic",
            "physicalId": "arn:aws:sns:us-east-1:123456789012:alerts",
            "properties": {"TopicName": "alerts"},
            "attributes": {},
            "dependencies": [],
        },
    )
    deployment = propose(
        environment,
        Status.SUCCEEDED,
        started_at=START,
        ended_at=START + timedelta(seconds=5),
        run_by=by,
        run_by_text=by.text,
    )
    tell(deployment, "run.started", steps=1, worker="w")
    tell(deployment, "run.ended", status="succeeded", seconds=5.0, counts={})
    record_run(Deployment.objects.get(pk=deployment.pk))
    deployment.refresh_from_db()
    return deployment


@pytest.fixture
def recorded(propose: Callable[..., Deployment], dev: Environment, bob: User) -> Deployment:
    """A deployment to dev that succeeded and has its record."""
    return run_to_record(propose, dev, bob)


@pytest.fixture
def address(
    prod: Environment,
    source: SourceBundle,
    recorded: Deployment,
    propose: Callable[..., Deployment],
    vera: User,
    alice: User,
) -> Callable[[Rung], str]:
    """The address of a rung in a project that has one of everything."""
    names = one_of_everything(owner=alice, member=vera, prod=prod, source=source, record=recorded, propose=propose)
    return lambda rung: address_of(rung, prod.project.slug, names)
