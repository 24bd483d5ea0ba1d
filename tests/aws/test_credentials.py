"""From an environment's facts to a session of its account."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from deployments.aws.credentials import SANDBOX_KEYS, Access, Keys, session_for
from deployments.engine.errors import Category, CloudError

OTHER = "987654321098"


@pytest.fixture(autouse=True)
def cloud() -> Iterator[None]:
    with mock_aws():
        yield


def access(account: str, role: str | None = None) -> Access:
    return Access(account, "eu-west-1", "run-7", role_arn=role, external_id="external-0815", keys=SANDBOX_KEYS)


def test_a_role_of_another_account_is_assumed() -> None:
    session = session_for(access(OTHER, f"arn:aws:iam::{OTHER}:role/strandsweb-deploy"))
    identity = session.client("sts").get_caller_identity()
    assert identity["Account"] == OTHER
    assert identity["Arn"].endswith("assumed-role/strandsweb-deploy/run-7")
    assert session.region_name == "eu-west-1"
    assert session.get_credentials().method == "sts-assume-role"


def test_credentials_of_another_account_are_refused() -> None:
    with pytest.raises(CloudError, match=f"account 123456789012, but the environment is account {OTHER}") as caught:
        session_for(access(OTHER))
    assert caught.value.category is Category.CREDENTIALS and OTHER in caught.value.advice


def test_no_credentials_are_refused_with_advice() -> None:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
    # moto puts back what it set when it ends, so this has to end before.
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.delenv(name, raising=False)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, "/nonexistent")
        with pytest.raises(CloudError) as caught:
            session_for(Access("123456789012", "us-east-1", "run-7"))
    assert caught.value.category is Category.CREDENTIALS and caught.value.advice


def test_a_profile_that_asks_for_a_code_of_its_own_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile base]\naws_access_key_id = a\naws_secret_access_key = b\n"
        f"[profile work]\nrole_arn = arn:aws:iam::{OTHER}:role/x\nsource_profile = base\nmfa_serial = device\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with pytest.raises(CloudError, match="MFA device"):
        session_for(Access(OTHER, "us-east-1", "run-7", profile="work"))


def test_nothing_secret_is_in_a_repr() -> None:
    keys = Keys("AKIDEXAMPLE", "the-secret-key", "the-token")
    shown = repr(Access("123456789012", "us-east-1", "run-7", external_id="the-external-id", keys=keys))
    assert "the-" not in shown and "AKIDEXAMPLE" in shown


def test_a_second_session_is_quick_to_make_clients() -> None:
    services = ("iam", "lambda", "s3", "sqs", "dynamodb", "apigatewayv2")
    first = session_for(access("123456789012"))
    for service in services:
        first.client(service)
    second = session_for(access("123456789012"))
    started = time.process_time()
    for service in services:
        second.client(service)
    # Without the shared loader this takes about a quarter of a second; with it 20 ms.
    assert time.process_time() - started < 0.12
