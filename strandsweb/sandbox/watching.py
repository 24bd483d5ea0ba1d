"""What looks for work several times a second: one thread finds it, a few do it, one piece per key at a time."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

from strandsweb.sandbox.cloud import Cloud

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25


class Keyed(Protocol):
    """A piece of work; while one is being done, no other with the same `uuid` begins."""

    @property
    def uuid(self) -> str:
        """What tells it from other work."""


Work = TypeVar("Work", bound=Keyed)


class Watcher(ABC, Generic[Work]):
    """Finds work under the cloud's lock and has it done outside it."""

    def __init__(self, cloud: Cloud, name: str, workers: int) -> None:
        self._cloud = cloud
        self._name = name
        self._busy: set[str] = set()
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix=name)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=name, daemon=True)

    @abstractmethod
    def ready(self) -> Iterable[Work]:
        """What could be done now, under the cloud's lock; what is being done already is left out by the caller."""

    @abstractmethod
    def deliver(self, work: Work) -> None:
        """Does it. What it raises is logged, and the key rests for a second."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def rest(self) -> None:
        """Waits a second, or until the sandbox stops."""
        self._stopping.wait(1)

    def _watch(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            try:
                with self._cloud.lock:
                    found = [work for work in self.ready() if work.uuid not in self._busy]
                for work in found:
                    self._busy.add(work.uuid)
                    self._pool.submit(self._work, work)
            except Exception:
                log.exception("%s: looking for work stumbled", self._name)

    def _work(self, work: Work) -> None:
        try:
            self.deliver(work)
        except Exception:
            log.exception("%s: %s stumbled", self._name, work.uuid)
            self.rest()
        finally:
            self._busy.discard(work.uuid)
