"""A log as a download: the lines that a filter keeps, as text or as the events themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from history.canonical import dumps
from history.lines import Line, line
from history.logs.events import EventLog
from history.logs.search import STRIDE, Filter


def as_text(log: EventLog, wanted: Filter) -> Iterator[bytes]:
    """One line each, time and level first; what continues a line is indented, so that no text can pass for a line."""
    for read, _ in _kept(log, wanted):
        words = f"{read.time} {read.level.upper():7} {read.subject}{': ' if read.subject else ''}{read.text}"
        yield words.replace("\n", "\n    ").encode() + b"\n"


def as_json_lines(log: EventLog, wanted: Filter) -> Iterator[bytes]:
    """The events as a record's `execution-log.jsonl` has them."""
    for _, event in _kept(log, wanted):
        yield event


KINDS: dict[str, tuple[Callable[[EventLog, Filter], Iterator[bytes]], str]] = {
    "txt": (as_text, "text/plain; charset=utf-8"),
    "jsonl": (as_json_lines, "application/x-ndjson; charset=utf-8"),
}
"""By ending: what makes it, and its content type."""


def _kept(log: EventLog, wanted: Filter) -> Iterator[tuple[Line, bytes]]:
    after, until = 0, log.last  # of a run that goes on, what comes meanwhile is left to the next download
    while after < until:
        for event in log.read(after, min(STRIDE, until - after)):
            after = event["number"]
            if wanted.keeps(read := line(event)):
                yield read, dumps(event) + b"\n"
