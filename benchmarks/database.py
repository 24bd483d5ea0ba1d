"""A private PostgreSQL for benches and proofs, from the binaries on this machine."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strandsweb.run import postgres
from strandsweb.run.claim import Claim
from strandsweb.run.program import Program

START_SECONDS = 60.0


@contextmanager
def postgresql(directory: Path) -> Iterator[str]:
    """Its address, for as long as the block lasts. Raises HouseError where it is not installed."""
    made = postgres.cluster(Claim(directory))
    server = postgres.program(made, os.environ)
    uid, gid = made.user or (None, None)
    process = subprocess.Popen(
        server.command,
        cwd=server.directory,
        stdin=subprocess.DEVNULL,
        user=uid,
        group=gid,
        extra_groups=None if gid is None else [],
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not asyncio.run(_answers(server)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL did not start; see its error output")
            time.sleep(0.1)
        yield made.url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


async def _answers(server: Program) -> bool:
    return server.ready is not None and await server.ready()
