"""A worker that tells which crash points it passes, and kills itself with SIGKILL at the one it is told."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from botocore.client import BaseClient
from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from deployments.engine import inbox
from deployments.engine.events import Code, Event
from deployments.ledger import DatabaseLedger
from tests.proof.point import Point

_TABLE = re.compile(r'\w+(?: OR \w+)?(?: INTO| FROM)? "?(\w+)')


class Points:
    """Follows one process through its crash points, noting each in `trace`, and ends it at `deadly`."""

    def __init__(self, trace: Path, deadly: Point | None) -> None:
        self._trace = trace.open("a", buffering=1)
        self._deadly = deadly
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()
        self._phase = "opening"
        self._places: list[str] = []  # of the journal's commit under way

    def install(self) -> None:
        """Wraps what this process calls AWS and its database with."""
        self._wrap_calls()
        self._wrap_ledger()
        self._wrap_commit()
        connection.execute_wrappers.append(self._statement)

    def reach(self, place: str, moment: str) -> None:
        """The process is there; if that is the deadly point, it is no more."""
        with self._lock:
            self._trace.write(f"{place}\t{moment}\n")
            if Point(place, moment) == self._deadly:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()

    def _numbered(self, place: str) -> str:
        with self._lock:
            self._seen[place] += 1
            return f"{place}|{self._seen[place]}"

    def _wrap_calls(self) -> None:
        original = BaseClient._make_api_call

        def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            step, _ = inbox._current.get()
            if not step and parameters.get("Bucket") == settings.HISTORY_BUCKET:
                step = f"record {parameters.get('Key', '').rsplit('/', 1)[-1]}"
                if "/deployments/" not in parameters.get("Key", ""):
                    step += " beside"
            where = step or self._phase
            if where.startswith("update:") and _is_tagging(operation):
                where = "tags"  # by one call for many resources, in the name of any of them
            what = "tags" if where == "tags" else f"{client.meta.service_model.service_name} {operation}"
            place = self._numbered(f"call|{where}|{what}")
            self.reach(place, "before")
            try:
                return original(client, operation, parameters)
            finally:
                self.reach(place, "after")

        BaseClient._make_api_call = call

    def _wrap_ledger(self) -> None:
        original = DatabaseLedger.commit

        def commit(ledger: DatabaseLedger, events: Sequence[Event], **changes: Any) -> None:
            told = [event for event in events if event.code not in (Code.CALL_ENDED, Code.LOG)]
            self._phase = "running"
            self._places = [f"commit|{event.step or 'run'}|{event.code.value}" for event in told]
            self._reach_all("before")
            original(ledger, events, **changes)
            self._places = []
            if any(event.code is Code.RUN_ENDED for event in events):
                self._phase = "closing"

        DatabaseLedger.commit = commit  # type: ignore[method-assign]

    def _wrap_commit(self) -> None:
        original = BaseDatabaseWrapper.commit

        def commit(wrapper: BaseDatabaseWrapper) -> None:
            if self._phase == "running":
                self._reach_all("inside")
                original(wrapper)
                self._reach_all("after")
                return
            place = self._numbered(f"sql|{self._phase}|COMMIT")
            self.reach(place, "before")
            original(wrapper)
            self.reach(place, "after")

        BaseDatabaseWrapper.commit = commit  # type: ignore[method-assign]

    def _reach_all(self, moment: str) -> None:
        for place in self._places:
            self.reach(place, moment)

    def _statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        verb = sql.split(" ", 1)[0].upper()
        if self._phase == "running" or verb not in ("INSERT", "UPDATE", "DELETE"):
            return execute(sql, params, many, context)
        table = _TABLE.match(sql)[1]  # type: ignore[index] # each of the three names one
        answer = execute(sql, params, many, context)
        self.reach(self._numbered(f"sql|{self._phase}|{verb} {table}"), "after")
        return answer


def _is_tagging(operation: str) -> bool:
    return operation.startswith(("Tag", "Untag")) or operation.endswith(("Tags", "Tagging"))
