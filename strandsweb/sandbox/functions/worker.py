"""One warm process of a function: given events, watched for time and memory, and ended with all its children."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
START_SECONDS = 30.0  # AWS gives 10 before it starts counting the function's own timeout; laptops import more slowly
WATCH_SECONDS = 0.05
OUTPUT_AT_MOST = 1024 * 1024  # bytes of output kept per invocation


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an event ended. Exactly one of `payload` (JSON text) and `error` (AWS's error object) is given."""

    payload: str | None
    error: dict[str, Any] | None
    output: str = field(repr=False)
    seconds: float
    start_seconds: float | None
    memory_mib: int
    alive: bool


class Worker:
    """A process that has imported its handler, or is about to. Used by one thread at a time."""

    def __init__(
        self, *, root: Path, handler: str, environment: dict[str, str], memory_mib: int, layers: tuple[Path, ...] = ()
    ) -> None:
        self._memory_limit = memory_mib
        self._folder = tempfile.mkdtemp(prefix="sandbox-function-")
        self.used = time.monotonic()
        self._peak = 0
        self._fresh = True
        self._start_result: dict[str, Any] | None = None
        self._pending = b""
        event_read, self._events = os.pipe()
        self._results, result_write = os.pipe()
        lifeline, self._lifeline = os.pipe()
        self._output, output_write = os.pipe()
        os.set_blocking(self._output, False)
        os.set_blocking(self._results, False)
        self._poll = select.poll()  # select() would fail when the sandbox has more than a thousand files open
        self._poll.register(self._results, select.POLLIN)
        self._poll.register(self._output, select.POLLIN)
        given = (event_read, result_write, lifeline)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-u", str(BOOTSTRAP), *map(str, given)],
                cwd=root,
                env={
                    "PATH": "/usr/local/bin:/usr/bin:/bin",
                    "LANG": "C.UTF-8",
                    "TZ": ":UTC",
                    **environment,
                    "HOME": self._folder,
                    "TMPDIR": self._folder,
                    "LAMBDA_TASK_ROOT": str(root),
                    "_HANDLER": handler,
                    "_LAYERS": os.pathsep.join(map(str, layers)),
                },
                stdin=subprocess.DEVNULL,
                stdout=output_write,
                stderr=output_write,
                pass_fds=given,
                start_new_session=True,
            )
        finally:
            for descriptor in (*given, output_write):
                os.close(descriptor)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def invoke(self, event: str, context: dict[str, Any], timeout_seconds: float) -> Outcome:
        """Gives the handler one event (JSON text). `context` lacks only the time left."""
        output = bytearray()
        begun = time.monotonic()
        start_seconds = None
        if self._fresh:
            self._fresh = False
            started = self._await(begun + START_SECONDS, output)
            start_seconds = time.monotonic() - begun
            if not isinstance(started, dict) or not started["started"]:
                error = started["error"] if isinstance(started, dict) else _broken(context, started, START_SECONDS)
                self.kill()
                return self._outcome(None, error, output, begun, start_seconds)
        begun = time.monotonic()
        frame = json.dumps({"event": event, "context": context | {"seconds": timeout_seconds}}).encode()
        result: dict[str, Any] | str
        try:
            _write(self._events, struct.pack(">I", len(frame)) + frame)
            result = self._await(begun + timeout_seconds, output)
        except BrokenPipeError:
            result = "exited"
        self.used = time.monotonic()
        if isinstance(result, dict):
            return self._outcome(result.get("payload"), result.get("error"), output, begun, start_seconds)
        error = _broken(context, result, timeout_seconds, self._exit_code() if result == "exited" else None)
        self.kill()
        return self._outcome(None, error, output, begun, start_seconds)

    def interrupt(self) -> None:
        """Ends the process and everything it started, for its user to notice; from any thread."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """Ends the process and everything it started, and clears up after it. Safe to repeat."""
        if self._folder:
            self.interrupt()
            self._process.wait()
            for descriptor in (self._events, self._results, self._lifeline, self._output):
                os.close(descriptor)
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""

    def _outcome(
        self, payload: str | None, error: dict[str, Any] | None, output: bytearray, begun: float, start: float | None
    ) -> Outcome:
        text = output.decode("utf-8", "replace")
        elapsed = time.monotonic() - begun
        return Outcome(payload, error, text, elapsed, start, max(1, self._peak), bool(self._folder) and self.alive)

    def _await(self, deadline: float, output: bytearray) -> dict[str, Any] | str:
        """The next frame, with the output written before it; or why none comes: timeout, memory or exited."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return "timeout"
            ready = {descriptor for descriptor, _ in self._poll.poll(min(left, WATCH_SECONDS) * 1000)}
            if self._output in ready and not self._drain(output) and self._results not in ready:
                time.sleep(0.001)  # its output is closed, its results are not: do not spin
            if self._results in ready:
                chunk = _read_some(self._results)
                if chunk == b"":
                    self._drain(output)
                    return "exited"
                self._pending += chunk or b""
                if len(self._pending) >= 4 and len(self._pending) >= 4 + struct.unpack_from(">I", self._pending)[0]:
                    size = 4 + struct.unpack_from(">I", self._pending)[0]
                    frame, self._pending = self._pending[4:size], self._pending[size:]
                    self._drain(output)
                    self._measure()
                    return json.loads(frame)  # type: ignore[no-any-return]
            if not ready and self._measure() > self._memory_limit:
                return "memory"

    def _exit_code(self) -> int | None:
        """The code of a process that closed its pipes, which it does a moment before it can be waited for."""
        try:
            return self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return None

    def _drain(self, output: bytearray) -> bool:
        """Moves what the process has written so far to `output`; False at its end."""
        while True:
            chunk = _read_some(self._output)
            if not chunk:
                return chunk is None
            if len(output) < OUTPUT_AT_MOST:
                output += chunk

    def _measure(self) -> int:
        """Memory in use now, in MiB; 0 where /proc does not exist (the limit is then not watched)."""
        try:
            with open(f"/proc/{self._process.pid}/statm") as file:
                now = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // (1024 * 1024)
        except (OSError, IndexError):
            return 0
        self._peak = max(self._peak, now)
        return now


def _read_some(descriptor: int) -> bytes | None:
    """What a non-blocking pipe holds: None when it holds nothing, b"" at its end."""
    try:
        return os.read(descriptor, 65_536)
    except BlockingIOError:
        return None


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _broken(context: dict[str, Any], why: object, seconds: float, code: int | None = None) -> dict[str, Any]:
    """The error object AWS answers when a function did not answer."""
    request = f"RequestId: {context['aws_request_id']} Error: "
    match why:
        case "timeout":
            return {
                "errorType": "Sandbox.Timedout",
                "errorMessage": f"{request}Task timed out after {seconds:.2f} seconds",
            }
        case "memory":
            return {
                "errorType": "Runtime.OutOfMemory",
                "errorMessage": f"{request}Runtime exited with error: signal: killed",
            }
        case _:
            reason = f"exit status {code}" if code and code > 0 else "signal: killed" if code else "exit status 0"
            return {"errorType": "Runtime.ExitError", "errorMessage": f"{request}Runtime exited with error: {reason}"}
