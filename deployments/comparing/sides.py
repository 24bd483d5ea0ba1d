"""One of the two sides, loaded: what a comparison needs to know of a record or an environment (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deployments.comparing.references import Kind, Reference
from history.metadata import Metadata
from history.steps import StepResult

Entry = Mapping[str, Any]
"""A resource as a state file has it, with its `stack`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a side is: two sides of one place differ by what was done, those of two by where they are, too."""

    project: str
    environment: str
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Side:
    """One side.

    `stands_for` is the record behind it, None where an environment was never deployed; `metadata`, approvals and steps
    are that record's. `resources` are by logical id. `read_at` is when a live side was read, `fingerprint` what it was
    then. `agents` maps names of agents to their folders in the source bundle.
    """

    reference: Reference
    place: Place
    sequence: int | None = None
    stands_for: Reference | None = None
    metadata: Metadata | None = None
    config_text: str = ""
    source_digest: str = ""
    resources: Mapping[str, Entry] = field(default_factory=dict)
    approvals: Sequence[Mapping[str, Any]] = ()
    steps: Mapping[str, StepResult] = field(default_factory=dict)
    read_at: datetime | None = None
    fingerprint: str = ""

    @property
    def title(self) -> str:
        """`dev 12`, `dev as recorded now`, `dev live`."""
        match self.reference.kind:
            case Kind.RECORD:
                return f"{self.place.environment} {self.sequence}"
            case Kind.ENVIRONMENT:
                return f"{self.place.environment} as recorded now"
            case Kind.LIVE:
                return f"{self.place.environment} live"


def entries_of(state: Mapping[str, Any]) -> dict[str, Entry]:
    """The resources of a state file by logical id."""
    return {
        logical_id: {**entry, "stack": stack}
        for stack, body in state["stacks"].items()
        for logical_id, entry in body["resources"].items()
    }
