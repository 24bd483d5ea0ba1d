"""From where something is being done right now: known to whatever writes an entry, without being passed along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from projects.audit.deeds import Via


@dataclass(frozen=True, slots=True)
class Circumstances:
    """`address` is the caller's IP address, `token` the name of the API token used, `request_id` also in the logs."""

    via: Via = Via.WORKER
    address: str = ""
    request_id: str = ""
    token: str = ""


_now: ContextVar[Circumstances] = ContextVar("circumstances")
_NONE = Circumstances()


def circumstances() -> Circumstances:
    """Those of the request, command or task at hand; a worker's when nobody set any."""
    return _now.get(_NONE)


@contextmanager
def acting(now: Circumstances) -> Iterator[None]:
    """What is written inside is written as done under these circumstances."""
    before = _now.set(now)
    try:
        yield
    finally:
        _now.reset(before)
