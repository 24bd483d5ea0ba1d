"""A code of the environment's MFA device before anything is written; nothing of it in clear, anywhere."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import boto3
import celery
import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments import clouds, connection, execution, occupancy, orders, second_factor, secret_values, sweeping
from deployments.aws.credentials import Keys
from deployments.errors import OutOfDate, WorkflowError
from deployments.models import Deployment, Lease, ShownCode, Status
from deployments.planning import make_plan
from projects.models import Configuration, Environment, User
from tests.deployments.conftest import plan, run
from tests.deployments.test_access import LOCAL, verdicts
from tests.deployments.test_import_commands import WHERE, said
from tests.deployments.test_parts import refuse

pytestmark = pytest.mark.django_db
Edit = Callable[[str, str], Configuration]
_codes = count(100001)


def code() -> str:
    """What the device shows next."""
    return str(next(_codes))


@pytest.fixture
def guarded(dev: Environment, cloud: str, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The environment with two roles, made as its access page says, the writing one behind an MFA device."""
    dev.credentials, dev.mfa_serial = "role", "arn:aws:iam::123456789012:mfa/strandsweb"
    dev.role_arn, dev.read_role_arn = (f"arn:aws:iam::{dev.account}:role/{name}" for name in ("write", "read"))
    dev.save()
    base = {"RoleArn": f"arn:aws:iam::{dev.account}:role/administrator", "RoleSessionName": "administrator"}
    keys = boto3.client("sts", endpoint_url=cloud, **LOCAL).assume_role(**base)["Credentials"]
    iam = boto3.client(
        "iam", endpoint_url=cloud, region_name="us-east-1", aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"],
    )  # fmt: skip
    printed = connection.policies(dev)
    for name, trust, policy in (
        ("write", printed.trust, printed.deploy),
        ("read", printed.trust_to_read, printed.read),
    ):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=policy)
    monkeypatch.setattr(connection, "administrator", iam, raising=False)
    return dev


def queued(environment: Environment, actor: User) -> Deployment:
    """Planned, with a code entered, and in the queue."""
    deployment = plan(environment, actor)
    assert deployment.status == Status.READY, (deployment.error, deployment.plan.checks)
    second_factor.enter(deployment_id=deployment.pk, actor=actor, code=code())
    return orders.start(deployment_id=deployment.pk, actor=actor, inline=True)


def test_planning_asks_nobody_and_running_needs_a_code(guarded: Environment, bob: User, sample: Configuration) -> None:
    deployment = plan(guarded, bob)
    assert deployment.status == Status.READY
    assert {each["verdict"] for each in deployment.plan.checks} == {"passed"}, deployment.plan.checks
    with pytest.raises(WorkflowError, match="asks for a code"):
        orders.start(deployment_id=deployment.pk, actor=bob, inline=True)
    second_factor.enter(deployment_id=deployment.pk, actor=bob, code=code())
    done = run(deployment, bob)
    assert done.status == Status.SUCCEEDED, done.error
    assert not ShownCode.objects.exists(), "gone when the run has ended"
    assert plan(guarded, bob).status == Status.UNCHANGED


def test_the_role_is_closed_to_who_showed_no_code(guarded: Environment, cloud: str) -> None:
    with pytest.raises(WorkflowError, match="asks for a code"), clouds.connect(guarded, purpose="x"):
        pass
    guarded.mfa_serial = ""
    with pytest.raises(Exception, match="AssumeRole"), clouds.connect(guarded, purpose="x"):
        pass


@pytest.mark.parametrize(("wrong", "reason"), [("12345", "six digits"), ("", "six digits"), ("used", "next code")])
def test_a_wrong_code_is_refused(
    wrong: str, reason: str, guarded: Environment, bob: User, sample: Configuration
) -> None:
    deployment = plan(guarded, bob)
    used = code()
    second_factor.shown(guarded, used)
    with pytest.raises(WorkflowError, match=reason):
        second_factor.enter(deployment_id=deployment.pk, actor=bob, code=used if wrong == "used" else wrong)
    assert not ShownCode.objects.exists()
    Deployment.objects.update(status=Status.DISCARDED)
    with pytest.raises(OutOfDate):
        second_factor.enter(deployment_id=deployment.pk, actor=bob, code=code())


def test_a_role_that_asks_for_a_code_and_not_for_the_external_id_is_refused(
    guarded: Environment, bob: User, sample: Configuration
) -> None:
    trust = json.loads(connection.policies(guarded).trust)
    del trust["Statement"][0]["Condition"]["StringEquals"]
    administrator: Any = connection.administrator  # type: ignore[attr-defined]
    administrator.update_assume_role_policy(RoleName="write", PolicyDocument=json.dumps(trust))
    deployment = plan(guarded, bob)
    with pytest.raises(WorkflowError, match="without the external id"):
        second_factor.enter(deployment_id=deployment.pk, actor=bob, code=code())


def test_nothing_of_it_is_in_the_database_in_clear_in_messages_in_logs_or_in_a_repr(
    guarded: Environment,
    bob: User,
    sample: Configuration,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Any,
) -> None:
    caplog.set_level(logging.DEBUG, "deployments")
    sent: list[Any] = []
    monkeypatch.setattr(celery.current_app, "send_task", lambda *args, **options: sent.append((args, options)))
    deployment = plan(guarded, bob)
    typed = code()
    second_factor.enter(deployment_id=deployment.pk, actor=bob, code=typed)
    keys = second_factor.keys_of(deployment)
    assert keys is not None and keys.session_token
    with django_capture_on_commit_callbacks(execute=True):
        orders.start(deployment_id=deployment.pk, actor=bob)
    with database.cursor() as cursor:
        cursor.execute("SELECT * FROM deployments_showncode")
        rows = repr([[bytes(each) if isinstance(each, memoryview) else each for each in row] for row in cursor])
    assert execution.run(deployment_id=deployment.pk).status == Status.SUCCEEDED
    events = json.dumps(list(deployment.events.values("data", "code")))
    assert sent and all(args[1:] == () and options["args"] == [deployment.pk] for args, options in sent)
    access = repr(clouds.access_of(guarded, "x", keys=keys))
    for text in (rows, events, caplog.text, repr(sent), repr(keys), access):
        for secret in (keys.secret_access_key, keys.session_token, typed):
            assert secret not in text


def test_what_was_entered_for_one_deployment_is_no_good_for_another(
    guarded: Environment, bob: User, sample: Configuration
) -> None:
    one, other = plan(guarded, bob), plan(guarded, bob)
    second_factor.enter(deployment_id=one.pk, actor=bob, code=code())
    assert isinstance(second_factor.keys_of(one), Keys)
    ShownCode.objects.update(deployment=other)
    assert second_factor.is_missing(one) and second_factor.is_missing(other)


def test_a_run_whose_code_ran_out_waits_for_another_and_goes_on(
    guarded: Environment, bob: User, vera: User, sample: Configuration, client: Client, settings: Any
) -> None:
    deployment = queued(guarded, bob)

    def taken_over(**_: object) -> None:
        Lease.objects.update(holder="x", expires_at=timezone.now() - timedelta(seconds=1))

    assert execution.run(deployment_id=deployment.pk, announce=taken_over).status == Status.RUNNING
    ShownCode.objects.update(expires_at=timezone.now())
    sweeping.sweep()
    assert not ShownCode.objects.exists()
    before = deployment.events.count()
    waiting = execution.run(deployment_id=deployment.pk)
    assert (waiting.status, waiting.takeups, deployment.events.count()) == (Status.RUNNING, 1, before)
    found = occupancy.occupancy(guarded)
    assert found is not None and found.needs_code
    url = reverse("deployment", args=["support-desk", deployment.public_id])
    for person, words in ((bob, 'name="code"'), (vera, "waits for somebody to enter a code")):
        client.force_login(person)
        assert words in client.get(url).content.decode()
        assert "Waiting for a code" in client.get(reverse("environment", args=["support-desk", "dev"])).content.decode()
    client.force_login(vera)
    assert client.post(reverse("deployment-code", args=["support-desk", deployment.public_id])).status_code == 403
    client.force_login(bob)
    sent = {"code": code()}
    client.post(reverse("deployment-code", args=["support-desk", deployment.public_id]), sent)
    assert execution.run(deployment_id=deployment.pk).status == Status.SUCCEEDED


def test_a_run_that_waits_for_a_code_can_be_given_up(guarded: Environment, bob: User, sample: Configuration) -> None:
    deployment = queued(guarded, bob)

    def taken_over(**_: object) -> None:
        Lease.objects.update(holder="x", expires_at=timezone.now() - timedelta(seconds=1))

    execution.run(deployment_id=deployment.pk, announce=taken_over)
    ShownCode.objects.all().delete()
    orders.cancel(deployment_id=deployment.pk, actor=bob)
    given_up = execution.run(deployment_id=deployment.pk)
    assert given_up.status == Status.FAILED
    assert "bob cancelled it while it waited for a code." in given_up.error
    assert occupancy.occupancy(guarded) is None


def test_what_takes_a_failed_run_back_goes_on_with_its_code(
    guarded: Environment, bob: User, sample: Configuration, cloud: str
) -> None:
    guarded.automatic_rollback = True
    guarded.save()
    refuse(cloud, "dynamodb", "CreateTable", times=100)
    deployment = queued(guarded, bob)
    assert execution.run(deployment_id=deployment.pk).status == Status.FAILED
    undo = Deployment.objects.get(undoes=deployment.public_id)
    assert make_plan(deployment_id=undo.pk).status == Status.QUEUED
    assert ShownCode.objects.get().deployment == undo
    assert execution.run(deployment_id=undo.pk).status == Status.SUCCEEDED


def test_the_pages_ask_for_it(guarded: Environment, bob: User, sample: Configuration, client: Client) -> None:
    client.force_login(bob)
    deployment = plan(guarded, bob)
    url = reverse("deployment", args=["support-desk", deployment.public_id])
    assert 'autocomplete="one-time-code"' in client.get(url).content.decode()
    start = reverse("deployment-start", args=["support-desk", deployment.public_id])
    assert "asks for a code" in client.post(start, follow=True).content.decode()
    typed = code()
    refused = client.post(start, {"code": "9" * 30}, follow=True).content.decode()
    assert "six digits" in refused and "9" * 6 not in refused
    client.post(start, {"code": f"{typed[:3]} {typed[3:]}"})
    deployment.refresh_from_db()
    assert deployment.status == Status.QUEUED


def test_the_shell_asks_for_it(guarded: Environment, bob: User, sample: Configuration, cloud: str) -> None:
    assert run_alone(guarded, bob).status == Status.SUCCEEDED
    with pytest.raises(CommandError, match="six digits"):
        call_command("destroy", *WHERE, "--as", "bob")
    gone = said("destroy", *WHERE, "--as", "bob", "--json", "--mfa-code", code())
    assert gone["status"] == "succeeded"


def run_alone(environment: Environment, actor: User) -> Deployment:
    """The topic alone, which is quick."""
    deployment = plan(environment, actor, targets=["AlertsTopic", "CrmTokenSecret"])
    assert deployment.status == Status.READY, deployment.error
    second_factor.enter(deployment_id=deployment.pk, actor=actor, code=code())
    return run(deployment, actor)


def test_secrets_and_the_test_of_the_connection_take_a_code(
    guarded: Environment, alice: User, bob: User, sample: Configuration, client: Client
) -> None:
    assert run_alone(guarded, bob).status == Status.SUCCEEDED
    with pytest.raises(WorkflowError, match="six digits"):
        secret_values.put(environment=guarded, logical_id="crm-token", value="x", actor=bob)
    client.force_login(bob)
    page = reverse("environment-secrets", args=["support-desk", "dev"])
    assert 'name="code"' in client.get(page).content.decode()
    sent = {"logical_id": "CrmTokenSecret", "value": "x", "code": code()}
    assert client.post(page, sent).status_code == 302
    assert verdicts(connection.test(guarded, ""))["MFA device"] == "skipped"
    client.force_login(alice)
    tested = client.post(reverse("environment-access", args=["support-desk", "dev"]), {"code": code()}).content.decode()
    assert "Deployments can reach dev." in tested and "not looked at" not in tested
    assert "aws:MultiFactorAuthPresent" in tested and "Of the role that only reads: without a code" in tested


def test_settings_say_what_a_code_needs(dev: Environment, alice: User, client: Client) -> None:
    client.force_login(alice)
    url = reverse("environment-edit", args=["support-desk", "dev"])
    form = {
        "account": dev.account, "region": dev.region, "credentials": "role",
        "role_arn": f"arn:aws:iam::{dev.account}:role/write", "mfa_serial": "arn:aws:iam::123456789012:mfa/me",
    }  # fmt: skip
    assert "Name a role that only reads" in client.post(url, form).content.decode()
    assert "leave it empty" in client.post(url, form | {"credentials": "ambient"}).content.decode()
    assert client.post(url, form | {"read_role_arn": f"arn:aws:iam::{dev.account}:role/read"}).status_code == 302
    dev.refresh_from_db()
    assert dev.asks_for_code
