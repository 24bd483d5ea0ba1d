"""A zip that is sent while it is made: equal files make equal bytes."""

from __future__ import annotations

import zipfile


class Zip:
    """`add` and `end` answer the bytes that are ready to be sent."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._archive = zipfile.ZipFile(self, "w", zipfile.ZIP_DEFLATED)

    def add(self, name: str, data: bytes) -> bytes:
        """One more file."""
        entry = zipfile.ZipInfo(name)  # of 1980
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        self._archive.writestr(entry, data)
        return self._taken()

    def end(self) -> bytes:
        """Nothing comes any more."""
        self._archive.close()
        return self._taken()

    def write(self, data: bytes) -> int:
        """Of the file that the archive is written to: keeps some more."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Of that file: nothing waits."""

    def close(self) -> None:
        """Of that file: nothing is held."""

    def _taken(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken
