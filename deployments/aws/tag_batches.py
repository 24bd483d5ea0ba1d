"""Tags that many resources get at the same time, written by one call for up to twenty of them.

Whoever wants to write a tag while nobody else writes the same one uses the service's own call at once. Whoever comes
meanwhile waits, and goes together with all others that wait: nothing is ever delayed for company that may not come.
A batch is no state: each step's intent and outcome stand in the journal as ever, writing a tag twice is writing it
once, and what a batch could not do each of its members does by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deployments.engine.canonical import dumps
from deployments.engine.errors import CloudError

ARNS_AT_MOST = 20
PERMISSIONS = ("tag:TagResources", "tag:UntagResources")
SERVICES = frozenset({"cloudwatch", "dynamodb", "events", "lambda", "logs", "secretsmanager", "sns", "sqs", "xray"})
"""Whose resources are tagged so; IAM's roles cannot be, EC2 has a call for many of its own, S3 knows whole sets only.

Source: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
"""

Call = Callable[..., dict[str, Any]]


@dataclass(slots=True, eq=False)
class _Wish:
    """One resource's change. When `ready`: `batch` is what this one is to write for all, or None as another did it."""

    arn: str
    ready: threading.Event = field(default_factory=threading.Event)
    batch: Sequence[_Wish] | None = None
    failed: bool = False


@dataclass(slots=True)
class _Line:
    """Who writes the same change: how many calls are under way, and who waits for one."""

    calls: int = 0
    waiting: list[_Wish] = field(default_factory=list)

    def begin(self) -> None:
        """Makes the first of those who wait write for the first twenty of them."""
        batch, self.waiting = self.waiting[:ARNS_AT_MOST], self.waiting[ARNS_AT_MOST:]
        self.calls += 1
        batch[0].batch = batch
        batch[0].ready.set()


class TagBatches:
    """Safe for any number of threads; `call` is `Aws.call`."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}

    def put(self, arn: str, tags: Mapping[str, str], alone: Callable[[], Any]) -> None:
        """Writes tags, in a batch or by the service's own call `alone`. Raises what `alone` raises."""
        self._write(arn, {"Tags": dict(tags)}, "tag_resources", alone)

    def remove(self, arn: str, keys: Sequence[str], alone: Callable[[], Any]) -> None:
        """Takes tags away, likewise."""
        self._write(arn, {"TagKeys": list(keys)}, "untag_resources", alone)

    def _write(self, arn: str, what: Mapping[str, Any], method: str, alone: Callable[[], Any]) -> None:
        arn = arn.removesuffix(":*")  # as CloudFormation writes the ARN of a log group
        if not arn.startswith("arn:") or arn.split(":")[2] not in SERVICES:
            alone()
            return
        key, wish = dumps(what), _Wish(arn)
        self._join(key, wish)
        wish.ready.wait()
        if wish.batch is not None:
            done: set[str] = set()
            try:
                if len(wish.batch) == 1:
                    alone()
                    done = {arn}
                else:
                    done = self._written([each.arn for each in wish.batch], what, method)
            finally:
                self._hand_over(key, wish.batch, done)
        if wish.failed:
            alone()

    def _join(self, key: str, wish: _Wish) -> None:
        with self._lock:
            line = self._lines.setdefault(key, _Line())
            line.waiting.append(wish)
            if not line.calls or len(line.waiting) == ARNS_AT_MOST:
                line.begin()

    def _hand_over(self, key: str, batch: Sequence[_Wish], done: set[str]) -> None:
        """Tells a batch what came of it, and lets those who came meanwhile begin."""
        for wish in batch:
            wish.failed = wish.arn not in done
            wish.ready.set()
        with self._lock:
            line = self._lines[key]
            line.calls -= 1
            if not line.calls and line.waiting:
                line.begin()
            elif not line.calls:
                del self._lines[key]

    def _written(self, arns: Sequence[str], what: Mapping[str, Any], method: str) -> set[str]:
        """The ARNs that were written; none where the call is refused, as for a role that may not use it yet."""
        try:
            answer = self._call("resourcegroupstaggingapi", method, ResourceARNList=list(arns), **what)
        except CloudError:
            return set()
        return set(arns) - set(answer.get("FailedResourcesMap") or ())
