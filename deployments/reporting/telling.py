"""What a report says of one deployment, read from its record alone, so that it holds when the rows are gone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployments.engine.errors import Refused
from deployments.engine.plan import Plan
from history import layout
from history.lines import LEVELS, line
from history.metadata import Metadata
from history.models import Record
from history.reading import RecordReader, open_record
from history.steps import ENDS
from history.verification import verify_record
from history.verifier import Problem
from projects.pages import at_site

CERTIFICATE = "certificate.json"


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it ran: seconds from the start of the run, None where it never began or ended."""

    step: str
    logical_id: str
    status: str
    began: float | None
    ended: float | None
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A deployment from its proposal to its seal.

    `plan` is None where this version cannot read it. `problem` is what verifying the record found wrong just now, at
    `told_at`; `levels` counts the lines of the log by level.
    """

    row: Record
    address: str
    reader: RecordReader
    metadata: Metadata
    approvals: tuple[Mapping[str, Any], ...]
    plan: Plan | None
    steps: tuple[Step, ...]
    levels: Mapping[str, int]
    certificate: Mapping[str, Any] | None
    problem: Problem | None
    told_at: datetime

    @property
    def failed(self) -> tuple[Step, ...]:
        """The steps that went wrong by themselves."""
        return tuple(step for step in self.steps if step.error is not None)


def story_of(row: Record, address: str, now: datetime) -> Story:
    """Reads and verifies the record. `address` is the path of its page.

    Raises:
        Damaged, TooLarge, StoreUnavailable: the record cannot be read.
    """
    reader = open_record(row)
    steps, levels = _run(reader.all_events())
    return Story(
        row=row,
        address=at_site(address),
        reader=reader,
        metadata=reader.metadata(),
        approvals=tuple(reader.approvals()),
        plan=_plan(reader),
        steps=steps,
        levels=levels,
        certificate=_certificate(reader),
        problem=verify_record(row),
        told_at=now,
    )


def _plan(reader: RecordReader) -> Plan | None:
    try:
        return Plan.from_dict(reader.plan())
    except (Refused, KeyError, TypeError, ValueError):
        return None


def _certificate(reader: RecordReader) -> Mapping[str, Any] | None:
    """What a rollback came to, in records that have it."""
    if CERTIFICATE not in reader.manifest.files:
        return None
    found: Mapping[str, Any] = json.loads(reader.raw(CERTIFICATE))
    return found


def _run(events: Iterable[Mapping[str, Any]]) -> tuple[tuple[Step, ...], dict[str, int]]:
    began: dict[str, datetime] = {}
    ended: dict[str, Step] = {}
    levels = dict.fromkeys(LEVELS, 0)
    start: datetime | None = None
    for event in events:
        at = datetime.fromisoformat(event["time"])
        start = start or at
        levels[line(event).level] += 1
        step = event["step"]
        if event["code"] == "step.started":
            began.setdefault(step, at)
        elif event["code"] in ENDS:
            first = began.get(step)
            ended[step] = Step(
                step,
                event["logicalId"],
                ENDS[event["code"]],
                (first - start).total_seconds() if first else None,
                (at - start).total_seconds(),
                event["data"].get("error") if event["code"] == "step.failed" else None,
            )
    return tuple(ended.values()), levels


def files_of(story: Story) -> list[tuple[str, int, str]]:
    """Name, size in bytes and SHA-256 of every file but the logs of resources."""
    files = story.reader.manifest.files.items()
    return sorted((name, file.size, file.sha256) for name, file in files if not name.startswith(layout.LOGS))
