"""Every AWS call of our own run, with what it belonged to, so that the floor can make the very same calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import boto3
from botocore.exceptions import ClientError

from deployments import clouds
from deployments.aws import registry, tag_index
from deployments.aws.calls import Aws, is_write
from deployments.aws.credentials import Access
from deployments.engine.plan import Plan
from deployments.engine.ports import Provisioners
from deployments.engine.steps import Operation, needs, steps_of

_task: ContextVar[str] = ContextVar("what calls are made for", default="")


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One attempt at one call. `task` names the step or the read it was made for; times are `perf_counter`'s.

    `error` is AWS's code, or "" when the call went through.
    """

    task: str
    service: str
    operation: str
    parameters: Mapping[str, Any] = field(repr=False)
    started: float
    ended: float
    answer: Mapping[str, Any] = field(repr=False)
    error: str = ""

    @property
    def write(self) -> bool:
        """Whether it changes anything."""
        return is_write(self.operation)


class Recorder:
    """Listens to boto3 below everything of ours; safe for any number of threads."""

    def __init__(self) -> None:
        self._calls: list[RecordedCall] = []

    def take(self) -> list[RecordedCall]:
        """The calls since the last time, in the order they began."""
        calls, self._calls = self._calls, []
        return sorted(calls, key=lambda call: call.started)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Records what any run in this process does while the block lasts."""
        doors, registered, indexed = vars(clouds), vars(registry), vars(tag_index)
        session_for, provisioners, indexed_tags = doors["session_for"], doors["provisioners"], indexed["indexed_tags"]

        def recorded_session(access: Access) -> boto3.Session:
            session: boto3.Session = session_for(access)
            session.events.register("creating-client-class", self._listen_to)
            return session

        def named_provisioners(aws: Aws, artifacts: Callable[[str], bytes]) -> Provisioners:
            every = provisioners(aws, artifacts)
            for name, provisioner in every.items():
                _named(name, provisioner)
            return every

        doors.update(session_for=recorded_session, provisioners=named_provisioners)
        registered.update(provisioners=named_provisioners)
        indexed.update(indexed_tags=_calling_for(lambda aws, arns: f"tags:{arns[0]}", indexed_tags))
        try:
            yield
        finally:
            doors.update(session_for=session_for, provisioners=provisioners)
            registered.update(provisioners=provisioners)
            indexed.update(indexed_tags=indexed_tags)

    def _listen_to(self, base_classes: list[type], **_: Any) -> None:
        """boto3's own way to extend its clients: a class put before the others."""
        recorder = self

        class Recorded:
            def _make_api_call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
                sent, began = dict(parameters), perf_counter()
                answer: dict[str, Any] = {}
                error = "NoAnswer"
                try:
                    answer = super()._make_api_call(operation, parameters)  # type: ignore[misc]
                    error = ""
                except ClientError as refusal:
                    error = str(refusal.response.get("Error", {}).get("Code", "Unknown"))
                    raise
                finally:
                    service = str(self.meta.service_model.service_name)  # type: ignore[attr-defined]
                    recorder._calls.append(
                        RecordedCall(_task.get(), service, operation, sent, began, perf_counter(), dict(answer), error)
                    )
                return answer

        base_classes.insert(0, Recorded)


def _named(type_name: str, provisioner: Any) -> None:
    """Has the provisioner's calls carry the name of what they are made for."""

    def reading(physical_id: str, *_: Any) -> str:
        return _reading(type_name, physical_id)

    def named(method: str, task_of: Callable[..., str]) -> None:
        work = getattr(provisioner, method, None)
        if work is not None:
            setattr(provisioner, method, _calling_for(task_of, work))

    named("read", reading)
    named("tags_of", reading)
    named("described", lambda resources: _reading(type_name, resources[0].physical_id))
    named("find", lambda target: f"{Operation.CREATE}:{target.logical_id}")
    named("create", lambda target: f"{Operation.CREATE}:{target.logical_id}")
    named("update", lambda target, live: f"{Operation.UPDATE}:{target.logical_id}")
    named("delete", lambda recorded: f"{Operation.DELETE}:{recorded.logical_id}")


def tasks_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    """What each task of a run of this plan waits for, by the names that recorded calls carry.

    An update looks at its resource before it writes, so it waits for that read, and the read for what the step needs.
    """
    tasks = dict(needs(steps_of(plan)))
    for step in steps_of(plan):
        if step.operation is Operation.UPDATE and step.change.physical_id:
            look = _reading(step.change.type, step.change.physical_id)
            tasks[look], tasks[step.id] = tasks[step.id], (look,)
    return tasks


def _reading(type_name: str, physical_id: str) -> str:
    return f"read:{type_name}:{physical_id}"


def _calling_for(task_of: Callable[..., str], work: Callable[..., Any]) -> Callable[..., Any]:
    """`work`, whose calls carry the task that its arguments name, unless they are made for another already."""

    def working(*args: Any) -> Any:
        if _task.get():
            return work(*args)
        token = _task.set(task_of(*args))
        try:
            return work(*args)
        finally:
            _task.reset(token)

    return working
