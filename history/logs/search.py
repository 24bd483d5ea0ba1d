"""The lines of a log that a filter keeps: so many of them, looked for so far and no further (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from history.lines import Line, line
from history.logs.events import EventLog

LINES = 200
"""Of one page."""
LOOKED = 10_000
"""Events that are looked at for one page, at most."""
STRIDE = 500


@dataclass(frozen=True, slots=True)
class Filter:
    """What is wanted of a log; an empty part wants everything. `text` is found in upper or lower case alike."""

    levels: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    text: str = ""

    def keeps(self, line: Line) -> bool:
        """Whether the line is wanted."""
        if self.levels and line.level not in self.levels:
            return False
        if self.resources and line.subject not in self.resources:
            return False
        return not self.text or self.text.casefold() in f"{line.subject} {line.text}".casefold()

    def __bool__(self) -> bool:
        return bool(self.levels or self.resources or self.text)

    @property
    def query(self) -> str:
        """As an address says it."""
        parts = [("level", level) for level in sorted(self.levels)]
        parts += [("resource", resource) for resource in sorted(self.resources)]
        return urlencode(parts + ([("text", self.text)] if self.text else []))


@dataclass(frozen=True, slots=True)
class Found:
    """Lines in order; looked at were the events `first` to `last` of `total`."""

    lines: tuple[Line, ...]
    first: int
    last: int
    total: int

    @property
    def older(self) -> bool:
        """There are events before those that were looked at."""
        return self.first > 1

    @property
    def newer(self) -> bool:
        """There are events behind them."""
        return self.last < self.total


def forward(log: EventLog, wanted: Filter, after: int) -> Found:
    """The first lines behind a number."""
    total, lines = log.last, list[Line]()
    last = after = min(after, total)
    for read in lines_of(log, after, min(total, after + LOOKED)):
        last = read.number
        if wanted.keeps(read):
            lines.append(read)
            if len(lines) == LINES:
                break
    return Found(tuple(lines), min(after + 1, total), last, total)


def backward(log: EventLog, wanted: Filter, before: int) -> Found:
    """The last lines before a number."""
    total, lines = log.last, list[Line]()
    first = before = min(before, total + 1)
    least = max(1, before - LOOKED)
    while first > least and len(lines) < LINES:
        start = max(least, first - STRIDE)
        for read in reversed(list(lines_of(log, start - 1, first - 1))):
            first = read.number
            if wanted.keeps(read):
                lines.append(read)
                if len(lines) == LINES:
                    break
    return Found(tuple(reversed(lines)), first, before - 1, total)


def lines_of(log: EventLog, after: int, until: int) -> Iterator[Line]:
    """All lines behind one number, up to another."""
    while after < until:
        events = log.read(after, min(STRIDE, until - after))
        if not events:
            return
        yield from map(line, events)
        after = events[-1]["number"]
