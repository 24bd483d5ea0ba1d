"""How long each step of a recorded run took, from its events (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ENDS = {
    "step.succeeded": "succeeded",
    "step.failed": "failed",
    "step.skipped": "skipped",
    "step.cancelled": "cancelled",
}


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step ended; `seconds` is None where it never ran."""

    step: str
    logical_id: str
    status: str
    seconds: float | None


def step_results(events: Iterable[Mapping[str, Any]]) -> dict[str, StepResult]:
    """Every step that ended, by its id, in the order they ended."""
    results: dict[str, StepResult] = {}
    for event in events:
        if (status := ENDS.get(event["code"])) is not None:
            seconds = event["data"].get("seconds")
            results[event["step"]] = StepResult(event["step"], event["logicalId"], status, seconds)
    return results
