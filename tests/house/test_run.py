"""`make run` as a person lives with it: it comes up whole, heals, keeps what it holds, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import time
from collections.abc import Callable

import boto3
import pytest
from redis import Redis, RedisError

from tests.house.conftest import Copy, eventually, free_port, gone

pytestmark = pytest.mark.processes
Start = Callable[..., Copy]
PROGRAMS = {"broker", "sandbox", "web", "worker", "beat"}


@pytest.fixture(scope="module")
def copy(start: Start) -> Copy:
    running = start()
    running.ready()
    return running


def test_everything_is_ready_and_each_part_is_named(copy: Copy) -> None:
    status, said = copy.get("/readyz")
    assert status == 200
    assert set(said["checks"]) == {"database", "broker", "worker", "sandbox", "history"}
    assert all(check["ok"] and check["milliseconds"] >= 0 for check in said["checks"].values())


def test_run_json_names_addresses_and_live_processes_and_is_private(copy: Copy) -> None:
    facts = copy.ready()
    assert facts["web"] == f"http://127.0.0.1:{copy.port}"
    assert set(facts["pids"]) == PROGRAMS | {"parent"}
    assert facts["pids"]["parent"] == copy.parent.pid
    assert set(facts["pids"].values()) <= {member.pid for member in copy.family()}
    for name in ("run.json", "secrets.json", "broker/broker.conf", "db.sqlite3"):
        assert stat.S_IMODE((copy.data_dir / name).stat().st_mode) == 0o600, name


def test_the_address_and_the_sign_ins_are_printed(copy: Copy) -> None:
    assert f"strandsweb is ready: http://127.0.0.1:{copy.port}" in copy.output
    for name in ("owner", "deployer", "approver", "viewer", "outsider"):
        assert f"{name}-demo" in copy.output


def test_the_broker_lets_nobody_in_without_the_password(copy: Copy) -> None:
    password = copy.facts["broker"].split("@")[0].removeprefix("redis://:")
    with pytest.raises(RedisError, match=r"(?i)authenticat"):
        Redis.from_url(copy.facts["broker"].replace(f":{password}@", "")).ping()
    listed = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True, check=True).stdout
    assert "daphne" in listed
    assert password not in listed


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_crashed_program_is_started_again(copy: Copy, name: str) -> None:
    before = copy.ready()["pids"]
    os.kill(before[name], signal.SIGKILL)
    after = eventually(lambda: pids if (pids := copy.facts["pids"])[name] != before[name] else None)
    assert {**after, name: 0} == {**before, name: 0}  # the others were left alone
    assert f"{name} ended (SIGKILL)" in copy.output
    copy.ready()


def test_a_second_copy_on_the_same_data_is_refused_and_does_no_harm(copy: Copy, start: Start) -> None:
    pids = copy.ready()["pids"]
    second = start(data_dir=copy.data_dir)
    assert second.parent.wait(10) == 1
    eventually(lambda: f"already runs on {copy.data_dir}: http://127.0.0.1:{copy.port}" in second.output)
    assert copy.ready()["pids"] == pids


def test_a_port_in_use_is_said_before_anything_starts(copy: Copy, start: Start) -> None:
    other = start(port=copy.port)
    assert other.parent.wait(10) == 1
    eventually(lambda: f"Port {copy.port} is taken" in other.output)
    assert not (other.data_dir / "broker").exists()


def test_two_copies_run_side_by_side_and_a_killed_one_leaves_nothing_and_starts_again(copy: Copy, start: Start) -> None:
    other = start()
    facts = other.ready()
    assert copy.ready()["broker"] != facts["broker"]
    assert not set(copy.facts["pids"].values()) & set(facts["pids"].values())

    family = other.family()
    assert len(family) > len(PROGRAMS) + 2  # the worker's own children are among them
    other.end(signal.SIGKILL)
    # At once: it waits until the old processes are gone, and they are within seconds.
    again = start(data_dir=other.data_dir, port=other.port)
    assert gone(family, 10)
    assert again.ready()["sandbox"] == facts["sandbox"]
    assert copy.ready()

    again.parent.send_signal(signal.SIGINT)
    again.parent.send_signal(signal.SIGINT)  # in a hurry
    family = again.family()
    assert again.end(signal.SIGINT) == 0
    assert gone(family)


def test_stopping_keeps_everything_and_leaves_nothing_running(copy: Copy, start: Start) -> None:
    facts = copy.ready()
    client = Redis.from_url(facts["broker"])
    client.set("kept", "yes")
    time.sleep(1.1)  # the broker writes to disk every second, and a clean stop must lose nothing either way
    s3 = boto3.client(
        "s3",
        endpoint_url=facts["sandbox"],
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
        region_name="us-east-1",
    )
    s3.create_bucket(Bucket="kept")

    family = copy.family()
    assert copy.end(signal.SIGTERM) == 0
    assert gone(family)
    assert copy.facts == {}

    again = start(data_dir=copy.data_dir, port=copy.port)
    started = time.monotonic()
    facts_again = again.ready()
    assert time.monotonic() - started < 20
    assert (facts_again["sandbox"], facts_again["broker"]) == (facts["sandbox"], facts["broker"])
    assert client.get("kept") == b"yes"
    assert "kept" in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}


def test_what_cannot_start_ends_the_rest(start: Start, places: Callable[[], object]) -> None:
    data_dir = places()
    (data_dir / "db.sqlite3").write_bytes(b"this is no database" * 100)  # type: ignore[operator]
    broken = start(data_dir=data_dir, port=free_port())
    assert broken.parent.wait(30) == 1
    eventually(lambda: "migrate failed: exit code 1." in broken.output)
    assert gone(broken.family())
