"""A small cache of parsed documents by their digest: what a digest names never changes, so nothing goes stale."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")


class DigestCache:
    """Keeps the values used last, up to `most_bytes` of the documents they came from. Values are not to be changed."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held: OrderedDict[tuple[str, str], tuple[Any, int]] = OrderedDict()
        self._size_bytes = 0
        self._lock = Lock()

    def get(self, use: str, digest: str, size_bytes: int, load: Callable[[], T]) -> T:
        """The value of a document for one use, loaded when it is not held."""
        key = (use, digest)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                held: T = self._held[key][0]
                return held
        value = load()
        with self._lock:
            if key not in self._held and size_bytes <= self._most_bytes:
                self._held[key] = (value, size_bytes)
                self._size_bytes += size_bytes
                while self._size_bytes > self._most_bytes:
                    self._size_bytes -= self._held.popitem(last=False)[1][1]
        return value

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._held.clear()
            self._size_bytes = 0
