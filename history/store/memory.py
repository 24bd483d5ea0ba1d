"""A history store in memory: the fake that tests and demonstrations use, with faults on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from history.store.port import AlreadyExists, NotThere, checked


class InMemoryStore:
    """Keeps objects in `objects`, where a test may tamper with them.

    `before_write(key)`, if given, is called before every write and may raise: a crash at exactly that point.
    """

    def __init__(self, before_write: Callable[[str], None] | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self._before_write = before_write

    def put_new(self, key: str, data: bytes, *, document: bool = False) -> None:
        """See `Store.put_new`."""
        self._announce(key)
        if self.objects.setdefault(key, data) != data:
            raise AlreadyExists(key)

    def put(self, key: str, data: bytes) -> None:
        """See `Store.put`."""
        self._announce(key)
        self.objects[key] = data

    def get(self, key: str) -> bytes:
        """See `Store.get`."""
        try:
            return self.objects[checked(key)]
        except KeyError:
            raise NotThere(key) from None

    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        self._announce(key)
        self.objects.pop(key, None)

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """See `Store.keys`."""
        yield from sorted(
            (key for key in self.objects if key.startswith(prefix) and key.encode() > after.encode()), key=str.encode
        )

    def check(self) -> None:
        """See `Store.check`: memory is always there."""

    def _announce(self, key: str) -> None:
        checked(key)
        if self._before_write is not None:
            self._before_write(key)
