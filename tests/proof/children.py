"""Workers as real processes, quickly: forked from one that has imported everything and opened nothing."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: the signal that killed it (0: none), and what its function returned if it did."""

    pid: int
    signal: int
    answer: Any


@dataclass(frozen=True, slots=True)
class Child:
    """A process under way."""

    pid: int
    reading: int

    def join(self) -> Ended:
        """Waits for its end.

        Raises:
            RuntimeError: it failed; its traceback is on this process's error output.
        """
        with os.fdopen(self.reading, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status):
            return Ended(self.pid, os.WTERMSIG(status), None)
        if os.WEXITSTATUS(status) != 0:
            raise RuntimeError(f"process {self.pid} ended with {os.WEXITSTATUS(status)}")
        return Ended(self.pid, 0, json.loads(said))


def begin(function: Callable[..., Any], *arguments: Any) -> Child:
    """Starts a process that runs the function; what it returns must be JSON."""
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    os.close(reading)
    try:
        answer = json.dumps(function(*arguments)).encode()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(answer)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)  # no finalisers of the parent's things


def in_child(function: Callable[..., Any], *arguments: Any) -> Ended:
    """Runs the function in a process of its own, to its end."""
    return begin(function, *arguments).join()
