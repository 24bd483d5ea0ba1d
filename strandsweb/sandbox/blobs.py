"""Byte strings in files named by their SHA-256, so that a big body is written once and never copied again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from uuid import uuid4


class Blobs:
    """A folder of immutable byte strings. Safe for concurrent writers of the same content."""

    SMALLEST = 4096  # bytes; smaller strings are cheaper inline

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes) -> str:
        """Keeps `data` and returns its digest. Survives the death of the process, not of the machine (no fsync)."""
        digest = hashlib.sha256(data).hexdigest()
        path = self._folder / digest
        if not path.exists():
            partial = self._folder / f"{uuid4().hex}.partial"
            partial.write_bytes(data)
            os.replace(partial, path)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of `digest`; KeyError when they are not there."""
        try:
            return (self._folder / digest).read_bytes()
        except FileNotFoundError:
            raise KeyError(digest) from None

    def keep_only(self, digests: set[str]) -> None:
        """Forgets every other string."""
        for path in self._folder.iterdir():
            if path.name not in digests:
                path.unlink(missing_ok=True)
