"""Processes that call one account meet on a board in a real broker, and do without it when it is gone."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments import limit_board
from deployments.aws.limits import Seen
from deployments.limit_board import RedisBoard, limiters
from strandsweb.run.broker import binary

ROOT = Path(__file__).resolve().parent.parent.parent
ACCOUNT = "123456789012"
OTHER_PROCESS = """
import sys
from deployments.limit_board import RedisBoard
board = RedisBoard(sys.argv[1])
print(board.meet(sys.argv[2], "lambda"), board.throttled(sys.argv[2], "lambda"), sep="|")
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [str(binary()), "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    url = f"redis://127.0.0.1:{port}/0"
    try:
        until = time.monotonic() + 10
        while RedisBoard(url).meet(ACCOUNT, "ready") is None and time.monotonic() < until:
            time.sleep(0.02)
        yield url, server
    finally:
        server.kill()
        server.wait()


@pytest.mark.processes
def test_what_one_process_tells_another_sees(
    broker: tuple[str, subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url, server = broker
    board = RedisBoard(url)
    assert board.meet(ACCOUNT, "lambda") == Seen(1, 0)
    told = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, url, ACCOUNT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == f"{Seen(2, 0)}|{Seen(2, 1)}"
    assert board.meet(ACCOUNT, "lambda") == Seen(2, 1), "AWS throttled the other one"
    assert board.meet("999999999999", "lambda") == Seen(1, 0), "another account is another board"
    monkeypatch.setattr(limit_board, "PRESENT_SECONDS", 0)
    assert board.meet(ACCOUNT, "lambda") in (Seen(0, 1), Seen(1, 1)), "who has gone is forgotten"
    limiter = limiters(url).of(ACCOUNT, "sqs")
    with limiter.slot():
        assert limiter.allowed >= 1
    server.kill()
    server.wait()
    with caplog.at_level(logging.WARNING):
        assert board.meet(ACCOUNT, "lambda") is None
        assert board.throttled(ACCOUNT, "lambda") is None
    assert [record.getMessage() for record in caplog.records] == [
        "Calls to AWS are limited per process only: ConnectionError"
    ], "said once"


def test_without_a_broker_limits_are_the_process_own() -> None:
    assert limiters("") is limiters("")
    with limiters("").of(ACCOUNT, "sqs").slot():
        pass
