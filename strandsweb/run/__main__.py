"""`python -m strandsweb.run [--production-shape]`: the parent of all processes.

Reads PORT (8000) and DATA_DIR (`var`) from the environment. Exit code 0 after being asked to stop, 1 after giving up.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from strandsweb.run import embedded, processes, production
from strandsweb.run.claim import Claim, free
from strandsweb.run.console import Console
from strandsweb.run.house import House, HouseError
from strandsweb.run.program import Reaper


async def live(claim: Claim, port: int, console: Console, *, production_shape: bool) -> None:
    """Open the house, live there until asked to stop, close it. Raises HouseError when something gave up."""
    addresses: dict[str, str] = {}
    reaper = await Reaper.start(claim.run_json, claim.lock)
    house = House(reaper, console, changed=lambda pids: claim.announce(addresses, pids) if addresses else None)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means what it says
            loop.add_signal_handler(number, house.ask_to_stop)
    environment = {name: value for name, value in os.environ.items() if not _withheld(name)}
    environment |= {"DATA_DIR": str(claim.data_dir), "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    shape = production if production_shape else embedded
    opening = asyncio.create_task(shape.open_house(house, claim, port, environment))
    closing = asyncio.create_task(house.closing.wait())
    try:
        await asyncio.wait({opening, closing}, return_when=asyncio.FIRST_COMPLETED)
        if opening.done():
            addresses |= opening.result()
            claim.announce(addresses, house.pids)
            console.say(production.welcome(addresses, claim) if production_shape else embedded.welcome(addresses))
            await closing
        if house.fault:
            raise HouseError(house.fault)
    finally:
        opening.cancel()
        await asyncio.wait({opening})
        console.say("Stopping; once more to stop at once.")
        await house.stop()
        await reaper.close()


def _withheld(variable: str) -> bool:
    """Whether the programs are not to see a variable of ours.

    The user's own AWS access has no business here: everything talks to the sandbox. And compiled modules must be kept,
    without them each of the processes takes three times as long to start.
    """
    return variable.startswith("AWS_") or variable == "PYTHONDONTWRITEBYTECODE"


def main() -> int:
    """Take the data directory and the port, then live there."""
    arguments = argparse.ArgumentParser(prog="python -m strandsweb.run", description="Run strandsweb on this machine.")
    arguments.add_argument("--production-shape", action="store_true", help="production settings, own PostgreSQL")
    chosen = arguments.parse_args()
    os.umask(0o077)  # databases, keys and queues are the business of the user who runs this
    console = Console()
    try:
        if not (chosen_port := os.environ.get("PORT") or "8000").isdecimal():
            raise HouseError(f"PORT must be a number, not {chosen_port!r}.")
        port = int(chosen_port)
        claim = Claim(Path(os.environ.get("DATA_DIR") or processes.ROOT / "var").resolve())
        if not free(port):
            raise HouseError(f"Port {port} is taken. Choose another one: make run PORT={port + 1}")
        asyncio.run(live(claim, port, console, production_shape=chosen.production_shape))
    except HouseError as error:
        console.complain(f"\n{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
