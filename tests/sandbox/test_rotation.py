"""A function gives a secret its next value, step by step, and only where it may be called."""

from __future__ import annotations

from typing import Any

import pytest

from strandsweb.sandbox.starter import Sandbox
from tests.sandbox.conftest import client, make_function
from tests.sandbox.test_functions import eventually

pytestmark = pytest.mark.processes

ROTATOR = """
import boto3

def handler(event, context):
    secrets = boto3.client("secretsmanager")
    secret, token = event["SecretId"], event["ClientRequestToken"]
    stages = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
    assert "AWSPENDING" in stages[token], stages
    if event["Step"] == "createSecret":
        value = secrets.get_random_password(PasswordLength=20)["RandomPassword"]
        secrets.put_secret_value(
            SecretId=secret, ClientRequestToken=token, SecretString=value, VersionStages=["AWSPENDING"]
        )
    if event["Step"] == "testSecret" and BROKEN:
        raise ValueError("the other side does not know it")
    if event["Step"] == "finishSecret":
        current = next(version for version, names in stages.items() if "AWSCURRENT" in names)
        secrets.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )
"""


def made(sandbox: Sandbox, name: str, *, broken: bool = False) -> tuple[Any, str, str]:
    """The client, a secret's ARN and its function's."""
    secrets = client("secretsmanager", sandbox)
    function = make_function(sandbox, name, ROTATOR.replace("BROKEN", str(broken)))
    return secrets, secrets.create_secret(Name=name, SecretString="first")["ARN"], function


def let_in(sandbox: Sandbox, name: str) -> None:
    client("lambda", sandbox).add_permission(
        FunctionName=name,
        StatementId="rotation",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )


def value(secrets: Any, arn: str, stage: str = "AWSCURRENT") -> str:
    return str(secrets.get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"])


def test_a_value_is_replaced_and_the_one_before_is_kept(sandbox: Sandbox) -> None:
    secrets, arn, function = made(sandbox, "rotated")
    rules = {"AutomaticallyAfterDays": 30}
    with pytest.raises(secrets.exceptions.InvalidRequestException, match="No Lambda rotation function"):
        secrets.rotate_secret(SecretId=arn)
    with pytest.raises(Exception, match="cannot invoke the specified Lambda function"):
        secrets.rotate_secret(SecretId=arn, RotationLambdaARN=function, RotationRules=rules)
    let_in(sandbox, "rotated")
    secrets.rotate_secret(SecretId=arn, RotationLambdaARN=function, RotationRules=rules, RotateImmediately=False)
    assert value(secrets, arn) == "first" and len(secrets.describe_secret(SecretId=arn)["VersionIdsToStages"]) == 1
    secrets.rotate_secret(SecretId=arn)
    assert eventually(lambda: value(secrets, arn) != "first")
    assert len(value(secrets, arn)) == 20 and value(secrets, arn, "AWSPREVIOUS") == "first"
    told = secrets.describe_secret(SecretId=arn)
    assert (told["RotationEnabled"], told["RotationRules"]) == (True, rules)


def test_a_rotation_that_fails_changes_nothing_and_can_be_asked_for_again(sandbox: Sandbox) -> None:
    secrets, arn, function = made(sandbox, "stuck", broken=True)
    let_in(sandbox, "stuck")
    secrets.rotate_secret(SecretId=arn, RotationLambdaARN=function, RotationRules={"AutomaticallyAfterDays": 1})
    logs = client("logs", sandbox)

    def failures() -> int:
        try:
            events = logs.filter_log_events(logGroupName="/aws/lambda/stuck")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return 0
        return sum("[ERROR] ValueError: the other" in event["message"] for event in events)

    assert eventually(lambda: failures() == 1)
    assert value(secrets, arn) == "first"
    secrets.rotate_secret(SecretId=arn)
    assert eventually(lambda: failures() == 2)
    assert value(secrets, arn) == "first"
