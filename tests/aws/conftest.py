"""AWS in memory (moto, made to refuse what AWS refuses), and an `Aws` over it that takes no time and tells all."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data

from deployments.aws.calls import Aws
from deployments.aws.credentials import SANDBOX_KEYS, Access, session_for
from deployments.aws.limits import Limiters
from deployments.engine.ports import Call
from strandsweb.sandbox import amendments, determinism
from strandsweb.sandbox.operations import Refused

ACCOUNT, REGION = "123456789012", "us-east-1"


@dataclass
class Recording:
    """A listener that remembers."""

    calls: list[Call] = field(default_factory=list)
    logs: list[tuple[str, str]] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def call_ended(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)

    def log(self, level: str, message: str) -> None:
        with self._lock:
            self.logs.append((level, message))

    def writes(self) -> list[str]:
        """Operations of the write calls so far."""
        return [call.operation for call in self.calls if call.write]


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def code_zip(text: str) -> bytes:
    """A Lambda zip with one module."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py"), text)
    return buffer.getvalue()


ZIPS = {hashlib.sha256(data).hexdigest(): data for data in map(code_zip, ("v1 = 1", "v2 = 2"))}
FIRST_ZIP, SECOND_ZIP = ZIPS


@cache
def amend_moto() -> None:
    """Makes moto refuse what AWS refuses, as it does in the sandbox; nothing is invoked here."""
    amendments.install(lambda function, event: None)
    make_call = BaseClient._make_api_call

    def answered(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        # What an amendment refuses is an answer on the wire; there is no wire here.
        try:
            return make_call(self, operation, parameters)
        except Refused as refused:
            error = {"Code": refused.code, "Message": str(refused)}
            answer = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": refused.status}}
            raise ClientError(answer, operation) from None

    BaseClient._make_api_call = answered


@pytest.fixture
def listener() -> Recording:
    return Recording()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture(scope="session")
def session() -> Any:
    with mock_aws():
        return session_for(Access(ACCOUNT, REGION, "test", keys=SANDBOX_KEYS))


@pytest.fixture(scope="session")
def clients() -> dict[str, Any]:
    """boto3's clients, which take longer to make than to use; who changes one changes it back."""
    return {}


@pytest.fixture(scope="module")
def moto() -> Iterator[None]:
    """moto in AWS's place; putting it there takes longer than most tests."""
    with mock_aws():
        amend_moto()
        yield


@pytest.fixture
def aws(
    moto: None,
    session: Any,
    clients: dict[str, Any],
    listener: Recording,
    time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Aws]:
    BackendDict.reset()
    reset_model_data()
    # What AWS reaches after a while it reaches by our clock.
    monkeypatch.setattr(determinism, "now", lambda: 1_800_000_000 + time.now)
    made = Aws(
        session,
        account=ACCOUNT,
        region=REGION,
        listener=listener,
        sleep=time.sleep,
        random=lambda: 1.0,
        clock=time.clock,
        limiters=Limiters(time.clock),
    )
    made._clients = clients
    yield made
    made.close()
