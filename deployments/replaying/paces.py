"""The steps of two runs beside each other, and which took longer where (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from deployments.engine.story import Story

SHOWN = 25
WIDTH = 100


@dataclass(frozen=True, slots=True)
class Pace:
    """One step in both runs: its seconds in each, None where it did not run, and bars of up to `WIDTH` units."""

    step: str
    left: float | None
    right: float | None
    left_bar: float
    right_bar: float

    @property
    def difference(self) -> float | None:
        """Seconds that it took longer on the right; None where only one of them ran it."""
        return None if self.left is None or self.right is None else self.right - self.left


def paces(left: Story, right: Story) -> tuple[list[Pace], int]:
    """The steps that differ most in time, the most first, then those that only one ran; and how many more there are."""
    ids = dict.fromkeys([*left.steps, *right.steps])
    pairs = {step: (_seconds(left, step), _seconds(right, step)) for step in ids}
    ran = {step: pair for step, pair in pairs.items() if pair != (None, None)}
    longest = max((seconds or 0.0 for pair in ran.values() for seconds in pair), default=0.0) or 1.0
    found = [
        Pace(step, ours, theirs, WIDTH * (ours or 0.0) / longest, WIDTH * (theirs or 0.0) / longest)
        for step, (ours, theirs) in ran.items()
    ]
    found.sort(key=lambda pace: (pace.difference is None, -abs(pace.difference or 0.0), pace.step))
    return found[:SHOWN], max(0, len(found) - SHOWN)


def _seconds(story: Story, step: str) -> float | None:
    told = story.steps.get(step)
    return told.seconds if told else None
