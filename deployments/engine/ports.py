"""The engine's doors to the world: what a provisioner, a ledger, a clock and a control must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from deployments.engine.events import Event
from deployments.engine.kinds import Kind
from deployments.engine.state import StateResource

OWNER_TAGS = ("strands:project", "strands:environment")
"""What is tagged with the same values is ours."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a resource is to become: properties resolved, all tags together.

    `token` is the same for every attempt at the same step of the same run, and different for any other: use it
    as the service's client token where there is one. `besides` are the physical ids of what it takes the place of: a
    search by tags finds these, too, but no attempt at this target made them.
    """

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    besides: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a create or update: the physical id, and what `Fn::GetAtt` answers."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as the cloud reports it now.

    `properties` in CloudFormation's names, defaults included; `tags` all of them but the cloud's own (`aws:`).
    """

    physical_id: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One finished call of the cloud's API (with all its attempts).

    `service` and `operation` as boto3 and CloudTrail spell them (`lambda`, `CreateFunction`); `status` the last
    HTTP status, 0 when there was no answer; `error` the cloud's code or ""; `write` is false for reads.
    """

    service: str
    operation: str
    seconds: float
    status: int
    attempts: int
    request_id: str = ""
    write: bool = False
    error: str = ""


class Listener(Protocol):
    """Who hears of calls while they happen; called from any thread, must not block.

    The executor's `Inbox` is one: it knows from the calling thread which step a call belongs to.
    """

    def call_ended(self, call: Call) -> None:
        """A call of the cloud's API has ended, well or badly."""

    def log(self, level: str, message: str) -> None:
        """A sentence for the run's log; `level` is info, warning or error."""


class Provisioner(Protocol):
    """How one kind of resource is read, made, changed and removed.

    All methods may be called from any thread and raise `errors.CloudError` when the cloud refuses for good;
    retries happen below them.
    """

    @property
    def kind(self) -> Kind:
        """The facts the planner needs."""

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        """The resource as it is now, or None when it does not exist.

        `properties` are the recorded ones (a sub-resource needs its parent's id from them).
        """

    def find(self, target: Target) -> Live | None:
        """What a `create` of this target would have made, looked up by its deterministic name, tag or key.

        A kind that is searched for by tags passes over the target's `besides`.
        """

    def create(self, target: Target) -> Made:
        """Makes it. Safe to repeat: what an interrupted attempt left behind is finished, never doubled.

        Something of the same name that is not ours (its `strands:project` and `strands:environment` tags
        differ from the target's) is never touched: that is a CONFLICT.
        """

    def update(self, target: Target, live: Live) -> Made:
        """Brings `live` to `target`, calling only what differs. Tags included."""

    def delete(self, recorded: StateResource) -> None:
        """Removes it; being absent already is success. Returns when it is gone."""


Provisioners = Mapping[str, Provisioner]
"""By CloudFormation type."""


class Ledger(Protocol):
    """Where a run is written down."""

    def commit(
        self, events: Sequence[Event], *, put: Sequence[StateResource] = (), removed: Sequence[str] = ()
    ) -> None:
        """Makes events and the state they made durable, together, before it returns.

        `put` are resources to write into the state, `removed` logical ids to take out.

        Raises:
            LostLease: another worker owns the environment; nothing was written.
        """


class Control(Protocol):
    """What may end a run early."""

    def cancelled_by(self) -> str | None:
        """Who asked to stop (text for people), or None.

        Called at least several times a second from the thread that writes, until the run's end; must be cheap. What it
        raises (LostLease) ends the run as if the ledger had raised it.
        """


class Clock(Protocol):
    """Time, as arguments."""

    def now(self) -> str:
        """The current instant, ISO 8601 UTC with milliseconds: `2025-11-19T10:30:00.123Z`."""

    def monotonic(self) -> float:
        """Seconds that never go back."""
