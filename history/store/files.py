"""A history store in a folder of the file system, for development and single machines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from history.store.port import AlreadyExists, NotThere, StoreUnavailable, checked

UNFINISHED = ".unfinished"
"""Folder below the root where objects are written before they get their name."""


class FileStore:
    """Keeps every object as a file below `root`.

    An object is written under a temporary name, flushed to disk, and then *linked* to its own: the link either
    makes the whole object appear or fails because the name is taken, also between processes.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put_new(self, key: str, data: bytes, *, document: bool = False) -> None:
        """See `Store.put_new`."""
        path = self._path(key)
        with self._written(data) as unfinished:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(unfinished, path)
            except FileExistsError:
                if path.read_bytes() != data:
                    raise AlreadyExists(key) from None
            self._flush_folders(path.parent)

    def put(self, key: str, data: bytes) -> None:
        """See `Store.put`."""
        path = self._path(key)
        with self._written(data) as unfinished:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(unfinished, path)
            self._flush_folders(path.parent)

    def get(self, key: str) -> bytes:
        """See `Store.get`."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotThere(key) from None
        except OSError as error:
            raise StoreUnavailable(f"the history store cannot read {key}: {error.strerror}") from error

    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        path = self._path(key)
        try:
            path.unlink()
            self._flush_folders(path.parent)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise StoreUnavailable(f"the history store cannot remove {key}: {error.strerror}") from error

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """See `Store.keys`."""
        folder = prefix.rpartition("/")[0]
        for key in self._walk(self._root / folder, f"{folder}/" if folder else "", after.encode()):
            if key.startswith(prefix):
                yield key

    def check(self) -> None:
        """See `Store.check`: writes and removes a file."""
        with self._written(b""):
            pass

    def _walk(self, folder: Path, prefix: str, after: bytes) -> Iterator[str]:
        """Keys below a folder. A folder sorts as its name with a slash: `a-b` comes before `a/b`, as on S3."""
        try:
            found = [(f"{prefix}{entry.name}{'/' if entry.is_dir() else ''}") for entry in os.scandir(folder)]
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in sorted(found, key=str.encode):
            encoded = name.encode()
            if name.startswith(UNFINISHED):
                continue
            if not name.endswith("/"):
                if encoded > after:
                    yield name
            elif encoded > after or after.startswith(encoded):
                yield from self._walk(self._root / name, name, after)

    def _path(self, key: str) -> Path:
        if checked(key).startswith(UNFINISHED):
            raise ValueError(f"not a key for the history store: {key!r}")
        return self._root / key

    @contextmanager
    def _written(self, data: bytes) -> Iterator[Path]:
        """A temporary file that holds `data` on disk; whatever is left of it at the end is removed."""
        unfinished = self._root / UNFINISHED / uuid4().hex
        try:
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield unfinished
        except OSError as error:
            raise StoreUnavailable(f"the history store in {self._root} cannot be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                unfinished.unlink()

    def _flush_folders(self, folder: Path) -> None:
        """Makes new names durable, up to the root: a file's name lives in its folder, not in the file."""
        while True:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if folder == self._root:
                return
            folder = folder.parent
