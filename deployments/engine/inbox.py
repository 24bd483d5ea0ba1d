"""What worker threads tell the one thread that writes: calls, log lines and the outcomes of steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from deployments.engine.events import Code
from deployments.engine.ports import Call, Clock
from deployments.engine.state import StateResource
from deployments.engine.steps import Step

# Provisioners do not know of steps; the thread (or a copy of its context) that calls them does.
_current: ContextVar[tuple[str, str]] = ContextVar("current step and logical id", default=("", ""))


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that has no number yet."""

    time: str
    code: Code
    step: str
    logical_id: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step ended: with what to put into the state, an error, both (half made), or (a bug, a kill) a death."""

    step: Step
    time: str
    seconds: float
    put: StateResource | None = None
    physical_id: str | None = None
    adopted: bool = False
    error: Mapping[str, Any] = field(default_factory=dict)
    death: BaseException | None = None


class Inbox:
    """A `ports.Listener` that any thread may tell, and one thread empties."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: SimpleQueue[Heard | Ended] = SimpleQueue()

    def call_ended(self, call: Call) -> None:
        """See `ports.Listener`."""
        data = asdict(call)
        data["requestId"] = data.pop("request_id")
        self._tell(Code.CALL_ENDED, data)

    def log(self, level: str, message: str) -> None:
        """See `ports.Listener`."""
        self._tell(Code.LOG, {"level": level, "message": message})

    @contextmanager
    def during(self, step: Step) -> Iterator[None]:
        """What this thread tells meanwhile belongs to the step."""
        token = _current.set((step.id, step.logical_id))
        try:
            yield
        finally:
            _current.reset(token)

    def end(self, ended: Ended) -> None:
        """A step has ended."""
        self._queue.put(ended)

    def empty(self, timeout_seconds: float) -> list[Heard | Ended]:
        """Everything told so far, oldest first; waits for the first of it, but not longer than the timeout."""
        told: list[Heard | Ended] = []
        with suppress(Empty):
            told.append(self._queue.get(timeout=timeout_seconds))
            while True:
                told.append(self._queue.get_nowait())
        return told

    def _tell(self, code: Code, data: Mapping[str, Any]) -> None:
        self._queue.put(Heard(self._clock.now(), code, *_current.get(), data))
