"""A recorded run, ready to be shown as it was after any of its events, from the record alone."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployments.engine.errors import Refused
from deployments.engine.events import Code, Event
from deployments.engine.graph import Graph
from deployments.engine.plan import Plan
from deployments.engine.steps import needs, steps_of
from deployments.engine.story import Status, StepStory, Story, fold
from deployments.run_view import MAX_LINES, Progress, RunView
from history import layout
from history.cache import DigestCache
from history.lines import line
from history.metadata import Metadata
from history.reading import Damaged, RecordReader

STRIDE = 500
"""Events between two stories that are kept: so many have to be folded, at most, to show any number."""
CACHE_BYTES = 64 * 1024 * 1024
"""Of the events that tapes were made of; a tape itself takes less."""

_MOMENTS = {Code.STEP_FAILED: "failure", Code.RUN_RESUMED: "resumed", Code.RUN_CANCELLING: "cancelling"}
_KNOWN = frozenset(code.value for code in Code)
_tapes = DigestCache(CACHE_BYTES)


@dataclass(frozen=True, slots=True)
class Moment:
    """An event worth jumping to: `kind` is failure, resumed or cancelling; `at` milliseconds into the run."""

    number: int
    at: int
    kind: str
    text: str

    @property
    def seconds(self) -> float:
        """Into the run."""
        return self.at / 1000


@dataclass(frozen=True, slots=True)
class Tape:
    """One recorded run; shared between requests, never changed.

    `at` holds the milliseconds into the run of every event, from number 1 on, never falling; `spoken` the numbers of
    those that the page's log shows; `stories` the run as it was after every `STRIDE` events, from none on.
    """

    metadata: Metadata
    began: datetime
    lines: Sequence[bytes]
    at: array[int]
    spoken: array[int]
    moments: tuple[Moment, ...]
    stories: tuple[Story, ...]
    needs: Graph

    @property
    def last(self) -> int:
        """The number of the last event; 0 where the run did not come to its first."""
        return len(self.lines)

    @property
    def milliseconds(self) -> int:
        """How long it takes at its own pace."""
        return max(self.time_of(self.last), round(self.metadata.duration_seconds * 1000))

    def time_of(self, number: int) -> int:
        """Milliseconds into the run at which that event came; 0 before the first."""
        return self.at[number - 1] if number else 0

    def number_at(self, milliseconds: int) -> int:
        """The last event that had come by then."""
        return self.last if milliseconds >= self.milliseconds else bisect_right(self.at, milliseconds)

    def story(self, number: int) -> Story:
        """The run as it was after that event: every step with its status, times and error."""
        kept = number // STRIDE
        return fold(self.events(kept * STRIDE, number), self.stories[kept])

    def view(self, number: int) -> RunView:
        """What a page showed after that event."""
        told = self.story(number)
        return self._view(told, number, tuple(told.steps.values()), after=0)

    def frame(self, told: Story, after: int, number: int) -> RunView:
        """What the news of event `number` brought a page that showed `after`; the story is told up to there."""
        touched = {event.step for event in self.events(after, number) if event.code.startswith("step.")}
        return self._view(told, number, tuple(step for step in told.steps.values() if step.id in touched), after)

    def events(self, after: int, until: int) -> Iterator[Event]:
        """Those behind one number, up to another; what this version does not know is passed over."""
        return (event for text in self.lines[after:until] if (event := _event(json.loads(text))) is not None)

    def _view(self, told: Story, number: int, steps: tuple[StepStory, ...], after: int) -> RunView:
        first, end = bisect_right(self.spoken, after), bisect_right(self.spoken, number)
        spoken = self.spoken[max(first, end - MAX_LINES) : end]
        return RunView(
            public_id=self.metadata.deployment_id,
            number=number,
            progress=self._progress(told, number),
            steps=steps,
            lines=tuple(line(json.loads(self.lines[each - 1])) for each in spoken),
        )

    def _progress(self, told: Story, number: int) -> Progress:
        over = number == self.last
        return Progress(
            status=self.metadata.status if over else Status.RUNNING.value,
            counts=told.counts(),
            calls=told.reads + told.writes,
            started_at=self.began,
            elapsed=self.time_of(number) / 1000,
            seconds=self.metadata.duration_seconds if over else None,
            critical_path_seconds=told.critical_path(self.needs)[0] if over else 0.0,
        )


def tape_of(reader: RecordReader) -> Tape:
    """The tape of a record, made once.

    Raises:
        Damaged: its events are not such as this version knows; TooLarge and StoreUnavailable as every reading.
    """
    size = sum(
        reader.manifest.files[name].size for name in (layout.EVENTS, layout.PLAN) if name in reader.manifest.files
    )
    return _tapes.get("tape", reader.manifest.digest(), size, lambda: _made(reader))


def _made(reader: RecordReader) -> Tape:
    try:
        return _tape(reader)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"the events of {reader.manifest.deployment_id} cannot be played: {error!r}") from error


def _tape(reader: RecordReader) -> Tape:
    metadata, lines = reader.metadata(), reader.event_lines()
    began = datetime.fromisoformat(metadata.started_at)
    edges, told = _planned(reader.plan())
    at, spoken, moments, stories = array("q"), array("q"), list[Moment](), [told]
    heard: list[Event] = []
    for number, text in enumerate(lines, 1):
        raw = json.loads(text)
        since = round((datetime.fromisoformat(raw["time"]) - began).total_seconds() * 1000)
        at.append(max(since, at[-1] if at else 0))  # threads tell out of order, by a millisecond or two
        if raw["code"] != Code.CALL_ENDED:
            spoken.append(number)
        event = _event(raw)
        if event is not None:
            heard.append(event)
            if event.code in _MOMENTS:
                moments.append(Moment(number, at[-1], _MOMENTS[event.code], _sentence(raw)))
        if number % STRIDE == 0:
            told = fold(heard, told)
            stories.append(told)
            heard = []
    return Tape(metadata, began, lines, at, spoken, tuple(moments), tuple(stories), edges)


def _sentence(raw: dict[str, Any]) -> str:
    said = line(raw)
    return f"{said.subject}: {said.text}" if said.subject else said.text


def _planned(plan: dict[str, Any]) -> tuple[Graph, Story]:
    """The run before its first event, and what each step waits for; neither, where the plan cannot be read."""
    try:
        steps = steps_of(Plan.from_dict(plan))
    except (Refused, ValueError, KeyError, TypeError, AttributeError):
        return {}, Story()
    pending = {
        step.id: StepStory(step.id, step.logical_id, operation=step.operation.value, type=step.change.type)
        for step in steps
    }
    return needs(steps), Story(planned_steps=len(steps), steps=pending)


def _event(raw: dict[str, Any]) -> Event | None:
    return Event.from_dict(raw) if raw["code"] in _KNOWN else None
