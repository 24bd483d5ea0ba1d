"""moto behind one lock and a journal: every call is performed alone, and a change is durable before its answer leaves.

moto is bound to one core and not made for threads, so that taking turns costs nothing and spares its races; it also
makes the order of the log the order of execution. Waiting (added latency, long polls, functions) happens outside it.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from strandsweb.sandbox import determinism, operations, snapshot
from strandsweb.sandbox.calls import Call, identify
from strandsweb.sandbox.errors import error_answer, unsupported
from strandsweb.sandbox.journal import Journal, Record
from strandsweb.sandbox.messages import Answer, Request, call_wsgi

log = logging.getLogger(__name__)

# A snapshot is taken when the sandbox rests and its log has grown this long, or at once when it is far longer.
RECORDS_WORTH_A_SNAPSHOT = 500
RECORDS_AT_MOST = 20_000


class Cloud:
    """The state of every account; `lock` is held by whoever reads or changes moto's backends."""

    def __init__(self, data: Path) -> None:
        self.lock = threading.RLock()
        self.replaying = True
        self.replayed = 0
        self.diverged = 0
        self._afterwards: list[Callable[[], None]] = []
        self._last_write = time.monotonic()
        self._worth_a_snapshot = RECORDS_WORTH_A_SNAPSHOT
        self._moto = _Dispatcher(_create_app)
        self._journal = Journal(data)
        determinism.install()

    def recover(self) -> None:
        """Brings back the state the folder holds. Raises JournalRefused when another version wrote it."""
        state = self._journal.snapshot()
        if state is not None:
            snapshot.restore(state, self._journal.blobs)
            determinism.install()
        for record in self._journal.replay():
            self.replayed += 1
            call = identify(record.request)
            answer, _ = self._execute(record.request, call, record.seconds, record.seed)
            if _checksum(answer) != record.checksum:
                self.diverged += 1
                log.warning("replaying %s:%s gave another answer", call.service, call.operation)
        self._afterwards.clear()
        self.replaying = False

    def perform(self, request: Request, call: Call) -> Answer:
        """Performs a call; a change is in the journal when this returns."""
        with self.lock:
            seconds, seed = time.time(), secrets.randbits(64)
            answer, performed = self._execute(request, call, seconds, seed)
            if performed and call.durable and not _received_nothing(call, answer):
                try:
                    self._journal.append(Record(request, seconds, seed, _checksum(answer)))
                except OSError as error:
                    return error_answer(
                        request, call, code="InternalFailure", message=f"The journal failed: {error}", status=500
                    )
                self._last_write = time.monotonic()
                if call.service == "kms" and call.operation == "CreateKey":
                    self.take_snapshot()  # key material comes from the operating system and cannot be made again
            afterwards, self._afterwards = self._afterwards, []
        for action in afterwards:
            action()
        return answer

    def after_this_call(self, action: Callable[[], None]) -> None:
        """Has `action` run without the lock when the current call is durable; not at all while replaying."""
        if not self.replaying:
            self._afterwards.append(action)

    def rest(self) -> None:
        """Takes a snapshot if one is worth it now; called every now and then."""
        with self.lock:
            quiet = time.monotonic() - self._last_write > 1
            records = self._journal.records
            if records > self._worth_a_snapshot and (quiet or records > RECORDS_AT_MOST):
                self.take_snapshot()

    def take_snapshot(self) -> None:
        """Begins a new generation of the journal; when the state cannot be written the log simply goes on."""
        with self.lock:
            try:
                self._journal.compact(*snapshot.take(self._journal.blobs))
                self._worth_a_snapshot = RECORDS_WORTH_A_SNAPSHOT
            except Exception:
                log.exception("no snapshot could be taken; the log is kept, and the next start replays it")
                self._worth_a_snapshot = self._journal.records + RECORDS_WORTH_A_SNAPSHOT

    def close(self) -> None:
        """Takes a last snapshot, so that the next start has nothing to replay."""
        with self.lock:
            if self._journal.records:
                self.take_snapshot()
            self._journal.close()

    @property
    def journal_records(self) -> int:
        return self._journal.records

    def _execute(self, request: Request, call: Call, seconds: float, seed: int) -> tuple[Answer, bool]:
        """The answer, and whether anything may have changed by it."""
        with determinism.moment(seconds, seed):
            return self._answer(request, call)

    def perform_within(self, request: Request, call: Call) -> Answer:
        """A call that another one makes while it is performed: part of that one, at its moment, not in the journal."""
        return self._answer(request, call)[0]

    def _answer(self, request: Request, call: Call) -> tuple[Answer, bool]:
        try:
            answer = operations.perform(request, call, determinism.now()) or call_wsgi(self._moto, request)
        except operations.Refused as refused:
            code, message, status = refused.code, str(refused), refused.status
            return error_answer(request, call, code=code, message=message, status=status), False
        except NotImplementedError as error:
            return unsupported(request, call, str(error)), False
        except Exception as error:  # moto's own bugs; a 500 would make boto3 try five times
            log.warning("moto failed at %s:%s\n%s", call.service, call.operation, traceback.format_exc())
            return unsupported(request, call, f"{type(error).__name__}: {error}"), True
        html = answer.header("content-type").startswith("text/html") and answer.body[:9].lower() == b"<!doctype"
        if answer.status in {404, 405, 500} and (html or (not answer.body and request.method != "HEAD")):
            return unsupported(request, call), False
        return answer, True


class _Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher; the original lists moto's folder on every call to find the backend of a host."""

    def __init__(self, create_app: Callable[[Any], Flask]) -> None:
        super().__init__(create_app)
        self._known: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._known:
            self._known[host] = super().get_backend_for_host(host)
        return self._known[host]


def _create_app(service: Any) -> Flask:
    # Otherwise every page of the web could read the sandbox through a browser.
    vars(werkzeug_app)["DISABLE_GLOBAL_CORS"] = True
    app = create_backend_app(service)
    determinism.install()  # moto has just imported that service
    return app


def _received_nothing(call: Call, answer: Answer) -> bool:
    """A poll of an empty queue changes nothing, and there are many of them."""
    return call.operation == "ReceiveMessage" and b"ReceiptHandle" not in answer.body


def _checksum(answer: Answer) -> int:
    return zlib.crc32(answer.body, answer.status)
