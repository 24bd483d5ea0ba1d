"""Where a replay stands, where its buttons lead, and the frames that come next (pure over tapes)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string

from deployments.engine.story import fold
from deployments.replaying.tape import Moment, Tape
from deployments.run_view import RunView
from history.models import Record
from projects.models import Project

SPEEDS = (1, 2, 5, 10, 30, 60)
FRAMES = 40
"""Frames of one answer, at most."""
EVENTS = 4_000
"""Events that one answer looks at, at most."""
BARS = 100
MARKS = 50
"""Moments that are marked, at most; a run with more failures is marked at the first of them."""
WIDTH = 1000
"""Of the picture above the slider, in its own units."""


@dataclass(frozen=True, slots=True)
class Track:
    """One run of a replay, at an event; `pre` keeps the ids of its elements apart from the other run's."""

    record: Record
    tape: Tape
    number: int
    pre: str = ""

    @property
    def at(self) -> int:
        """Milliseconds into the run of the event it stands at."""
        return self.tape.time_of(self.number)

    @property
    def run(self) -> RunView:
        """What the page showed then."""
        return self.tape.view(self.number)


@dataclass(frozen=True, slots=True)
class Frame:
    """What happens next: at `at` milliseconds into the run `html` brings a page to event `number`."""

    number: int
    at: int
    html: str


@dataclass(frozen=True, slots=True)
class Bar:
    """How busy a hundredth of the time was: places and heights in the picture's units, heights up to 20."""

    x: int
    y: float
    height: float


def asked_time(tapes: Sequence[Tape], query: Mapping[str, str]) -> int | None:
    """The milliseconds that the query asks for, by `time` and by where `go` leads from there; None for neither.

    `go` is next, previous, failure, failure-before, start or end; anything else leads nowhere. Behind the last failure
    comes the first.
    """
    time, most = _number(query.get("time", "")), max(tape.milliseconds for tape in tapes)
    if time is None and not query.get("go"):
        return None
    time = min(time or 0, most)
    failures = sorted(moment.at for tape in tapes for moment in tape.moments if moment.kind == "failure")
    match query.get("go", ""):
        case "next":
            later = (tape.at[number] for tape in tapes if (number := tape.number_at(time)) < tape.last)
            return min(later, default=most)
        case "previous":
            earlier = (tape.at[index - 1] for tape in tapes if (index := bisect_left(tape.at, time)))
            return max(earlier, default=0)
        case "failure":
            return next((at for at in failures if at > time), min(failures, default=time))
        case "failure-before":
            return next((at for at in reversed(failures) if at < time), max(failures, default=time))
        case "start":
            return 0
        case "end":
            return most
    return time


def asked_number(tape: Tape, query: Mapping[str, str]) -> int:
    """The event that the query asks for, by `at` or `time`, and by where `go` leads from there; 0 for neither."""
    at = _number(query.get("at", ""))
    if at is None:
        time = asked_time([tape], {"time": query.get("time", "")})
        at = 0 if time is None else tape.number_at(time)
    at = min(at, tape.last)
    failures = [moment.number for moment in tape.moments if moment.kind == "failure"]
    match query.get("go", ""):
        case "next":
            return min(at + 1, tape.last)
        case "previous":
            return max(at - 1, 0)
        case "failure":
            return next((number for number in failures if number > at), min(failures, default=at))
        case "failure-before":
            return next((number for number in reversed(failures) if number < at), max(failures, default=at))
        case "start":
            return 0
        case "end":
            return tape.last
    return at


def frames(project: Project, tape: Tape, *, pre: str, after: int, merged: int) -> list[Frame]:
    """The frames behind event `after`; what comes within `merged` milliseconds is one frame (0: one per event)."""
    found: list[Frame] = []
    told, number, end = tape.story(after), after, min(tape.last, after + EVENTS)
    while number < end and len(found) < FRAMES:
        until = max(number + 1, tape.number_at(tape.at[number] + merged)) if merged else number + 1
        until = min(until, end)
        told = fold(tape.events(number, until), told)
        html = render_to_string(
            "deployments/deployment.html#news",
            {
                "project": project,
                "run": tape.frame(told, number, until),
                "pre": pre,
                "after": number,
                "last": until,
                "oob": True,
            },
        )
        found.append(Frame(until, tape.time_of(until), html))
        number = until
    return found


def bars(tapes: Sequence[Tape]) -> list[Bar]:
    """How many events came in each hundredth of the longest run's time; empty for a run without any."""
    most = max(tape.milliseconds for tape in tapes) or 1
    heights = [0] * BARS
    for tape in tapes:
        edges = [bisect_left(tape.at, most * each / BARS) for each in range(BARS)] + [tape.last]
        for each in range(BARS):
            heights[each] += edges[each + 1] - edges[each]
    highest = max(heights) or 1
    return [
        Bar(each * WIDTH // BARS, 20 - (height := max(2.0, round(20 * count / highest, 1))), height)
        for each, count in enumerate(heights)
        if count
    ]


def marks(tapes: Sequence[Tape]) -> list[tuple[int, Moment]]:
    """The first moments of all runs, by time, each with its place in the picture."""
    most = max(tape.milliseconds for tape in tapes) or 1
    found = sorted((moment for tape in tapes for moment in tape.moments), key=lambda moment: moment.at)
    return [(moment.at * WIDTH // most, moment) for moment in found[:MARKS]]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
