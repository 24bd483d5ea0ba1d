"""What a run's events amount to: every step's status and duration, counts, calls and the critical path.

Pages, the shell and the record all tell it from the same fold, whether the run is under way, over, or replayed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from deployments.engine import graph
from deployments.engine.clock import seconds_between
from deployments.engine.events import Code, Event


class Status(StrEnum):
    """Where a step or a run is in its life."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


ENDED_AS: Mapping[Code, Status] = {
    Code.STEP_SUCCEEDED: Status.SUCCEEDED,
    Code.STEP_FAILED: Status.FAILED,
    Code.STEP_SKIPPED: Status.SKIPPED,
    Code.STEP_CANCELLED: Status.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class StepStory:
    """One step so far. Instants are ISO 8601; `seconds` is the time its work took, None while it runs."""

    id: str
    logical_id: str
    status: Status = Status.PENDING
    action: str = ""
    operation: str = ""
    type: str = ""
    physical_id: str | None = None
    started: str = ""
    ended: str = ""
    seconds: float | None = None
    adopted: bool = False
    because: tuple[str, ...] = ()
    error: Mapping[str, Any] | None = None
    reads: int = 0
    writes: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """A run so far. `number` is the last event's; `steps` holds every step that was heard of, by id."""

    number: int = 0
    status: Status = Status.PENDING
    planned_steps: int = 0
    worker: str = ""
    resumed: int = 0
    cancelled_by: str = ""
    started: str = ""
    ended: str = ""
    reads: int = 0
    writes: int = 0
    steps: Mapping[str, StepStory] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """How many steps are in each status; those not heard of yet are pending."""
        seen = Counter(step.status for step in self.steps.values())
        seen[Status.PENDING] += max(0, self.planned_steps - len(self.steps))
        return {status.value: seen[status] for status in Status}

    def seconds(self, now: str = "") -> float:
        """From the start to the end, or to `now` while it runs."""
        end = self.ended or now
        return seconds_between(self.started, end) if self.started and end else 0.0

    def aws_calls(self) -> dict[str, int]:
        """Calls by kind: `{"read": 12, "write": 30}`."""
        return {"read": self.reads, "write": self.writes}

    def critical_path(self, steps: graph.Graph) -> tuple[float, tuple[str, ...]]:
        """The longest chain of step durations along the step graph (`steps.needs`): its seconds and step ids."""
        return graph.critical_path(steps, {step.id: step.seconds or 0.0 for step in self.steps.values()})


def fold(events: Iterable[Event], onto: Story | None = None) -> Story:
    """The story of these events, continuing `onto`; what it already knows (by number) is passed over."""
    story = onto or Story()
    steps = dict(story.steps)
    for event in events:
        if event.number <= story.number:
            continue
        if event.step:
            steps[event.step] = _step(steps.get(event.step) or StepStory(event.step, event.logical_id), event)
        story = _run(replace(story, number=event.number), event)
    return replace(story, steps=steps)


def apply(story: Story, event: Event) -> Story:
    """The story after one more event."""
    return fold((event,), story)


def _step(step: StepStory, event: Event) -> StepStory:
    data = event.data
    match event.code:
        case Code.STEP_STARTED:
            return replace(
                step,
                status=Status.RUNNING,
                started=event.time,
                action=data.get("action", ""),
                operation=data.get("operation", step.operation),
                type=data.get("type", step.type),
                physical_id=data.get("physicalId"),
            )
        case Code.STEP_SUCCEEDED | Code.STEP_FAILED | Code.STEP_SKIPPED | Code.STEP_CANCELLED:
            return replace(
                step,
                status=ENDED_AS[event.code],
                ended=event.time,
                seconds=data.get("seconds"),
                physical_id=data.get("physicalId") or step.physical_id,
                adopted=data.get("adopted", False),
                because=tuple(data.get("because", ())),
                error=data.get("error"),
            )
        case Code.CALL_ENDED if data.get("write"):
            return replace(step, writes=step.writes + 1)
        case Code.CALL_ENDED:
            return replace(step, reads=step.reads + 1)
        case _:
            return step


def _run(story: Story, event: Event) -> Story:
    data = event.data
    match event.code:
        case Code.RUN_STARTED:
            return replace(
                story,
                status=Status.RUNNING,
                started=event.time,
                worker=data.get("worker", ""),
                planned_steps=data.get("steps", 0),
            )
        case Code.RUN_RESUMED:
            return replace(story, worker=data.get("worker", ""), resumed=story.resumed + 1)
        case Code.RUN_CANCELLING:
            return replace(story, cancelled_by=data.get("by", ""))
        case Code.RUN_ENDED:
            return replace(story, status=Status(data["status"]), ended=event.time)
        case Code.CALL_ENDED if data.get("write"):
            return replace(story, writes=story.writes + 1)
        case Code.CALL_ENDED:
            return replace(story, reads=story.reads + 1)
        case _:
            return story
