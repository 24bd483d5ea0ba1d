"""healthz and readyz: what they answer when parts are missing, slow or dead."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings
from redis import Redis, RedisError

from strandsweb import health, heartbeat
from strandsweb.run import broker
from strandsweb.run.claim import Claim
from tests.house.conftest import eventually


@pytest.fixture
def broker_url(places: Callable[[], Path]) -> Iterator[str]:
    """A broker of its own."""
    program, url = broker.program(Claim(places()), os.environ)
    pid = os.posix_spawn(program.command[0], program.command, os.environ)
    try:
        eventually(lambda: _answers(url))
        yield url
    finally:
        os.kill(pid, 15)
        os.waitpid(pid, 0)


def _answers(url: str) -> bool:
    try:
        return bool(heartbeat.connect(url).ping())
    except RedisError:
        return False


def test_healthz_needs_nothing_not_even_a_database(client: Client) -> None:
    assert client.get("/healthz").status_code == 200  # pytest-django refuses the database here


def test_both_answer_questions_only(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_each_broken_part_is_named_and_no_secret_is_told(client: Client, settings: Settings) -> None:
    settings.BROKER_URL = "redis://:very-secret@127.0.0.1:1/0"
    settings.AWS_ENDPOINT_URL = "http://127.0.0.1:2"
    answer = client.get("/readyz")
    checks = answer.json()["checks"]
    assert answer.status_code == 503
    assert {name: check["ok"] for name, check in checks.items()} == {
        "database": True, "broker": False, "worker": False, "history": True, "sandbox": False,
    }  # fmt: skip
    assert checks["broker"]["reason"] == "ConnectionError"
    assert "very-secret" not in answer.content.decode()
    assert "127.0.0.1" not in answer.content.decode()


def test_a_hanging_part_is_red_after_two_seconds_and_hides_no_other(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "checks_here", lambda: {"slow": lambda: time.sleep(3), "quick": lambda: None})
    started = time.monotonic()
    checks = client.get("/readyz").json()["checks"]
    assert time.monotonic() - started < 2.8
    assert checks["slow"]["reason"] == "no answer within 2 seconds"
    assert checks["quick"]["ok"]


@pytest.mark.processes
def test_a_worker_counts_as_dead_when_it_gave_no_sign_for_a_while(broker_url: str, settings: Settings) -> None:
    settings.BROKER_URL = broker_url
    assert heartbeat.DEAD_SECONDS + heartbeat.BEAT_SECONDS < 30
    client: Redis = heartbeat.connect(broker_url)
    with pytest.raises(health.NotReady, match="no worker gave a sign of life"):
        health.worker()

    heartbeat.beat(client, "celery@one")
    health.worker()
    assert heartbeat.alive(client) == {"celery@one"}

    now, _ = client.time()
    client.zadd(heartbeat.KEY, {"celery@one": now - heartbeat.DEAD_SECONDS - 1})
    with pytest.raises(health.NotReady):
        health.worker()

    client.zadd(heartbeat.KEY, {"celery@one": now - 1_000_000})
    heartbeat.beat(client, "celery@two")
    assert client.zrange(heartbeat.KEY, 0, -1) == [b"celery@two"]  # long dead ones are forgotten


@pytest.mark.processes
def test_a_container_asks_for_its_own_worker_not_for_any(broker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from strandsweb import healthcheck

    monkeypatch.setenv("BROKER_URL", broker_url)
    monkeypatch.setattr("socket.gethostname", lambda: "box")
    client = heartbeat.connect(broker_url)
    heartbeat.beat(client, "celery@elsewhere")
    assert not healthcheck.worker()
    heartbeat.beat(client, "celery@box")
    assert healthcheck.worker()
