"""The code of functions, unpacked once per digest into a folder of the sandbox's own."""

from __future__ import annotations

import io
import os
import shutil
import threading
import zipfile
from pathlib import Path
from uuid import uuid4

MOST_UNPACKED_BYTES = 250 * 1024 * 1024  # AWS's own limit for an unpacked deployment package


class BadPackage(Exception):
    """The code cannot be unpacked; the message says why."""


class Packages:
    """A folder of unpacked packages, named by the digest of their zip file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def unpack(self, digest: str, code: bytes) -> Path:
        """The folder with the files of `code`. Raises BadPackage for what is no zip file or leaves its folder."""
        place = self._folder / digest.replace("/", "_")
        with self._lock:
            if not place.exists():
                partial = self._folder / f"{uuid4().hex}.partial"
                try:
                    _extract(code, partial)
                    os.replace(partial, place)
                finally:
                    shutil.rmtree(partial, ignore_errors=True)
        return place


def _extract(code: bytes, place: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            size = 0
            for entry in archive.infolist():
                size += entry.file_size
                parts = Path(entry.filename).parts
                if ".." in parts or entry.filename.startswith(("/", "\\")):
                    raise BadPackage(f"The deployment package holds a file outside its folder: {entry.filename}")
                if size > MOST_UNPACKED_BYTES:
                    raise BadPackage("Unzipped size must be smaller than 262144000 bytes")
            archive.extractall(place)
    except zipfile.BadZipFile:
        raise BadPackage("Could not unzip uploaded file. Please check your file, then try to upload again.") from None
