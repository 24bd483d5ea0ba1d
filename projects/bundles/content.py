"""A source bundle as a value: its files by content, its digest, and zips that depend on nothing else."""

import hashlib
import io
import stat
import struct
import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import IO

# What reading a damaged or changed archive can raise.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)

_COMPRESSION_LEVEL = 9
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


class BundleError(Exception):
    """A bundle that is refused: `code` for programs, the message for people, `entry` the name of the file at fault."""

    def __init__(self, code: str, message: str, entry: str = "") -> None:
        super().__init__(f"{entry!r}: {message}" if entry else message)
        self.code = code
        self.entry = entry


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file: `path` relative with forward slashes, `sha256` of its bytes, `executable` its only permission."""

    path: str
    sha256: str
    size_bytes: int
    executable: bool

    @property
    def mode(self) -> int:
        return 0o755 if self.executable else 0o644


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files sorted by path; `digest` depends on paths, permissions and bytes alone, so not on how they were zipped."""

    files: tuple[BundleFile, ...]
    digest: str
    size_bytes: int
    _open: Callable[[str], IO[bytes]] = field(repr=False, compare=False)

    def file(self, path: str) -> BundleFile | None:
        """The file of that path, or None."""
        index = bisect_left(self.files, path, key=lambda file: file.path)
        return self.files[index] if index < len(self.files) and self.files[index].path == path else None

    def read(self, path: str) -> bytes:
        """The bytes of one file; KeyError when there is none, BundleError when it is no longer what was read."""
        if (file := self.file(path)) is None:
            raise KeyError(path)
        try:
            with self._open(path) as stream:
                data = stream.read(file.size_bytes + 1)
        except UNREADABLE as error:
            raise BundleError("changed", f"it can no longer be read: {error}", path) from None
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise BundleError("changed", "it has changed since the bundle was read", path)
        return data


def canonical_zip(bundle: Bundle) -> bytes:
    """The bundle as a zip that depends on its digest alone: sorted, without times, owners or other traces."""
    return write_zip([(file.path, file.mode, partial(bundle.read, file.path)) for file in bundle.files])


def digest_of(files: tuple[BundleFile, ...]) -> str:
    """SHA-256 over `path NUL mode NUL sha256 LF` of every file, sorted by path."""
    lines = (f"{file.path}\0{file.mode:o}\0{file.sha256}\n" for file in sorted(files, key=lambda file: file.path))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_zip(files: list[tuple[str, int, Callable[[], bytes]]]) -> bytes:
    """A reproducible zip of `(path, mode, bytes)` in the order given, with every time at 1980-01-01."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive:
        for path, mode, content in files:
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = 3  # Unix, whose permissions the attributes hold
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, content(), zipfile.ZIP_DEFLATED, _COMPRESSION_LEVEL)
    return buffer.getvalue()
