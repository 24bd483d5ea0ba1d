"""Existing resources and state files are taken over through a plan, on a real sandbox."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from deployments import clouds, imports, states
from deployments.engine.state import State
from deployments.errors import WorkflowError
from deployments.models import Deployment, EnvironmentState, Method, StateEntry, Status
from deployments.planning import make_plan
from history.models import Record
from projects.models import Configuration, Environment, Project, User
from tests.deployments.conftest import actions, plan, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(cloud: str, account: str) -> Callable[[str], Any]:
    """boto3 as somebody without strandsweb has it, in the test's account."""
    sts = boto3.client("sts", "us-east-1", endpoint_url=cloud, aws_access_key_id="x", aws_secret_access_key="x")
    keys = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/somebody", RoleSessionName="somebody")["Credentials"]

    def make(service: str) -> Any:
        return boto3.client(
            service,
            "us-east-1",
            endpoint_url=cloud,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    return make


def make_table(client: Callable[[str], Any], key: str = "id", **more: Any) -> None:
    client("dynamodb").create_table(
        TableName="legacy-tickets",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        **{"Tags": [{"Key": "CostCenter", "Value": "7"}], **more},
    )


def importing(environment: Environment, actor: User, **resources: str) -> Deployment:
    """A planned import of resources."""
    found = imports.propose(environment=environment, actor=actor, method=Method.WEB, resources=resources, inline=True)
    return make_plan(deployment_id=found.pk)


def importing_state(environment: Environment, actor: User, document: Any) -> Deployment:
    found = imports.propose_state(
        environment=environment, actor=actor, method=Method.WEB, document=document, inline=True
    )
    return make_plan(deployment_id=found.pk)


def test_a_table_somebody_made_becomes_the_configurations_and_stays_where_it_is(
    dev: Environment, alice: User, sample: Configuration, client: Callable[[str], Any]
) -> None:
    make_table(client)
    client("dynamodb").put_item(TableName="legacy-tickets", Item={"id": {"S": "1"}})
    planned = importing(dev, alice, TicketsTable="legacy-tickets")
    assert actions(planned)["TicketsTable"] == "import", planned.error
    [change] = [each for each in planned.plan.value().changes if each.logical_id == "TicketsTable"]
    assert "Tags.strands:project" in {row.path for row in change.properties}
    assert planned.plan.calls["write"] == 0
    done = run(planned, alice)
    assert done.status == Status.SUCCEEDED, done.error
    record = Record.objects.get(deployment_id=done.public_id)
    assert record.kind == "import"
    assert "TicketsTable" in states.load(dev).resources
    described = client("dynamodb").describe_table(TableName="legacy-tickets")["Table"]
    assert client("dynamodb").scan(TableName="legacy-tickets")["Count"] == 1
    tags = client("dynamodb").list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"]
    assert {"Key": "CostCenter", "Value": "7"} in tags
    assert {"Key": "strands:environment", "Value": "dev"} in tags
    assert client("dynamodb").list_tables()["TableNames"] == ["legacy-tickets"]
    function = client("lambda").get_function_configuration(FunctionName="strands-support-desk-dev-triage")
    assert "legacy-tickets" in function["Environment"]["Variables"].values()
    assert plan(dev, alice).status == Status.UNCHANGED

    assert "is deployed already" in importing(dev, alice, TicketsTable="legacy-tickets").error
    gone = run(plan(dev, alice, kind="destroy"), alice)
    assert gone.status == Status.SUCCEEDED
    assert client("dynamodb").list_tables()["TableNames"] == []


def test_an_import_changes_what_the_plan_shows_and_nothing_else(
    dev: Environment, alice: User, sample: Configuration, client: Callable[[str], Any]
) -> None:
    attributes = {"VisibilityTimeout": "77", "MaximumMessageSize": "2048"}  # the configuration asks for the first alone
    url = client("sqs").create_queue(QueueName="legacy-jobs", Attributes=attributes, tags={"CostCenter": "7"})[
        "QueueUrl"
    ]
    planned = importing(dev, alice, JobsQueue=url)
    [change] = [each for each in planned.plan.value().changes if each.logical_id == "JobsQueue"]
    paths = [row.path for row in change.properties if not row.path.startswith("Tags.")]
    assert "VisibilityTimeout" in paths
    assert "MaximumMessageSize" not in paths
    assert run(planned, alice).status == Status.SUCCEEDED
    now = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (now["VisibilityTimeout"], now["MaximumMessageSize"]) == ("360", "2048")
    assert client("sqs").list_queue_tags(QueueUrl=url)["Tags"]["CostCenter"] == "7"
    assert plan(dev, alice).status == Status.UNCHANGED


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ({"TicketTable": "legacy-tickets"}, "did you mean TicketsTable"),
        ({"TicketsTable": "nowhere"}, "nothing to import as TicketsTable (nowhere)"),
        ({"TicketsTable": "legacy-tickets"}, "KeySchema differs and cannot be changed in place"),
        ({"ReporterGetReportRoute": "abc"}, "cannot be read before what its ApiId refers to exists"),
    ],
)
def test_what_cannot_be_imported_is_said_before_anybody_approves(
    resources: dict[str, str],
    reason: str,
    dev: Environment,
    alice: User,
    sample: Configuration,
    client: Callable[[str], Any],
) -> None:
    make_table(client, key="other")
    refused = importing(dev, alice, **resources)
    assert refused.status == Status.INVALID
    assert reason in refused.error


def test_what_is_somebody_elses_is_not_taken(
    dev: Environment, prod: Environment, alice: User, sample: Configuration, client: Callable[[str], Any]
) -> None:
    make_table(client, Tags=[{"Key": "strands:project", "Value": "another"}])
    assert "belongs to another environment" in importing(dev, alice, TicketsTable="legacy-tickets").error
    client("sqs").create_queue(QueueName="theirs")
    url = client("sqs").get_queue_url(QueueName="theirs")["QueueUrl"]
    entry = StateEntry(environment=prod, logical_id="Q", stack="s", type="AWS::SQS::Queue", physical_id=url, body={})
    entry.save()
    assert "managed by another environment" in importing(dev, alice, JobsQueue=url).error


def test_nothing_or_the_same_thing_twice_is_no_import(dev: Environment, alice: User, sample: Configuration) -> None:
    with pytest.raises(WorkflowError, match="at least one"):
        importing(dev, alice)
    with pytest.raises(WorkflowError, match="named twice"):
        importing(dev, alice, A="x", B="x")
    assert not Deployment.objects.exists()


def forget(environment: Environment) -> None:
    """As in an installation that never heard of it."""
    StateEntry.objects.filter(environment=environment).delete()
    EnvironmentState.objects.filter(environment=environment).delete()


def test_a_state_file_is_taken_over_as_it_is_without_a_single_write(
    dev: Environment, alice: User, sample: Configuration, cloud: str
) -> None:
    run(plan(dev, alice), alice)
    before = states.load(dev)
    forget(dev)
    planned = importing_state(dev, alice, before.as_dict())
    assert set(actions(planned).values()) == {"import"}, planned.error
    assert all(change.properties == () for change in planned.plan.value().changes)
    done = run(planned, alice)
    assert done.status == Status.SUCCEEDED, done.error
    assert done.summary["calls"]["write"] == 0
    after = states.load(dev)
    assert after.as_dict()["stacks"] == before.as_dict()["stacks"]
    assert plan(dev, alice).status == Status.UNCHANGED
    with pytest.raises(WorkflowError, match="holds resources already"):
        importing_state(dev, alice, before.as_dict())

    # A file of an environment that has since changed: what is gone is named, and nothing is half imported.
    with clouds.reach(dev, purpose="test") as provisioners:
        provisioners["AWS::SQS::Queue"].delete(after.resources["JobsQueue"])
    forget(dev)
    refused = importing_state(dev, alice, before.as_dict())
    assert refused.status == Status.INVALID
    assert "nothing to import as JobsQueue" in refused.error
    assert states.load(dev).resources == {}


def a_state(environment: Environment) -> dict[str, Any]:
    """A small state file of the environment."""
    return {
        "version": "0.9",
        "serial": 3,
        "lineage": "lineage-1",
        "environment": environment.name,
        "region": environment.region,
        "account": environment.account,
        "stacks": {
            "shared": {
                "resources": {
                    "JobsQueue": {
                        "type": "AWS::SQS::Queue",
                        "physicalId": "https://queue",
                        "properties": {"Tags": [{"Key": "strands:project", "Value": "support-desk"}]},
                    }
                }
            }
        },
    }


def test_a_state_file_of_an_earlier_version_is_read(dev: Environment, alice: User, sample: Configuration) -> None:
    found = imports.propose_state(environment=dev, actor=alice, method=Method.WEB, document=a_state(dev), inline=True)
    assert found.imports.state["version"] == "1.0"
    assert found.message == "Import the state of lineage lineage-, serial 3"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": "7"}, "state version '7' is not known"),
        ({"account": "999999999999"}, "of account 999999999999"),
        ({"region": "eu-west-1"}, "of region eu-west-1"),
        ({"environment": "prod"}, "of environment prod"),
        ({"stacks": {}}, "names no resources"),
        ({"stacks": 3}, "not a state file"),
    ],
)
def test_a_state_file_of_somewhere_else_is_refused(
    change: dict[str, Any], reason: str, dev: Environment, alice: User, sample: Configuration
) -> None:
    with pytest.raises(WorkflowError, match=reason):
        importing_state(dev, alice, a_state(dev) | change)
    assert not Deployment.objects.exists()


def test_a_state_file_of_another_project_is_refused(dev: Environment, alice: User, sample: Configuration) -> None:
    document = copy.deepcopy(a_state(dev))
    document["stacks"]["shared"]["resources"]["JobsQueue"]["properties"]["Tags"][0]["Value"] = "other"
    with pytest.raises(WorkflowError, match="those of project other"):
        importing_state(dev, alice, document)


@pytest.mark.parametrize("document", [None, [], "text", {"version": "1.0"}])
def test_what_is_no_state_file_is_refused(document: Any, dev: Environment, alice: User, sample: Configuration) -> None:
    with pytest.raises(WorkflowError, match="state"):
        importing_state(dev, alice, document)


def test_a_lineage_that_lives_elsewhere_is_not_taken(
    project: Project, dev: Environment, prod: Environment, alice: User, sample: Configuration
) -> None:
    EnvironmentState.objects.create(environment=prod, lineage="lineage-1")
    state = State.from_dict(a_state(dev))
    imports.propose_state(environment=dev, actor=alice, method=Method.WEB, document=a_state(dev), inline=True)
    states.row(prod.pk, state.resources["JobsQueue"]).save()
    with pytest.raises(WorkflowError, match="of this lineage"):
        importing_state(dev, alice, a_state(dev))
