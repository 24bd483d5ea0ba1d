"""What a run tells: numbered, coded events; one schema for live page, record, replay and tests.

The event log is also the journal: `step.started` is durable before the step's first call, and its outcome is
durable (with the state it made) before anything that depends on it starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """What happened. `data` of each, beside the event's own fields:

    RUN_STARTED     steps (int), worker (text)
    RUN_RESUMED     worker (text), pending (list of step ids that had started and not ended)
    STEP_STARTED    action, type, operation (create | update | delete), physicalId (or null), token
    STEP_SUCCEEDED  physicalId, seconds (float), adopted (bool)
    STEP_FAILED     seconds, error (CloudError.as_dict(), or message and category only)
    STEP_SKIPPED    because (the step ids that failed or were cancelled)
    STEP_CANCELLED
    CALL_ENDED      service, operation, seconds, status (int), attempts (int), requestId, write (bool),
                    error (code or "")
    LOG             level (info | warning | error), message
    RUN_CANCELLING  by (text)
    RUN_ENDED       status (succeeded | failed | cancelled), seconds, counts {succeeded, failed, skipped, cancelled}
    """

    RUN_STARTED = "run.started"
    RUN_RESUMED = "run.resumed"
    STEP_STARTED = "step.started"
    STEP_SUCCEEDED = "step.succeeded"
    STEP_FAILED = "step.failed"
    STEP_SKIPPED = "step.skipped"
    STEP_CANCELLED = "step.cancelled"
    CALL_ENDED = "call.ended"
    LOG = "log"
    RUN_CANCELLING = "run.cancelling"
    RUN_ENDED = "run.ended"


STEP_ENDS = frozenset({Code.STEP_SUCCEEDED, Code.STEP_FAILED, Code.STEP_SKIPPED, Code.STEP_CANCELLED})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a run.

    `number` counts from 1 without gaps; `time` is ISO 8601 UTC with milliseconds; `step` is the step's id or ""
    for the run itself; `logical_id` the resource's.
    """

    number: int
    time: str
    code: Code
    step: str = ""
    logical_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """One line of `execution-log.jsonl`."""
        return {
            "number": self.number,
            "time": self.time,
            "code": self.code.value,
            "step": self.step,
            "logicalId": self.logical_id,
            "data": dict(self.data),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Event:
        """The inverse of `as_dict`."""
        return cls(
            number=data["number"],
            time=data["time"],
            code=Code(data["code"]),
            step=data["step"],
            logical_id=data["logicalId"],
            data=data["data"],
        )
