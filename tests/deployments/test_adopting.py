"""What somebody changed outside becomes the configuration's, where strands.yaml has a key for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from deployments import adopting, drift
from deployments.blueprint.identifiers import pascal
from deployments.engine.plan import ABSENT, Action, Change, Origin, PropertyChange, Reason
from deployments.errors import OutOfDate, WorkflowError
from deployments.models import Deployment, DriftCheck, Status
from deployments.wishes import blueprint_of
from projects.configuration import for_environment, parse
from projects.models import Configuration, Environment, Project, User
from tests.deployments.conftest import actions, plan, run
from tests.deployments.test_admission import set_visibility

pytestmark = pytest.mark.django_db
RECOVERY = "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled"
Edit = Callable[[str, str], Configuration]


def outside(logical_id: str, type_name: str, path: str, before: object, after: object = "") -> Change:
    """Somebody set `path` to `before`."""
    line = PropertyChange(path, before, after, origin=Origin.OUTSIDE)
    agents = ("customer-support", "triage", "reporter")
    stack = next((agent for agent in agents if logical_id.startswith(pascal(agent))), "shared-infrastructure")
    return Change(stack, logical_id, type_name, Action.UPDATE, Reason.OUTSIDE, properties=(line,))


def test_drift_is_adopted_and_the_next_plan_has_nothing_to_write(
    dev: Environment, project: Project, bob: User, vera: User, sample: Configuration, cloud: str, client: Client
) -> None:
    run(plan(dev, bob), bob)
    set_visibility(dev, 400)
    drift.check(environment_id=dev.pk)
    client.force_login(bob)
    page = client.get(reverse("environment", args=["support-desk", "dev"])).content.decode()
    assert ">Adopt</button>" in page and "?targets=JobsQueue" in page
    sent = {"logical_id": "JobsQueue", "path": "VisibilityTimeout", "before": "1"}
    answer = client.post(reverse("environment-adopt", args=["support-desk", "dev"]), sent)
    latest = project.latest_configuration
    assert latest is not None and latest.number == 2, answer.content
    assert latest.message == "Adopt VisibilityTimeout of JobsQueue as it is in dev: 400"
    parsed = parse(latest.text).configuration
    assert parsed is not None
    values = {
        name: for_environment(parsed, name).resource("jobs").properties["visibility_timeout"]
        for name in ("dev", "prod")
    }
    assert values == {"dev": 400, "prod": 360}, "only where it was seen"
    assert DriftCheck.objects.get(environment=dev).status == "checking", "what was seen is no longer true"
    assert drift.check(environment_id=dev.pk).status == "clean", "before anybody plans"
    agreed = plan(dev, bob)
    assert (agreed.status, actions(agreed)) == (Status.UNCHANGED, {}), actions(agreed)
    assert drift.check(environment_id=dev.pk).status == "clean"
    gone = client.post(
        reverse("environment-adopt", args=["support-desk", "dev"]), sent | {"path": "Nothing"}, follow=True
    )
    assert "not among what differs any more" in gone.content.decode()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (outside("CustomerSupportFunction", "AWS::Lambda::Function", "MemorySize", 768), "memory: 768"),
        (outside("TriageFunction", "AWS::Lambda::Function", "Timeout", 50), "timeout: 50"),
        (
            outside("ReporterFunction", "AWS::Lambda::Function", "Environment.Variables.MODEL_PROVIDER", "anthropic"),
            "MODEL_PROVIDER: anthropic",
        ),
        (outside("AlertsTopic", "AWS::SNS::Topic", "DisplayName", "Desk"), "display_name: Desk"),
        (outside("JobsQueue", "AWS::SQS::Queue", "DelaySeconds", 5), "delay: 5"),
        (outside("TriageFunction", "AWS::Lambda::Function", "Runtime", "python3.12"), "runtime: python3.12"),
        (outside("TicketsTable", "AWS::DynamoDB::Table", RECOVERY, False), "point_in_time_recovery: false"),
        (outside("TicketsTable", "AWS::DynamoDB::Table", "Tags.team", "desk"), "team: desk"),
        (outside("CustomerSupportFunction", "AWS::Lambda::Function", "Tags.tier", "lead"), "tier: lead"),
        (outside("TriageLogGroup", "AWS::Logs::LogGroup", "RetentionInDays", 7), "log_retention_days: 7"),
    ],
)
def test_a_live_value_is_written_where_it_comes_from(
    change: Change, line: str, dev: Environment, bob: User, sample: Configuration
) -> None:
    adopted = adopting.adopt(environment=dev, change=change, path=change.properties[0].path, actor=bob)
    saved = adopted.configuration
    parsed = parse(saved.text).configuration
    assert parsed is not None
    assert line in " ".join(saved.text.split("environments:")[1].split())
    assert (saved.number, saved.author_text) == (2, "bob")
    agreed = blueprint_of(Deployment(environment=dev, configuration=saved, source=dev.project.latest_source))
    resources = {each.logical_id: each for each in agreed.resources}
    path, found = change.properties[0].path, resources[change.logical_id]
    value: Any = found.properties
    for step in path.split("."):
        value = found.tags if step == "Tags" else value[step]
    assert value == change.properties[0].before
    assert ("ReporterLogGroup" in adopted.followers) == (path == "RetentionInDays")
    assert ("CustomerSupportLogGroup" in adopted.followers) == (path in ("Tags.tier", "RetentionInDays"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (outside("TriageFunction", "AWS::Lambda::Function", "EphemeralStorage.Size", 600), "has no key for it"),
        (outside("JobsQueue", "AWS::SQS::Queue", "SqsManagedSseEnabled", False), "has no key for it"),
        (outside("JobsQueue", "AWS::SQS::Queue", "RedrivePolicy.maxReceiveCount", 9), "needs a dead_letter_queue"),
        (outside("TriageLogGroup", "AWS::Logs::LogGroup", "RetentionInDays", 8), "would not hold"),
        (outside("UploadsBucket", "AWS::S3::Bucket", "VersioningConfiguration.Status", "Suspended"), "more than one"),
        (outside("JobsQueue", "AWS::SQS::Queue", "Tags.strands:agent", "x"), "writes this tag itself"),
        (outside("AlarmsTopic", "AWS::SNS::Topic", "Tags.team", "x"), "under a name of its own"),
        (outside("TriageFunction", "AWS::Lambda::Function", "MemorySize", ABSENT), "taken away outside"),
        (outside("JobsQueue", "AWS::SQS::Queue", "DelaySeconds", {"a": 1}), "a structure"),
        (outside("JobsQueue", "AWS::SQS::Queue", "VisibilityTimeout", 1), "would not hold"),
        (outside("TriageFunction", "AWS::Lambda::Function", "MemorySize", 1), "would not hold"),
        (outside("JobsDeadLetterQueue", "AWS::SQS::Queue", "DelaySeconds", 3), "under a name of its own"),
        (
            outside("TriageFunction", "AWS::Lambda::Function", "Environment.Variables.TICKETS_TABLE", "other"),
            "is set by strandsweb",
        ),
    ],
)
def test_what_cannot_be_adopted_says_why_and_writes_nothing(
    change: Change, reason: str, dev: Environment, project: Project, bob: User, sample: Configuration
) -> None:
    with pytest.raises(WorkflowError, match=reason):
        adopting.adopt(environment=dev, change=change, path=change.properties[0].path, actor=bob)
    assert project.configurations.count() == 1


def test_secrets_and_our_own_changes_are_never_adopted(dev: Environment, bob: User, sample: Configuration) -> None:
    change = outside("TriageFunction", "AWS::Lambda::Function", "MemorySize", 768)
    [line] = change.properties
    for refused in (replace(line, sensitive=True), replace(line, origin=Origin.CONFIGURATION)):
        assert adopting.why_not(change, refused)
    with pytest.raises(OutOfDate):
        adopting.adopt(environment=dev, change=change, path="Timeout", actor=bob)


def test_a_plans_row_is_adopted_too(
    dev: Environment, project: Project, bob: User, sample: Configuration, cloud: str, client: Client
) -> None:
    run(plan(dev, bob), bob)
    set_visibility(dev, 400)
    made = plan(dev, bob)
    assert actions(made) == {"JobsQueue": "update"}
    client.force_login(bob)
    url = reverse("deployment", args=["support-desk", made.public_id])
    assert ">Adopt</button>" in client.get(url).content.decode()
    sent = {"logical_id": "JobsQueue", "path": "VisibilityTimeout", "deployment": made.public_id}
    client.post(reverse("environment-adopt", args=["support-desk", "dev"]), sent)
    assert project.configurations.count() == 2


def test_a_configuration_that_cannot_be_changed_is_left(dev: Environment, project: Project, bob: User) -> None:
    change = outside("TriageFunction", "AWS::Lambda::Function", "MemorySize", 768)
    with pytest.raises(WorkflowError, match="has problems"):
        adopting.adopt(environment=dev, change=change, path="MemorySize", actor=bob)


def test_an_environment_the_file_does_not_name_is_not_adopted_from(
    project: Project, account: str, bob: User, sample: Configuration
) -> None:
    qa = Environment.objects.create(project=project, name="qa", account=account, region="us-east-1")
    change = outside("TriageFunction", "AWS::Lambda::Function", "MemorySize", 768)
    with pytest.raises(WorkflowError, match="qa"):
        adopting.adopt(environment=qa, change=change, path="MemorySize", actor=bob)
    assert project.configurations.count() == 1
