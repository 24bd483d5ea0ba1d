"""How an environment is reached: roles with their external id, session names and tags; and what is looked at before."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from deployments import checks, clouds, connection
from deployments.aws import quotas
from deployments.errors import WorkflowError
from deployments.models import Deployment, Status
from projects.models import Configuration, Environment, User
from tests.deployments.conftest import plan, run

pytestmark = pytest.mark.django_db
Edit = Callable[[str, str], Configuration]
Verdicts = dict[str, str]
LOCAL = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox", "region_name": "us-east-1"}


@pytest.fixture
def iam(dev: Environment, cloud: str) -> Any:
    """IAM of the environment's account, as its administrator sees it."""
    with clouds.connect(dev, purpose="administrator") as aws:
        yield aws._client("iam")


@pytest.fixture
def role(dev: Environment, cloud: str, iam: Any) -> Environment:
    """The environment with a role of its own, made as its access page says."""
    printed = connection.policies(dev)
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=printed.trust)
    iam.put_role_policy(RoleName="deploy", PolicyName="deploy", PolicyDocument=printed.deploy)
    dev.credentials, dev.role_arn = "role", f"arn:aws:iam::{dev.account}:role/deploy"
    dev.save()
    return dev


def verdicts(found: list[checks.Check]) -> Verdicts:
    """Name -> verdict."""
    return {check.name: check.verdict.value for check in found}


def of(deployment: Deployment) -> Verdicts:
    """The plan's checks by name."""
    return {check["name"]: check["verdict"] for check in deployment.plan.checks}


def test_the_printed_policies_are_enough_and_are_tested(role: Environment) -> None:
    found = connection.test(role, "")
    assert verdicts(found) == dict.fromkeys(("Credentials", "Region", "External id", "Permissions"), "passed"), found


def test_a_deployment_runs_under_its_own_name_and_tags(role: Environment, bob: User, sample: Configuration) -> None:
    done = run(plan(role, bob), bob)
    assert done.status == Status.SUCCEEDED, done.error
    assert of(done)["Permissions"] == "passed"
    access = clouds.access_of(role, done.public_id)
    assert access.session_name == done.public_id
    assert access.tags == {
        "strands:project": "support-desk",
        "strands:environment": "dev",
        "strands:deployment": done.public_id,
    }


def test_the_role_is_not_assumed_for_another_environment(role: Environment, cloud: str) -> None:
    sts = boto3.client("sts", endpoint_url=cloud, **LOCAL)
    asked = {"RoleArn": role.role_arn, "RoleSessionName": "run", "ExternalId": role.external_id}
    for name in ("prod", "dev"):
        given = {"strands:project": "support-desk", "strands:environment": name}
        tags = [{"Key": key, "Value": value} for key, value in given.items()]
        if name == "dev":
            assert sts.assume_role(**asked, Tags=tags)["Credentials"]
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                sts.assume_role(**asked, Tags=tags)


def test_a_role_that_anybody_can_assume_is_refused(
    role: Environment, bob: User, sample: Configuration, iam: Any
) -> None:
    trust = json.loads(connection.policies(role).trust)
    del trust["Statement"][0]["Condition"]
    iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=json.dumps(trust))
    assert verdicts(connection.test(role, ""))["External id"] == "failed"
    refused = plan(role, bob)
    assert refused.status == Status.INVALID
    assert "1 of the checks before deploying failed" in refused.error
    [why] = [check for check in refused.plan.checks if check["verdict"] == "failed"]
    assert "can be assumed without the external id" in why["message"]
    assert "trust policy" in why["remedy"]


def test_a_role_that_may_not_is_named_before_anybody_approves(
    role: Environment, bob: User, sample: Configuration, iam: Any
) -> None:
    policy = json.loads(connection.policies(role).deploy)
    for statement in policy["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action != "sqs:CreateQueue"]
    iam.put_role_policy(RoleName="deploy", PolicyName="deploy", PolicyDocument=json.dumps(policy))
    refused = plan(role, bob)
    assert refused.status == Status.INVALID
    [why] = [check for check in refused.plan.checks if check["verdict"] == "failed"]
    assert why["name"] == "Permissions"
    assert "may not sqs:CreateQueue." in why["message"]


def test_a_wrong_external_id_says_what_the_trust_policy_needs(
    role: Environment, bob: User, sample: Configuration
) -> None:
    role.external_id = "another"
    role.save()
    [failed] = connection.test(role, "")
    assert failed.verdict == "failed"
    assert "external id" in failed.remedy and "sts:TagSession" in failed.remedy
    assert "access page" in plan(role, bob).error


def test_plans_are_made_with_the_reading_role(role: Environment, bob: User, sample: Configuration, iam: Any) -> None:
    printed = connection.policies(role)
    iam.create_role(RoleName="read", AssumeRolePolicyDocument=printed.trust)
    iam.put_role_policy(RoleName="read", PolicyName="read", PolicyDocument=printed.read)
    role.read_role_arn = f"arn:aws:iam::{role.account}:role/read"
    role.save()
    made = plan(role, bob)
    [who] = [check["message"] for check in made.plan.checks if check["name"] == "Credentials"]
    assert f"assumed-role/read/{made.public_id}" in who
    assert of(made)["Permissions"] == "passed", "of the role that applies it"
    assert clouds.access_of(role, "x").role_arn == role.role_arn
    assert "Reading role" not in verdicts(connection.test(role, "")), "it works"


def test_a_name_of_somebody_else_is_found_before(
    dev: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    with clouds.connect(dev, purpose="somebody") as aws:
        aws.call("sqs", "create_queue", QueueName="strands-support-desk-dev-jobs")
    refused = plan(dev, bob)
    assert refused.status == Status.INVALID
    assert of(refused)["Name of JobsQueue"] == "failed"


def test_a_used_up_quota_is_found_before(
    dev: Environment, bob: User, sample: Configuration, cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {"Quota", "Names", "Region"} <= {name for name, verdict in of(plan(dev, bob)).items() if verdict == "passed"}
    full = quotas.Quota("tables", lambda aws: quotas.Usage(10, 10))
    monkeypatch.setitem(quotas.QUOTAS, "AWS::DynamoDB::Table", full)  # type: ignore[arg-type]
    refused = plan(dev, bob)
    assert refused.status == Status.INVALID
    assert "10 of 10 tables, and 1 more." in {check["message"] for check in refused.plan.checks}


def test_the_servers_own_credentials_are_only_for_those_who_may(dev: Environment, cloud: str, settings: Any) -> None:
    settings.SERVER_CREDENTIALS = False
    for credentials in ("ambient", "profile"):
        dev.credentials = credentials
        with pytest.raises(WorkflowError, match="does not allow"):
            clouds.access_of(dev, "x")
    dev.credentials = "role"
    with pytest.raises(WorkflowError, match="names no role"):
        clouds.access_of(dev, "x")


def test_a_profile_is_used_by_name(dev: Environment, settings: Any) -> None:
    settings.EMBEDDED = False
    dev.credentials, dev.profile = "profile", "work"
    access = clouds.access_of(dev, "x")
    assert (access.profile, access.role_arn, access.keys) == ("work", None, None)
    assert dev.external_id not in repr(access)
