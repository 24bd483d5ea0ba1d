"""Real copies of strandsweb, started as a person starts them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, TypeVar

import pytest

from strandsweb.run.reaper import Member, family, processes

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def eventually(what: Callable[[], T], seconds: float = 30.0, instead: Callable[[], str] = str) -> T:
    """The first true answer; fails when there is none in time, and tells what there is instead."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s; {instead()}")


class Copy:
    """One `make run` on a data directory; mostly without the demo, which takes longer than the rest together."""

    def __init__(self, data_dir: Path, *arguments: str, port: int | None = None, demo: bool = False) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        data_dir.mkdir(exist_ok=True)
        if not demo:
            (data_dir / "seeded").touch()
        environment = {**os.environ, "DATA_DIR": str(data_dir), "PORT": str(self.port)}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        self.parent = subprocess.Popen(
            [sys.executable, "-m", "strandsweb.run", *arguments],
            cwd=ROOT, env=environment, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._lines: list[str] = []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.parent.stdout is not None
        self._lines.extend(self.parent.stdout)

    @property
    def output(self) -> str:
        """Everything it has said so far."""
        return "".join(self._lines)

    @property
    def facts(self) -> dict[str, Any]:
        """run.json, or nothing."""
        try:
            found: dict[str, Any] = json.loads((self.data_dir / "run.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def get(self, path: str) -> tuple[int, Any]:
        """The status and the content of a page, 0 when nobody answers."""
        asked = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            asked.request("GET", path)
            answer = asked.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, HTTPException, ValueError):
            return 0, {}
        finally:
            asked.close()

    def ready(self) -> dict[str, Any]:
        """Wait until every check is green; returns run.json."""

        def green() -> bool:
            assert self.parent.poll() is None, self.output
            return bool(self.facts) and self.get("/readyz")[0] == 200

        eventually(green, 60, lambda: f"{self.get('/readyz')}\n{self.output}")
        return self.facts

    def family(self) -> set[Member]:
        """Every process that came of it, the reaper included."""
        return family({self.parent.pid})

    def end(self, number: signal.Signals) -> int:
        """Send a signal to the parent alone, and wait for its end."""
        self.parent.send_signal(number)
        code = self.parent.wait(45)
        self._reading.join(10)
        return code

    def told_by(self, module: str) -> Any:
        """Runs a module of the tests on its data; the JSON that it prints."""
        environment = {**os.environ, "DATA_DIR": str(self.data_dir), "PORT": str(self.port)}
        done = subprocess.run(
            [sys.executable, "-m", module], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def gone(members: set[Member], seconds: float = 5.0) -> bool:
    """Whether none of them is alive, or will be in a moment: who was killed under load takes one to go."""
    deadline = time.monotonic() + seconds
    while {(member.pid, member.group) for member in members} & {(one.pid, one.group) for one in processes()}:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module")
def places() -> Iterator[Callable[[], Path]]:
    """New data directories, outside pytest's own, which nobody but their owner may pass through (PostgreSQL must)."""
    made: list[Path] = []

    def place() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="strandsweb-house-", dir="/tmp")))
        return made[-1]

    yield place
    for path in made:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def start(places: Callable[[], Path]) -> Iterator[Callable[..., Copy]]:
    """Start a copy, on a new data directory unless one is given; whatever is left at the end is ended."""
    started: list[Copy] = []

    def start_copy(*arguments: str, data_dir: Path | None = None, port: int | None = None, demo: bool = False) -> Copy:
        started.append(Copy(data_dir or places(), *arguments, port=port, demo=demo))
        return started[-1]

    yield start_copy
    for copy in started:
        if copy.parent.poll() is None:
            copy.end(signal.SIGKILL)
