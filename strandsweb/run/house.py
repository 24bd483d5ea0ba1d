"""Start programs, keep them running, stop them in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from strandsweb.run.console import Console
from strandsweb.run.program import Program, Reaper, Running

READY_SECONDS = 60.0
QUICK_SECONDS = 10.0  # a program that lived no longer than this has crashed quickly
QUICK_CRASHES = 5  # in a row, after which starting it again is not going to help
FIRST_DELAY_SECONDS = 0.5


class HouseError(Exception):
    """What keeps strandsweb from running, told to the person at the terminal as it is."""


class House:
    """All programs of one copy. `closing` is set when it is time to stop: asked from outside, or because of `fault`."""

    def __init__(self, reaper: Reaper, console: Console, changed: Callable[[dict[str, int]], None]) -> None:
        self.closing = asyncio.Event()
        self.fault: str | None = None
        self._hurry = asyncio.Event()
        self._reaper = reaper
        self._console = console
        self._changed = changed
        self._running: dict[str, Running] = {}
        self._keepers: set[asyncio.Task[None]] = set()

    @property
    def pids(self) -> dict[str, int]:
        """The process of each program, by the program's name."""
        return {name: running.pid for name, running in self._running.items()}

    def ask_to_stop(self) -> None:
        """Stop everything; asked a second time, stop at once."""
        if self.closing.is_set():
            self._hurry.set()
        self.closing.set()

    async def start(self, program: Program) -> None:
        """Start a program that is to run from now on, and wait until it is ready.

        Raises HouseError when it does not get ready in time.
        """
        first = await self._spawn(program)
        keeper = asyncio.create_task(self._keep(first))
        keeper.add_done_callback(self._kept)
        self._keepers.add(keeper)
        try:
            async with asyncio.timeout(READY_SECONDS):
                while program.ready is not None and not await program.ready():  # noqa: ASYNC110 - nothing to be told by
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise HouseError(f"{program.name} is not ready after {READY_SECONDS:.0f} seconds.") from None

    async def once(self, program: Program) -> None:
        """Run a program to its end. Raises HouseError when it fails."""
        running = await self._spawn(program)
        code = await running.wait()
        self._running.pop(program.name, None)
        if code != 0:
            raise HouseError(f"{program.name} failed: {_told(code)}.")

    async def stop(self) -> None:
        """Stop what runs, the latest first: nothing loses what it depends on before it has ended."""
        self.closing.set()
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for running in reversed(list(self._running.values())):
            await running.stop(self._hurry)

    async def _spawn(self, program: Program) -> Running:
        running = await Running.start(program, self._reaper, self._console)
        self._running[program.name] = running
        return running

    async def _keep(self, running: Running) -> None:
        """Start the program again whenever it ends, with growing pauses, until that is clearly of no use."""
        program, quick = running.program, 0
        clock = asyncio.get_running_loop().time
        while True:
            born = clock()
            code = await running.wait()
            quick = quick + 1 if clock() - born < QUICK_SECONDS else 1
            if quick >= QUICK_CRASHES:
                raise HouseError(f"{program.name} ended {quick} times in a row ({_told(code)}); its own lines say why.")
            delay = FIRST_DELAY_SECONDS * 2 ** (quick - 1)
            self._console.complain(f"{program.name} ended ({_told(code)}); starting it again in {delay:g} s.")
            await asyncio.sleep(delay)
            running = await self._spawn(program)
            self._changed(self.pids)

    def _kept(self, keeper: asyncio.Task[None]) -> None:
        """A keeper ended: either it was told to, or it gave up and the house closes."""
        if not keeper.cancelled() and (error := keeper.exception()) is not None:
            self.fault = str(error)
            self.closing.set()


def _told(code: int) -> str:
    """An exit code as a person says it."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
