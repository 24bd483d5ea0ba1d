"""The floor: the same AWS calls along the same graph by bare boto3, with nothing else done and nothing held back."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.recording import RecordedCall

THREADS = 128
REPLAY_SECONDS = 180.0
# An identifier shorter than this is too easily something else.
_CHUNK = re.compile(r"[A-Za-z0-9:/_.+=@$*-]{8,}")
_WORD = re.compile(r"[A-Za-z0-9-]{8,}")

Path = tuple[str | int, ...]
Graph = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Hole:
    """A text in a parameter that AWS made up in an earlier answer: `call` of this floor, at `path` in its answer.

    `written`: that call made it up. A list may show it too, even earlier, but at the floor perhaps not yet.
    """

    call: int
    path: Path
    recorded: str
    written: bool


@dataclass(frozen=True, slots=True)
class Mixed:
    """A text that has holes in it."""

    parts: tuple[str | Hole, ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """What it took. `diverged` counts calls that did not end as recorded, by `service.Operation: code`."""

    seconds: float
    calls: int
    diverged: Mapping[str, int]


class Replayer:
    """Repeats recorded calls against another, equal AWS; what one phase made up is known to the next."""

    def __init__(self, session: boto3.Session, endpoint_url: str) -> None:
        self._session = session
        self._endpoint_url = endpoint_url
        self._clients: dict[str, Any] = {}
        self._answers: dict[int, Mapping[str, Any]] = {}
        self._made_up: dict[str, Hole] = {}
        self._sent: set[str] = set()
        self._count = 0

    def replay(self, calls: Sequence[RecordedCall], tasks: Graph) -> Floor:
        """Makes the calls, each as soon as those it waits for have ended.

        A call waits for those of its own task that had ended when it began, and for all of the tasks its task
        needs; calls of tasks that `tasks` does not name wait only for their own.

        Raises:
            TimeoutError: it took longer than REPLAY_SECONDS.
        """
        prepared = self._prepare(calls)
        waits = waits_of(calls, tasks)
        diverged: Counter[str] = Counter()
        first = self._count - len(calls)

        def perform(index: int) -> None:
            call = calls[index]
            outcome = ""
            try:
                method = getattr(self._clients[call.service], xform_name(call.operation))
                self._answers[first + index] = method(**self._filled(prepared[index]))
            except ClientError as refusal:
                outcome = str(refusal.response.get("Error", {}).get("Code", "Unknown"))
            except BotoCoreError as error:
                outcome = type(error).__name__
            if outcome != call.error:
                diverged[f"{call.service}.{call.operation}: {outcome or 'no ' + call.error}"] += 1

        seconds = run_graph(waits, perform)
        return Floor(seconds, len(calls), dict(diverged))

    def _prepare(self, calls: Sequence[RecordedCall]) -> list[Any]:
        """The calls' parameters with holes; clients are made here, so that the clock does not see it."""
        for service in {call.service for call in calls} - set(self._clients):
            self._clients[service] = self._session.client(
                service,
                endpoint_url=self._endpoint_url,
                config=Config(max_pool_connections=THREADS, s3={"addressing_style": "path"}),
            )
        prepared: list[Any] = [None] * len(calls)
        moments = [(call.started, 1, index) for index, call in enumerate(calls)]
        moments += [(call.ended, 0, index) for index, call in enumerate(calls)]
        # An answer can only be used by calls that began after it.
        for _, begins, index in sorted(moments):
            if begins:
                prepared[index] = self._with_holes(calls[index].parameters)
                self._sent.update(text for _, text in texts(calls[index].parameters))
            else:
                self._learn(self._count + index, calls[index])
        self._count += len(calls)
        return prepared

    def _learn(self, number: int, call: RecordedCall) -> None:
        """Texts in an answer that nobody has sent before are of AWS's making."""
        for path, text in texts(call.answer):
            if len(text) < 8 or text in self._sent or path[0] == "ResponseMetadata":
                continue
            known = self._made_up.get(text)
            if known is None or (call.write and not known.written):
                self._made_up[text] = Hole(number, path, text, call.write)

    def _with_holes(self, value: Any) -> Any:
        match value:
            case str():
                parts = tuple(self._parts(value))
                return Mixed(parts) if any(isinstance(part, Hole) for part in parts) else value
            case dict():
                return {key: self._with_holes(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self._with_holes(inner) for inner in value]
            case _:
                return value

    def _parts(self, text: str, pattern: re.Pattern[str] | None = _CHUNK) -> Iterator[str | Hole]:
        """The text cut where something made up stands: as a whole, as a chunk of it, or as a word of a chunk."""
        hole = self._made_up.get(text)
        if hole is not None or pattern is None:
            yield hole or text
            return
        finer = _WORD if pattern is _CHUNK else None
        end = 0
        for found in pattern.finditer(text):
            yield text[end : found.start()]
            yield from self._parts(found.group(), finer)
            end = found.end()
        yield text[end:]

    def _filled(self, value: Any) -> Any:
        match value:
            case Mixed(parts):
                return "".join(self._found(part) if isinstance(part, Hole) else part for part in parts)
            case dict():
                return {key: self._filled(inner) for key, inner in value.items()}
            case list():
                return [self._filled(inner) for inner in value]
            case _:
                return value

    def _found(self, hole: Hole) -> str:
        value: Any = self._answers.get(hole.call)
        try:
            for key in hole.path:
                value = value[key]
        except (LookupError, TypeError):
            return hole.recorded  # not answered here (yet); then it was no made-up text either
        return str(value)


def waits_of(calls: Sequence[RecordedCall], tasks: Graph) -> list[set[int]]:
    """For each call the calls it waits for, by index."""
    of_task: dict[str, list[int]] = {}
    for index, call in enumerate(calls):
        of_task.setdefault(call.task, []).append(index)
    ends: dict[str, frozenset[int]] = {}

    def last_of(task: str) -> frozenset[int]:
        """The calls after which a task is over; of one that made none, those of what it needs."""
        if task not in ends:
            own = of_task.get(task)
            ends[task] = frozenset(own) if own else frozenset().union(*map(last_of, tasks.get(task, ())))
        return ends[task]

    waits = []
    for index, call in enumerate(calls):
        own = {other for other in of_task[call.task] if other != index and calls[other].ended <= call.started}
        needed = own or set().union(*map(last_of, tasks.get(call.task, ())))
        waits.append(set(needed))
    return waits


def run_graph(waits: Sequence[Iterable[int]], perform: Any, threads: int = THREADS) -> float:
    """Calls `perform(index)` for each node as soon as those it waits for are done; the seconds it took.

    Raises:
        TimeoutError: it took longer than REPLAY_SECONDS.
        ValueError: nodes wait for each other.
    """
    missing = [len(set(needed)) for needed in waits]
    dependants: list[list[int]] = [[] for _ in waits]
    for index, needed in enumerate(waits):
        for other in set(needed):
            dependants[other].append(index)
    left, lock, over = len(missing), threading.Lock(), threading.Event()
    ready = [index for index, count in enumerate(missing) if not count]
    if missing and not ready:
        raise ValueError("every call waits for another")

    def work(index: int) -> None:
        nonlocal left
        try:
            perform(index)
        finally:
            freed = []
            with lock:
                left -= 1
                for other in dependants[index]:
                    missing[other] -= 1
                    if not missing[other]:
                        freed.append(other)
                if not left:
                    over.set()
            for other in freed:
                pool.submit(work, other)

    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="floor") as pool:
        began = perf_counter()
        for index in ready:
            pool.submit(work, index)
        if missing and not over.wait(REPLAY_SECONDS):
            pool.shutdown(wait=False, cancel_futures=True)
            raise TimeoutError(f"the floor took longer than {REPLAY_SECONDS:.0f} seconds")
        return perf_counter() - began


def texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in nested mappings and lists, with the way to it."""
    match value:
        case str():
            yield path, value
        case dict():
            for key, inner in value.items():
                yield from texts(inner, (*path, key))
        case list() | tuple():
            for index, inner in enumerate(value):
                yield from texts(inner, (*path, index))
        case _:
            return
