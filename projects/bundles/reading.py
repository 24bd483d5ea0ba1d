"""Reads a source bundle from a zip or a folder, with suspicion.

Nothing is extracted: files are streamed with bounds, whatever sizes an archive declares, and their bytes are read
again from where they are when somebody asks for them.
"""

import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from .content import UNREADABLE, Bundle, BundleError, BundleFile, digest_of
from .names import DEFAULT_IGNORED, Ignored, check_name, check_names

MAX_ARCHIVE_BYTES = 128 * 1024 * 1024
MAX_TOTAL_BYTES = 512 * 1024 * 1024
MAX_FILE_BYTES = 128 * 1024 * 1024
MAX_FILES = 30_000
MAX_RATIO = 200  # deflate reaches 1,000; source code and libraries stay below 20
RATIO_FREE_BYTES = 1024 * 1024  # a small file may be as repetitive as it likes
IGNORE_FILE = ".strandsignore"

_CHUNK_BYTES = 256 * 1024


def read_zip(source: bytes | str | Path | BinaryIO) -> Bundle:
    """A bundle from a zip in memory, on disk or in an open file. Raises BundleError naming the entry at fault.

    The bundle keeps the archive open for as long as it lives.
    """
    archive, size_bytes = _open_archive(source)
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise BundleError("too_many", f"{len(entries):,} entries; at most {MAX_FILES:,} are taken")
    for entry in entries:
        _check_entry(entry)
    by_path = {entry.filename: entry for entry in entries if not entry.is_dir()}
    _refuse_names([entry.filename for entry in entries if not entry.is_dir()])
    ignored = _ignored_in(archive, by_path.get(IGNORE_FILE))
    meter = _Meter(archive_limit_bytes=max(RATIO_FREE_BYTES, size_bytes * MAX_RATIO))
    files = []
    for path, entry in by_path.items():
        if ignored.covers(path):
            continue
        try:
            with archive.open(entry) as stream:
                files.append(meter.measure(stream, path, _is_executable(entry), entry.compress_size))
        except UNREADABLE as error:
            raise BundleError("corrupt", f"it is damaged: {error}", path) from None
    return _bundle(files, lambda path: archive.open(by_path[path]))


def read_folder(folder: str | Path) -> Bundle:
    """A bundle from a folder. Links may point inside it only; `.strandsignore` and the usual clutter are left out."""
    root = Path(folder)
    if not root.is_dir():
        raise BundleError("missing", f"there is no folder {folder}")
    real_root = root.resolve()
    ignore_file = root / IGNORE_FILE
    text = ignore_file.read_text("utf-8", "replace")[:65_536] if ignore_file.is_file() else ""
    ignored = Ignored(text)
    meter = _Meter(archive_limit_bytes=MAX_TOTAL_BYTES)
    files = []
    for path in _walk(root, "", ignored):
        full = root / path
        _check_path(path)
        if full.is_symlink() and not full.resolve().is_relative_to(real_root):
            raise BundleError("symlink", "it is a link that leaves the folder", path)
        try:
            info = full.stat()
            if not stat.S_ISREG(info.st_mode):
                raise BundleError("special", "it is neither a file nor a folder", path)
            with full.open("rb") as stream:
                files.append(meter.measure(stream, path, bool(info.st_mode & 0o111), None))
        except OSError as error:
            raise BundleError("unreadable", f"it cannot be read: {error.strerror}", path) from None
        if len(files) > MAX_FILES:
            raise BundleError("too_many", f"more than {MAX_FILES:,} files")
    _refuse_names([file.path for file in files])
    return _bundle(files, lambda path: (root / path).open("rb"))


def _open_archive(source: bytes | str | Path | BinaryIO) -> tuple[zipfile.ZipFile, int]:
    """The archive and its size in bytes."""
    too_large = BundleError("too_large", f"the archive is larger than {_megabytes(MAX_ARCHIVE_BYTES)}")
    try:
        if isinstance(source, str | Path):
            size_bytes = Path(source).stat().st_size
            if size_bytes > MAX_ARCHIVE_BYTES:
                raise too_large
            return zipfile.ZipFile(source), size_bytes
        data = source if isinstance(source, bytes) else source.read(MAX_ARCHIVE_BYTES + 1)
        if len(data) > MAX_ARCHIVE_BYTES:
            raise too_large
        return zipfile.ZipFile(io.BytesIO(data)), len(data)
    except FileNotFoundError:
        raise BundleError("missing", f"there is no file {source!s}") from None
    except UNREADABLE as error:
        raise BundleError("not_a_zip", f"it is not a zip archive, or it is cut short: {error}") from None


def _bundle(files: list[BundleFile], open_file: Callable[[str], IO[bytes]]) -> Bundle:
    if not files:
        raise BundleError("empty", "there are no files in it")
    ordered = tuple(sorted(files, key=lambda file: file.path))
    return Bundle(ordered, digest_of(ordered), sum(file.size_bytes for file in ordered), open_file)


@dataclass(slots=True)
class _Meter:
    """Reads files to their end while counting real bytes: declared sizes are never believed."""

    archive_limit_bytes: int
    total_bytes: int = 0

    def measure(self, stream: IO[bytes], path: str, executable: bool, packed_bytes: int | None) -> BundleFile:
        sha256 = hashlib.sha256()
        size_bytes = 0
        while chunk := stream.read(_CHUNK_BYTES):
            size_bytes += len(chunk)
            self.total_bytes += len(chunk)
            if size_bytes > MAX_FILE_BYTES:
                raise BundleError("too_large", f"it is larger than {_megabytes(MAX_FILE_BYTES)}", path)
            if self.total_bytes > MAX_TOTAL_BYTES:
                raise BundleError("too_large", f"all files together exceed {_megabytes(MAX_TOTAL_BYTES)}", path)
            too_dense = packed_bytes is not None and size_bytes > max(RATIO_FREE_BYTES, packed_bytes * MAX_RATIO)
            if too_dense or self.total_bytes > self.archive_limit_bytes:
                raise BundleError("bomb", f"it unpacks to more than {MAX_RATIO} times its size", path)
            sha256.update(chunk)
        return BundleFile(path, sha256.hexdigest(), size_bytes, executable)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename  # before zipfile cut it at a NUL
    _check_path(name.removesuffix("/"))  # a folder's name ends with a slash
    if entry.flag_bits & 0x1:
        raise BundleError("encrypted", "it is encrypted", name)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise BundleError("symlink", "it is a symbolic link", name)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BundleError("special", "it is neither a file nor a folder", name)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleError("compression", "it is packed by a method other than deflate", name)


def _check_path(path: str) -> None:
    if complaint := check_name(path):
        raise BundleError("unsafe_name", complaint, path)


def _refuse_names(paths: list[str]) -> None:
    if clash := check_names(paths):
        raise BundleError("duplicate", *clash)


def _is_executable(entry: zipfile.ZipInfo) -> bool:
    return entry.create_system == 3 and bool((entry.external_attr >> 16) & 0o111)


def _ignored_in(archive: zipfile.ZipFile, entry: zipfile.ZipInfo | None) -> Ignored:
    """An archive of a folder holds what the folder's registration would hold."""
    if entry is None:
        return Ignored("")
    try:
        with archive.open(entry) as stream:
            return Ignored(stream.read(65_536).decode("utf-8", "replace"))
    except UNREADABLE as error:
        raise BundleError("corrupt", f"it is damaged: {error}", IGNORE_FILE) from None


def _walk(root: Path, below: str, ignored: Ignored) -> Iterator[str]:
    """Paths of files, sorted; ignored folders are not entered, links to folders are refused."""
    try:
        with os.scandir(root / below) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        raise BundleError("unreadable", f"it cannot be read: {error.strerror}", below) from None
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        if entry.is_dir(follow_symlinks=False):
            _check_path(path)  # bounds the depth as well
            if entry.name not in DEFAULT_IGNORED and not ignored.covers_folder(path):
                yield from _walk(root, path, ignored)
        elif not ignored.covers(path):
            if entry.is_symlink() and entry.is_dir():
                raise BundleError("symlink", "it is a link to a folder", path)
            yield path


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes // (1024 * 1024)} MiB"
