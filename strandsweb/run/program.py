"""What is to be started: a program as a value, and the one way a process of it is started."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from strandsweb.run.console import Console

# The process registers itself with the reaper before it becomes the program, so that there is no moment in which it
# exists and the reaper does not know it. The pipe is its standard input and is closed by becoming the program.
REGISTERED = 'echo "+$$" >&0; exec "$@" </dev/null'
LONGEST_LINE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Program:
    """One child of the parent.

    `ready` answers whether the program does its work yet. `stopping` lists signals with the seconds each gets before
    the next is tried; after the last the process group is killed. `user` is (uid, gid) for what must not run as root.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready: Callable[[], Awaitable[bool]] | None = None
    stopping: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),)
    user: tuple[int, int] | None = None
    directory: Path = field(default_factory=Path.cwd)


class Reaper:
    """The parent's end of the pipe to the process that outlives it (see `reaper.py`)."""

    def __init__(self, pipe: int, process: Process) -> None:
        self.pipe = pipe
        self._process = process

    @classmethod
    async def start(cls, run_json: Path, lock: int) -> Reaper:
        """Start it; it removes `run_json` when nothing runs any more, and holds the descriptor `lock` until then."""
        reading, writing = os.pipe()
        script = str(Path(__file__).with_name("reaper.py"))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", script, str(run_json), stdin=reading, pass_fds=(lock,), start_new_session=True
        )
        os.close(reading)
        return cls(writing, process)

    def forget(self, pid: int) -> None:
        """The process group of `pid` has ended. A reaper that was itself killed is past telling."""
        with suppress(BrokenPipeError):
            os.write(self.pipe, b"-%d\n" % pid)

    async def close(self) -> None:
        """Let it end what is still registered, which after a clean stop is nothing."""
        os.close(self.pipe)
        await self._process.wait()


class Running:
    """One process of a program, leader of its own session and process group."""

    def __init__(self, program: Program, process: Process, relaying: asyncio.Task[None], reaper: Reaper) -> None:
        self.program = program
        self.pid = process.pid
        self._process = process
        self._relaying = relaying
        self._reaper = reaper

    @classmethod
    async def start(cls, program: Program, reaper: Reaper, console: Console) -> Running:
        """Start the program; its output goes to the console line by line.

        The output pipe is ours, not asyncio's, whose `wait` would last until the last grandchild has closed it.
        """
        reading, writing = os.pipe()
        uid, gid = program.user or (None, None)
        try:
            process = await asyncio.create_subprocess_exec(
                "/bin/sh", "-c", REGISTERED, "sh", *program.command,
                stdin=reaper.pipe, stdout=writing, stderr=writing, env=dict(program.environment), cwd=program.directory,
                start_new_session=True, user=uid, group=gid, extra_groups=None if gid is None else [],
            )  # fmt: skip
        finally:
            os.close(writing)
        return cls(program, process, asyncio.create_task(_relay(reading, program.name, console)), reaper)

    async def wait(self) -> int:
        """Wait for the end and kill what the program left in its group. Returns the exit code; negative: a signal."""
        code = await self._process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._reaper.forget(self.pid)
        with suppress(TimeoutError):  # a grandchild in a group of its own may keep the pipe open
            await asyncio.wait_for(asyncio.shield(self._relaying), 0.5)
        return code

    async def stop(self, hurry: asyncio.Event) -> None:
        """Stop as the program prefers it, then harder; with `hurry` set every step gets only a moment."""
        if self._process.returncode is not None:
            return
        ending = asyncio.create_task(self.wait())
        for number, seconds in (*self.program.stopping, (signal.SIGKILL, 5.0)):
            with suppress(ProcessLookupError, PermissionError):  # the latter is macOS's word for a zombie
                (os.killpg if number == signal.SIGKILL else os.kill)(self.pid, number)
            hurried = asyncio.create_task(hurry.wait())
            await asyncio.wait({ending, hurried}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not ending.done() and hurried.done():
                await asyncio.wait({ending}, timeout=0.5)
            hurried.cancel()
            if ending.done():
                return


async def _relay(reading: int, name: str, console: Console) -> None:
    """Pass on what comes out of the pipe until everybody who could write to it is gone."""
    stream = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reading, "rb"))
    rest = b""
    while chunk := await stream.read(1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LONGEST_LINE_BYTES:
            lines, rest = [*lines, rest], b""
        for line in lines:
            console.relay(name, line.decode(errors="replace"))
    if rest:
        console.relay(name, rest.decode(errors="replace"))
