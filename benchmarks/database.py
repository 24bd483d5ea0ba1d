"""A private PostgreSQL for benches and proofs, from the binaries on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from strandsweb.run import postgres
from strandsweb.run.claim import Claim

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
        while not _lets_in(made.url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL did not start; see its error output")
            time.sleep(0.1)
        yield made.url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _lets_in(url: str) -> bool:
    """It answers a moment before it has started."""
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
