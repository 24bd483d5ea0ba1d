"""Starts a sandbox as a child process, for tests, benches and commands that need one of their own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # where `strandsweb` can be imported from
START_SECONDS = 60.0


class SandboxFailed(Exception):
    """The sandbox did not start; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox and the address AWS_ENDPOINT_URL is to have."""

    url: str
    process: subprocess.Popen[str]

    def stop(self, *, timeout_seconds: float = 20.0) -> None:
        """Stops it cleanly, harder when it does not listen. Safe to repeat."""
        self.process.terminate()
        try:
            self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends it with SIGKILL, as a crash would."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def start(data_dir: Path | str, *, port: int = 0, latency_ms: float = 0) -> Iterator[Sandbox]:
    """A sandbox over `data_dir`, stopped at the end. Raises SandboxFailed when it does not come up."""
    command = [sys.executable, "-m", "strandsweb.sandbox", "--port", str(port), "--data", str(Path(data_dir).resolve())]
    process = subprocess.Popen(
        [*command, "--latency-ms", str(latency_ms)],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        watchdog.cancel()
        if "listening on " not in line:
            code = process.wait(START_SECONDS)  # its output has ended, and so will it
            raise SandboxFailed(f"The sandbox over {data_dir} did not start (exit code {code}); see its error output.")
        sandbox = Sandbox(line.rsplit(" ", 1)[1].strip(), process)
        yield sandbox
    finally:
        watchdog.cancel()
        if process.poll() is None:
            Sandbox("", process).stop()
        assert process.stdout is not None
        process.stdout.close()
