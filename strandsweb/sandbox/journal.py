"""What makes the sandbox durable: a snapshot of moto's state and a log of the changes since, in generations.

Generation N is `N.snapshot` (absent for 0) plus `N.log`. A snapshot is written beside the old generation and renamed;
only then is the old one removed, so that at every instant one whole generation exists. A change is in the log before
its caller hears of it. Writes go to the page cache: they survive the death of the process, not a power cut.
"""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import moto

from strandsweb.sandbox.blobs import Blobs
from strandsweb.sandbox.messages import Request

FORMAT = {"format": 1, "moto": moto.__version__, "python": f"{sys.version_info[0]}.{sys.version_info[1]}"}
_FRAME = struct.Struct(">II")  # length and CRC-32 of a record


class JournalRefused(Exception):
    """The folder cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """A change: the request, the moment and seed it was performed with, and a checksum of its answer."""

    request: Request
    seconds: float
    seed: int
    checksum: int


class Journal:
    """The open journal of one folder, which it keeps locked. Not thread-safe: the cloud's lock guards it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._lock = self._take_lock()
        self.blobs = Blobs(folder / "blobs")
        snapshots = [int(path.stem) for path in folder.glob("*.snapshot")]
        self._generation = max(snapshots, default=0)
        self._file: Any = None
        self.records = 0

    def _take_lock(self) -> Any:
        handle = (self._folder / "lock").open("w")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalRefused(
                f"Another sandbox already uses {self._folder}. Stop it, or choose another --data."
            ) from None
        return handle

    def snapshot(self) -> bytes | None:
        """The state of the current generation, None for a new folder. Raises JournalRefused for another version's."""
        path = self._path("snapshot")
        if not path.exists():
            return None
        header, _, data = path.read_bytes().partition(b"\n")
        self._check(header, path)
        return data

    def replay(self) -> Iterator[Record]:
        """The records since the snapshot, oldest first; then opens the log to append, without a torn last record."""
        path = self._path("log")
        end = 0
        if path.exists():
            data = path.read_bytes()
            header, newline, _ = data.partition(b"\n")
            if newline:
                self._check(header, path)
                end = len(header) + 1
                while record := _read(data, end):
                    payload, end = record
                    self.records += 1
                    yield self._decode(payload)
        self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
        self._file.truncate(end)
        self._file.seek(end)
        if end == 0:
            self._file.write(json.dumps(FORMAT).encode() + b"\n")

    def append(self, record: Record) -> None:
        """Makes a change durable. Raises OSError when it cannot (a full disk), and then the log is as before."""
        request = record.request
        body: bytes | str = request.body
        if len(request.body) >= Blobs.SMALLEST:
            body = self.blobs.put(request.body)
        value = (request.method, request.uri, request.headers, body, record.seconds, record.seed, record.checksum)
        payload = pickle.dumps(value, protocol=5)
        frame = _FRAME.pack(len(payload), zlib.crc32(payload)) + payload
        start = self._file.tell()
        try:
            written = self._file.write(frame)
            if written != len(frame):
                raise OSError("the journal was written only in part")
        except OSError:
            self._file.truncate(start)
            self._file.seek(start)
            raise
        self.records += 1

    def compact(self, state: bytes, digests: set[str]) -> None:
        """Begins the next generation from `state`, which holds everything logged so far, and drops the old one."""
        old = self._generation
        path = self._folder / f"{old + 1}.snapshot"
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            file.write(json.dumps(FORMAT).encode() + b"\n" + state)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        self._generation = old + 1
        if self._file is not None:
            self._file.close()
        self._file = self._path("log").open("w+b", buffering=0)
        self._file.write(json.dumps(FORMAT).encode() + b"\n")
        self.records = 0
        for suffix in ("snapshot", "log"):
            (self._folder / f"{old}.{suffix}").unlink(missing_ok=True)
        self.blobs.keep_only(digests)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._lock.close()

    def _path(self, suffix: str) -> Path:
        return self._folder / f"{self._generation}.{suffix}"

    def _decode(self, payload: bytes) -> Record:
        method, uri, headers, body, seconds, seed, checksum = pickle.loads(payload)  # noqa: S301 (our own file)
        if isinstance(body, str):
            body = self.blobs.get(body)
        return Record(Request(method, uri, headers, body), seconds, seed, checksum)

    def _check(self, header: bytes, path: Path) -> None:
        try:
            found = json.loads(header)
        except ValueError:
            found = None
        if found != FORMAT:
            raise JournalRefused(
                f"{path} was written as {found}, and this sandbox reads {FORMAT}. Install that version to go on with "
                f"it, or remove {self._folder} to start with an empty sandbox (deployments then plan everything anew)."
            )


def _read(data: bytes, start: int) -> tuple[bytes, int] | None:
    """The record at `start` and where the next begins; None at the end or at a record that was cut off."""
    body = start + _FRAME.size
    if body > len(data):
        return None
    length, checksum = _FRAME.unpack_from(data, start)
    payload = data[body : body + length]
    if len(payload) != length or zlib.crc32(payload) != checksum:
        return None
    return payload, body + length
