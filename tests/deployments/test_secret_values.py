"""A secret's value goes from a person to Secrets Manager, and is nowhere else."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.urls import reverse

from deployments import clouds, secret_values
from deployments.errors import WorkflowError
from deployments.models import Status
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import Configuration, Environment, User
from tests.deployments.conftest import plan, run, sandbox_call

pytestmark = pytest.mark.django_db
VALUE = "hunter2-<&>-ünïcode-4711"


@pytest.fixture
def deployed(dev: Environment, bob: User, sample: Configuration, cloud: str) -> Environment:
    """The sample is in dev, its secret without a value."""
    assert run(plan(dev, bob), bob).status == Status.SUCCEEDED
    return dev


def value_of(environment: Environment) -> str:
    """The value as an agent reads it."""
    with clouds.connect(environment, purpose="agent") as aws:
        answer = aws.call("secretsmanager", "get_secret_value", SecretId="strands/support-desk/dev/crm-token")
    return str(answer["SecretString"])


def everything_stored() -> str:
    """Every row of every table, as text."""
    return "\n".join(json.dumps(list(model.objects.values()), default=str) for model in apps.get_models())


def test_a_value_reaches_aws_and_nothing_of_ours_keeps_it(
    deployed: Environment, bob: User, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    [before] = secret_values.secrets_of(deployed)
    assert (before.logical_id, before.has_value) == ("CrmTokenSecret", False)
    client.force_login(bob)
    url = reverse("environment-secrets", args=["support-desk", "dev"])
    with caplog.at_level(logging.DEBUG, logger="deployments"):
        answer = client.post(url, {"logical_id": "CrmTokenSecret", "value": VALUE}, follow=True)
    text = answer.content.decode()
    assert "CrmTokenSecret has its new value" in text and "has a value" in text
    assert value_of(deployed) == VALUE
    assert VALUE not in text and VALUE not in everything_stored() and "hunter2" not in caplog.text
    told = AuditEntry.objects.get(deed=Deed.SECRET_SET)
    assert (told.actor_text, told.target, told.environment) == ("bob", "CrmTokenSecret", "dev")
    [after] = secret_values.secrets_of(deployed)
    assert after.has_value and after.changed_at is not None and not after.rotates
    assert plan(deployed, bob).status == Status.UNCHANGED, "a value is no difference"


def test_a_refused_value_is_not_echoed(deployed: Environment, bob: User, client: Any, cloud: str) -> None:
    fault = {"service": "secretsmanager", "operation": "PutSecretValue", "code": "AccessDeniedException", "status": 400}
    sandbox_call(cloud, "/_sandbox/faults", fault | {"message": f"no {VALUE}", "times": 100}, "POST")
    client.force_login(bob)
    url = reverse("environment-secrets", args=["support-desk", "dev"])
    answer = client.post(url, {"logical_id": "CrmTokenSecret", "value": VALUE})
    assert answer.status_code == 422
    assert b"access page" in answer.content
    assert b"hunter2" not in answer.content
    assert client.post(url, {"logical_id": "CrmTokenSecret", "value": ""}).status_code == 422


def test_what_is_no_secret_or_no_value_is_refused(deployed: Environment, bob: User) -> None:
    for name, value in (("JobsQueue", "x"), ("nothing", "x"), ("crm-token", ""), ("crm-token", "ü" * 40_000)):
        with pytest.raises(WorkflowError):
            secret_values.put(environment=deployed, logical_id=name, value=value, actor=bob)


def test_the_command_reads_the_value_from_standard_input(
    deployed: Environment, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"project": "support-desk", "environment": "dev"}
    said = io.StringIO()
    for who in ("bob", "vera", "mallory"):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{VALUE}\n"))
        if who == "bob":
            call_command("set_secret", "crm-token", **options, actor=who, stdout=said)
        else:
            with pytest.raises(CommandError):
                call_command("set_secret", "crm-token", **options, actor=who)
    assert value_of(deployed) == VALUE
    assert said.getvalue() == "crm-token has its new value.\n"


def test_secrets_nobody_can_ask_for_say_why(deployed: Environment, settings: Any) -> None:
    settings.AWS_ENDPOINT_URL = ""
    [secret] = secret_values.secrets_of(deployed)
    assert "sandbox is not running" in secret.unknown
