"""Secrets Manager at work: takes the steps of rotations with the secrets' functions, and begins those that are due."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from strandsweb.sandbox.amendments.secrets import rotating
from strandsweb.sandbox.cloud import Cloud
from strandsweb.sandbox.functions.invocations import CannotInvoke, Functions
from strandsweb.sandbox.functions.spec import FunctionNotFound, find
from strandsweb.sandbox.insider import Insider
from strandsweb.sandbox.watching import Watcher

log = logging.getLogger(__name__)

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@dataclass(frozen=True, slots=True)
class Rotation:
    """A secret whose value `function` is to replace by version `token`; without a token it is due and has to begin."""

    account: str
    region: str
    secret: str
    function: str
    token: str

    @property
    def uuid(self) -> str:
        """One rotation of a secret at a time."""
        return self.secret


class Rotations(Watcher[Rotation]):
    """Watches secrets; a rotation that failed waits for the next call of RotateSecret."""

    def __init__(self, cloud: Cloud, insider: Insider, functions: Functions) -> None:
        super().__init__(cloud, "rotations", workers=2)
        self._insider = insider
        self._functions = functions
        self._failed: set[str] = set()

    def ready(self) -> Iterator[Rotation]:
        backends: Any = secretsmanager_backends
        now = time.time()
        for account, region, backend in backends.iter_backends():
            for secret in {id(each): each for each in backend.secrets.values()}.values():
                if not isinstance(secret, FakeSecret) or secret.is_deleted() or not secret.rotation_enabled:
                    continue
                token = rotating(secret)
                is_due = secret.next_rotation_date is not None and secret.next_rotation_date <= now
                if (token and token not in self._failed) or (not token and is_due):
                    yield Rotation(account, region, secret.arn, secret.rotation_lambda_arn, token or "")

    def deliver(self, work: Rotation) -> None:
        if not work.token:
            self._insider.client("secretsmanager", work.account, work.region).rotate_secret(SecretId=work.secret)
            return
        for step in STEPS:
            event = {"Step": step, "SecretId": work.secret, "ClientRequestToken": work.token}
            try:
                with self._cloud.lock:
                    spec = find(work.account, work.region, work.function)
                done = self._functions.invoke(spec, json.dumps(event))
                problem = done.payload if done.failed else ""
            except (CannotInvoke, FunctionNotFound) as refused:
                problem = str(refused)
            if problem:
                self._failed.add(work.token)
                log.warning("%s was not rotated, its %s failed: %s", work.secret, step, problem)
                return
        with self._cloud.lock:
            backend: Any = secretsmanager_backends[work.account][work.region]
            if rotating(backend.secrets[work.secret]):
                self._failed.add(work.token)  # the function never made its value the current one
