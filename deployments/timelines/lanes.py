"""Lanes: where each run, line, band and mark of a window is drawn (pure); the template draws them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from deployments.timelines.windows import WIDTH, Window

AXIS = 26
LANE = 58
BAR_TOP, BAR_HEIGHT = 26, 20
SMALLEST, CROWD = 12.0, 28.0
"""Widths that can be seen, and that a number fits into."""
_WORST = ("running", "failed", "cancelled", "succeeded")


@dataclass(frozen=True, slots=True)
class Run:
    """One deployment that ran; `release` is what it brought, `back_to` the run of the same lane it goes back to."""

    id: str
    environment: str
    status: str
    kind: str
    begin: datetime
    end: datetime
    by: str = ""
    what: str = ""
    release: tuple[int, str] = (0, "")
    promoted_from: str = ""
    back_to: str = ""
    recorded: bool = True


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasts: a freeze, hold or incident, in one environment or (with an empty name) in all; `key` leads
    to it. Without an end it is still going on.
    """

    kind: str
    environment: str
    begin: datetime
    end: datetime | None
    title: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened at once, in one environment."""

    kind: str
    environment: str
    at: datetime
    title: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """What is drawn of runs that lie at the same place: one as a bar, several as a number that leads to `closer`."""

    runs: tuple[Run, ...]
    x: float
    width: float
    y: float
    closer: Window | None = None

    @property
    def right(self) -> float:
        """Where it ends."""
        return round(self.x + self.width, 2)

    @property
    def run(self) -> Run:
        """The one, or the first of them."""
        return self.runs[0]

    @property
    def status(self) -> str:
        """Of several the one to look at first."""
        return min((run.status for run in self.runs), key=lambda each: _WORST.index(each) if each in _WORST else 9)

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(run.status == "failed" for run in self.runs)

    @property
    def middle(self) -> float:
        """Halfway, for a number."""
        return round(self.x + self.width / 2, 2)

    @property
    def begin(self) -> datetime:
        """When the first began."""
        return min(run.begin for run in self.runs)

    @property
    def end(self) -> datetime:
        """When the last ended."""
        return max(run.end for run in self.runs)


@dataclass(frozen=True, slots=True)
class Lane:
    """One environment."""

    name: str
    y: float
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A promotion between lanes, or a rollback inside one, as the path of an SVG."""

    kind: str
    d: str
    title: str


@dataclass(frozen=True, slots=True)
class Band:
    """A span, drawn over one lane or all."""

    span: Span
    x: float
    width: float
    y: float
    height: float
    begins: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment, drawn."""

    moment: Moment
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is drawn of a window; units are those of the SVG."""

    window: Window
    height: float
    lanes: tuple[Lane, ...]
    lines: tuple[Line, ...]
    bands: tuple[Band, ...]
    marks: tuple[Mark, ...]

    @property
    def at_x(self) -> float | None:
        """Where the marked instant is."""
        return self.window.x(self.window.at) if self.window.at else None


def layout(
    window: Window,
    environments: Sequence[str],
    runs: Iterable[Run],
    spans: Iterable[Span] = (),
    moments: Iterable[Moment] = (),
) -> Picture:
    """Lays out what touches the window, a lane for each environment in the order given."""
    of_lane: dict[str, list[Run]] = {name: [] for name in environments}
    for run in runs:
        if run.environment in of_lane and run.begin <= window.end and run.end >= window.begin:
            of_lane[run.environment].append(run)
    lanes = tuple(
        Lane(name, AXIS + LANE * index, tuple(_pieces(window, of_lane[name], AXIS + LANE * index + BAR_TOP)))
        for index, name in enumerate(of_lane)
    )
    tops = {lane.name: lane.y for lane in lanes}
    height = AXIS + LANE * len(lanes)
    marks = (
        Mark(each, window.x(each.at), tops[each.environment])
        for each in moments
        if each.environment in tops and window.holds(each.at)
    )
    return Picture(
        window, height, lanes, tuple(_lines(lanes)), tuple(_bands(window, tops, height, spans)), tuple(marks)
    )


def _pieces(window: Window, runs: Iterable[Run], y: float) -> list[Piece]:
    """From left to right; what would overlap is drawn as one."""
    pieces: list[Piece] = []
    for run in sorted(runs, key=lambda run: (run.begin, run.id)):
        piece = _piece(window, (run,), y)
        while pieces and piece.x < pieces[-1].right + 2:
            piece = _piece(window, (*pieces.pop().runs, *piece.runs), y)
        pieces.append(piece)
    return pieces


def _piece(window: Window, runs: tuple[Run, ...], y: float) -> Piece:
    left, right = window.x(min(run.begin for run in runs)), window.x(max(run.end for run in runs))
    if len(runs) == 1:
        return Piece(runs, left, round(max(right - left, SMALLEST), 2), y)
    closer = window.closer(min(run.begin for run in runs), max(run.end for run in runs))
    return Piece(runs, left, round(max(right - left, CROWD), 2), y, closer)


def _lines(lanes: Iterable[Lane]) -> Iterable[Line]:
    drawn = [(run, piece) for lane in lanes for piece in lane.pieces for run in piece.runs]
    by_id = {run.id: piece for run, piece in drawn}
    for run, piece in drawn:
        before = by_id.get(run.back_to)
        if before is not None and before is not piece:
            yield Line("rollback", _arc(piece, before), f"{run.id} goes back to {run.back_to}")
        if run.promoted_from:
            sources = [
                (source.end, source.id, place)
                for source, place in drawn
                if (source.environment, source.release, source.status) == (run.promoted_from, run.release, "succeeded")
                and source.end <= run.begin
            ]
            if sources:
                _, name, place = max(sources, key=lambda each: each[:2])
                yield Line("promotion", _curve(place, piece), f"{run.id} brings {name} from {run.promoted_from}")


def _curve(source: Piece, target: Piece) -> str:
    top, bottom = source.y + BAR_HEIGHT / 2, target.y + BAR_HEIGHT / 2
    bend = max(abs(target.x - source.right) / 2, 18)
    return f"M{source.right} {top}C{source.right + bend:.1f} {top} {target.x - bend:.1f} {bottom} {target.x} {bottom}"


def _arc(piece: Piece, before: Piece) -> str:
    middle = (piece.x + before.right) / 2
    return f"M{piece.x} {piece.y}Q{middle:.1f} {piece.y - 18} {before.right} {before.y}"


def _bands(window: Window, tops: dict[str, float], height: float, spans: Iterable[Span]) -> Iterable[Band]:
    for span in spans:
        ended = span.end is not None and span.end < window.begin
        if ended or span.begin > window.end or (span.environment and span.environment not in tops):
            continue
        left = window.x(span.begin)
        right = window.x(span.end) if span.end and span.end < window.end else WIDTH
        top, tall = (tops[span.environment], LANE) if span.environment else (AXIS, height - AXIS)
        yield Band(span, left, round(max(right - left, 3), 2), top, tall, span.begin >= window.begin)
