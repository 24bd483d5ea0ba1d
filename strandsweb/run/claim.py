"""One data directory, one copy of strandsweb: the lock, the ports and secrets that stay, and run.json."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strandsweb.run.house import HouseError

TAKEOVER_SECONDS = 15.0  # more than the reaper of a killed parent needs


class Claim:
    """The right to run on `data_dir`: a lock, which a killed parent's reaper holds on to until its work is done."""

    def __init__(self, data_dir: Path) -> None:
        """Take the claim. Raises HouseError when another copy has it."""
        self.data_dir = data_dir
        self.run_json = data_dir / "run.json"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.lock = os.open(data_dir / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + TAKEOVER_SECONDS
        while not self._locked():
            said = self._read("run.json")
            parent = said.get("pids", {}).get("parent")
            if parent is not None and alive(parent):
                raise HouseError(
                    f"strandsweb already runs on {data_dir}: {said['web']} (process {parent}).\n"
                    "Another copy beside it needs a place of its own: make run PORT=8001 DATA_DIR=var-8001"
                )
            if time.monotonic() > deadline:
                raise HouseError(f"Another copy of strandsweb is just starting or stopping on {data_dir}.")
            time.sleep(0.1)

    def _locked(self) -> bool:
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def port(self, name: str) -> int:
        """A free loopback port for `name`: last time's when nobody took it meanwhile, for addresses to stay true."""
        known = self._read("ports.json")
        port = known.get(name, 0)
        if port == 0 or not free(port):
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port = probe.getsockname()[1]
            self._save("ports.json", {**known, name: port})
        return int(port)

    def secret(self, name: str) -> str:
        """A random secret that stays with this data directory: 256 bits, URL-safe, readable by its owner alone."""
        known = self._read("secrets.json")
        if name not in known:
            known[name] = secrets.token_urlsafe(32)
            self._save("secrets.json", known)
        return str(known[name])

    def announce(self, addresses: Mapping[str, str], pids: Mapping[str, int]) -> None:
        """Write run.json: where everything is and which processes it is made of. The reaper removes it."""
        self._save(self.run_json.name, {**addresses, "pids": {"parent": os.getpid(), **pids}})

    def _read(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads((self.data_dir / name).read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _save(self, name: str, content: Mapping[str, Any]) -> None:
        self.write(name, json.dumps(content, indent=2) + "\n")

    def write(self, name: str, content: str) -> None:
        """Replace a file as a whole, readable by its owner alone: readers see the old or the new one, never a part."""
        draft = self.data_dir / f".{name}.{os.getpid()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.data_dir / name)


def free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it exists, and is somebody else's
    return True
