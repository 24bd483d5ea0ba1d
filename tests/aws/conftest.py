"""AWS in memory (moto, made to refuse what AWS refuses), and an `Aws` over it that takes no time and tells all."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock

import pytest
from moto import mock_aws

from deployments.aws.calls import Aws
from deployments.aws.credentials import SANDBOX_KEYS, Access, session_for
from deployments.aws.limits import Limiters
from deployments.engine.ports import Call
from tests.aws import moto_as_aws

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


@pytest.fixture
def listener() -> Recording:
    return Recording()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def aws(listener: Recording, time: FakeTime) -> Iterator[Aws]:
    with mock_aws():
        moto_as_aws.install()
        session = session_for(Access(ACCOUNT, REGION, "test", keys=SANDBOX_KEYS))
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
        yield made
        made.close()
