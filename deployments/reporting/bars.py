"""The steps of a run as bars over time, as a picture on paper."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log10

from reportlab.graphics.shapes import Drawing, Line, Rect, String

from deployments.reporting.telling import Step
from history.printing.lettering import TEXT, plain
from history.printing.paper import COLOURS, FAINT, INK, RULE, WIDTH

ROW, NAMES, FOOT = 11.0, 150.0, 14.0
TICKS = 6
_COLOUR = {"succeeded": "good", "failed": "bad", "skipped": "faint", "cancelled": "doubtful"}


def bars(steps: Sequence[Step], total_seconds: float) -> Drawing:
    """One row per step with its name, its bar and how long it took; what never ran has a word in its place."""
    height = len(steps) * ROW + FOOT
    drawing = Drawing(WIDTH, height)
    room = WIDTH - NAMES - 40
    scale = room / max(total_seconds, 0.001)
    interval = _interval(total_seconds)
    for tick in range(int(total_seconds / interval) + 1):
        x = NAMES + tick * interval * scale
        drawing.add(Line(x, FOOT, x, height, strokeColor=RULE, strokeWidth=0.4))
        drawing.add(String(x, 3, f"{tick * interval:g} s", fontName=TEXT, fontSize=6, fillColor=FAINT))
    for number, step in enumerate(steps):
        y = height - (number + 1) * ROW
        name = f"{step.step.partition(':')[0]} {step.logical_id}"
        drawing.add(String(0, y + 3, plain(name, 34), fontName=TEXT, fontSize=6.5, fillColor=INK))
        colour = COLOURS[_COLOUR.get(step.status, "plain")]
        if step.began is None or step.ended is None:
            drawing.add(String(NAMES, y + 3, step.status, fontName=TEXT, fontSize=6.5, fillColor=colour))
            continue
        x, width = NAMES + step.began * scale, max((step.ended - step.began) * scale, 0.8)
        bar = Rect(x, y + 2, width, ROW - 4, rx=1)
        bar.fillColor, bar.strokeColor = colour, None
        drawing.add(bar)
        said = f"{step.ended - step.began:.1f} s" + ("" if step.status == "succeeded" else f", {step.status}")
        drawing.add(String(x + width + 3, y + 3, said, fontName=TEXT, fontSize=6, fillColor=FAINT))
    return drawing


def _interval(total_seconds: float) -> float:
    """Seconds between two ticks: 1, 2 or 5 times a power of ten, so that there are few."""
    rough = max(total_seconds, 0.001) / TICKS
    power = 10.0 ** (ceil(log10(rough)) - 1)
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
