"""The port every history store implements, and the errors it may answer with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class StoreError(Exception):
    """Root of the tree. `str(error)` is a sentence for people."""


class NotThere(StoreError):
    """No object has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no {key} in the history store")
        self.key = key


class AlreadyExists(StoreError):
    """The key is taken by an object with other content; objects are written once."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} is already in the history store with other content")
        self.key = key


class StoreUnavailable(StoreError):
    """The store cannot be reached or refuses to work."""


class Archived(StoreUnavailable):
    """The object is in a storage class that has to be asked to bring it back before it can be read."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key} is archived, and has to be restored before it can be read; ask for that on the record's page, and"
            " come back in some hours"
        )
        self.key = key


class Store(Protocol):
    """Named immutable bytes.

    Keys are `/`-separated, every segment non-empty and neither `.` nor `..`; anything else is a ValueError.
    Every method raises StoreUnavailable when the store does not answer.
    """

    def put_new(self, key: str, data: bytes, *, document: bool = False) -> None:
        """Writes an object that must not exist; durable when it returns.

        A `document` of a record may be moved to cheaper storage later, by rules of the bucket; nothing else may.

        Writing the very same bytes again is success, so that an interrupted writer (or a retried request whose
        first answer was lost) can simply repeat.

        Raises:
            AlreadyExists: the key holds other bytes.
        """

    def put(self, key: str, data: bytes) -> None:
        """Writes an object, over an earlier one if need be. Only for pointers (`current/`), never for records."""

    def get(self, key: str) -> bytes:
        """The object's bytes.

        Raises:
            NotThere: no such object.
            Archived: it is in a storage class that has to be asked to bring it back.
        """

    def delete(self, key: str) -> None:
        """Removes an object, if it is there. Only for documents whose tombstone is written."""

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """All keys that start with `prefix` and sort behind `after`, in the order of their UTF-8 bytes."""

    def check(self) -> None:
        """Returns if the store can be worked with, raises StoreUnavailable with the reason if not."""


def checked(key: str) -> str:
    """The key itself, if it is one.

    Raises:
        ValueError: it has an empty, `.` or `..` segment, a NUL or a backslash, or is longer than S3 allows.
    """
    if "\\" in key or "\0" in key or len(key.encode()) > 1024:
        raise ValueError(f"not a key for the history store: {key!r}")
    if any(segment in ("", ".", "..") for segment in key.split("/")):
        raise ValueError(f"not a key for the history store: {key!r}")
    return key


def folders(store: Store, prefix: str = "") -> Iterator[str]:
    """Names of the folders directly below `prefix` (empty, or ending in `/`), in order.

    Costs one listing per folder, however many objects each holds: the listing starts again behind the folder,
    whose last possible key sorts before its own name with `0`, the character that follows `/`.
    """
    after = ""
    while (key := next(iter(store.keys(prefix, after)), None)) is not None:
        name, slash, _ = key[len(prefix) :].partition("/")
        if slash:
            yield name
            after = f"{prefix}{name}0"
        else:
            after = key
