"""Crash points: where, and at which moment, a worker can be killed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A place and a moment: before (nothing happened yet), inside (written, not committed) or after.

    Places are AWS calls (`call|create:JobsQueue|sqs CreateQueue|1`, the ordinal counts within the step), commits of the
    run's journal (`commit|create:JobsQueue|step.started`) and, before the first and after the last of those, every
    statement that writes and every COMMIT (`sql|closing|UPDATE deployments_lease|1`).
    """

    place: str
    moment: str
