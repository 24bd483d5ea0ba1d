"""Warm workers: kept for a while, bounded in number, and gone with the code or configuration they stand for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from strandsweb.sandbox.functions.worker import Worker


@dataclass(frozen=True, slots=True)
class Key:
    """A function version (`arn`) as it is now (`digest` of code and configuration): what a worker can stand for."""

    arn: str
    digest: str


class Pool:
    """Hands out workers, one thread at a time each. `limit` bounds the processes, busy and idle."""

    def __init__(self, *, limit: int = 12, idle_seconds: float = 300.0) -> None:
        self._changed = threading.Condition()
        self._idle: dict[Key, list[Worker]] = {}
        self._busy: set[Worker] = set()
        self._count = 0
        self._limit = limit
        self._idle_seconds = idle_seconds
        self._closed = False

    def take(self, key: Key, start: Callable[[], Worker]) -> Worker:
        """An idle worker of `key`, or a new one; waits while all places are busy. Raises RuntimeError when closed."""
        with self._changed:
            self._drop(lambda other, worker: other.arn == key.arn and other.digest != key.digest)
            while True:
                if self._closed:
                    raise RuntimeError("the sandbox is stopping")
                if self._idle.get(key):
                    worker = self._idle[key].pop()
                    if worker.alive:
                        self._busy.add(worker)
                        return worker
                    self._end(worker)
                elif self._count < self._limit or self._drop_oldest():
                    self._count += 1
                    break
                else:
                    self._changed.wait()
        try:
            worker = start()
        except BaseException:
            with self._changed:
                self._count -= 1
                self._changed.notify()
            raise
        with self._changed:
            self._busy.add(worker)
        return worker

    def give_back(self, key: Key, worker: Worker) -> None:
        with self._changed:
            self._busy.discard(worker)
            if worker.alive and not self._closed:
                self._idle.setdefault(key, []).append(worker)
            else:
                self._end(worker)
            self._changed.notify()

    def end_idle(self) -> None:
        """Ends the workers that have had nothing to do for long; called every now and then."""
        oldest = time.monotonic() - self._idle_seconds
        with self._changed:
            self._drop(lambda _, worker: worker.used < oldest)

    def close(self) -> None:
        """Ends all workers; who waits for a busy one hears that it exited."""
        with self._changed:
            self._closed = True
            self._drop(lambda _, __: True)
            for worker in self._busy:
                worker.interrupt()
            self._changed.notify_all()

    def _drop(self, unwanted: Callable[[Key, Worker], bool]) -> None:
        for key, workers in list(self._idle.items()):
            for worker in [worker for worker in workers if unwanted(key, worker)]:
                workers.remove(worker)
                self._end(worker)
            if not workers:
                del self._idle[key]

    def _drop_oldest(self) -> bool:
        idle = [worker for workers in self._idle.values() for worker in workers]
        if not idle:
            return False
        oldest = min(idle, key=lambda worker: worker.used)
        self._drop(lambda _, worker: worker is oldest)
        return True

    def _end(self, worker: Worker) -> None:
        worker.kill()
        self._count -= 1
        self._changed.notify()
