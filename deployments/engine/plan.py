"""A plan: what will be done to an environment, as an immutable value that people read, approve and run.

The JSON form is the plan: it is stored, digested, approved and executed byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final

from deployments.engine import canonical
from deployments.engine.errors import Refused
from deployments.engine.resources import Resource

FORMAT = "1"


class PlanKind(StrEnum):
    """Why the plan was made."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    IMPORT = "import"
    DESTROY = "destroy"


class Action(StrEnum):
    """What happens to one resource."""

    CREATE = "create"
    IMPORT = "import"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    NO_CHANGE = "no-change"


class Reason(StrEnum):
    """Why it happens; the value is the code, `REASON_TEXT` the words."""

    NEW = "new"
    IMPORTED = "imported"
    DELETED_OUTSIDE = "deleted-outside"
    CONFIGURATION = "configuration"
    OUTSIDE = "outside"
    CONFIGURATION_AND_OUTSIDE = "configuration-and-outside"
    REFERENCE = "reference"
    IMMUTABLE = "immutable"
    REMOVED = "removed"
    DESTROY = "destroy"
    ALREADY_GONE = "already-gone"
    RETAINED = "retained"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    NOT_CHOSEN = "not-chosen"


REASON_TEXT: Mapping[Reason, str] = {
    Reason.NEW: "not deployed yet",
    Reason.IMPORTED: "exists already and is taken over",
    Reason.DELETED_OUTSIDE: "was deleted outside of strandsweb",
    Reason.CONFIGURATION: "the configuration changed",
    Reason.OUTSIDE: "was changed outside of strandsweb",
    Reason.CONFIGURATION_AND_OUTSIDE: "the configuration changed, and it was changed outside of strandsweb",
    Reason.REFERENCE: "a resource it refers to changes",
    Reason.IMMUTABLE: "a property changes that cannot be changed in place",
    Reason.REMOVED: "is no longer in the configuration",
    Reason.DESTROY: "the environment is being destroyed",
    Reason.ALREADY_GONE: "is already gone; only its entry in the state is removed",
    Reason.RETAINED: "is protected and stays",
    Reason.REPLACED: "was replaced by a run that did not come to its end",
    Reason.UNCHANGED: "is as configured",
    Reason.NOT_CHOSEN: "is left out of this plan",
}


class Origin(StrEnum):
    """Who made a property differ from what the plan will write."""

    CONFIGURATION = "configuration"
    OUTSIDE = "outside"
    BOTH = "both"


class Absent(Enum):
    """The type of `ABSENT`: the property is not there (`None` is a value)."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One property that will change.

    `path` is dotted (`Environment.Variables.MODEL`, `Tags.team`); `before` is the live value, `after` what will
    be written, either may be ABSENT; `after` may hold intrinsics whose value is known only after the run
    (`unknown` is then true). `replaces`: this is what forces a replacement. Sensitive values are replaced by
    a digest before they get here.
    """

    path: str
    before: Any = ABSENT
    after: Any = ABSENT
    origin: Origin = Origin.CONFIGURATION
    replaces: bool = False
    sensitive: bool = False
    unknown: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON; an ABSENT side has no key."""
        data: dict[str, Any] = {"path": self.path, "origin": self.origin.value}
        if self.before is not ABSENT:
            data["before"] = self.before
        if self.after is not ABSENT:
            data["after"] = self.after
        for flag in ("replaces", "sensitive", "unknown"):
            if getattr(self, flag):
                data[flag] = True
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PropertyChange:
        """The inverse of `as_dict`."""
        return cls(
            path=data["path"],
            before=data.get("before", ABSENT),
            after=data.get("after", ABSENT),
            origin=Origin(data["origin"]),
            replaces=data.get("replaces", False),
            sensitive=data.get("sensitive", False),
            unknown=data.get("unknown", False),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource, and why.

    `target` is what will be written (None for a deletion); `physical_id` the resource it happens to (None for a
    creation). `notes` are sentences worth reading before approval (what an agent newly may do, for example).
    Costs are US dollars a month for the fixed part, None where cost depends on use alone. `dependencies` are the
    logical ids it needs (of a deletion, those it needed); `used` those it needed so far, as recorded, where it is
    updated or replaced: what is deleted waits until it is no longer used. `awaits` are those whose old resource must be
    gone first because it has the name, or would be in the picture that is taken (`Kind.pictures`). `replaced_as` is
    set where a replacement creates first: the logical id under which the state keeps the old resource from then until
    it is deleted.
    """

    stack: str
    logical_id: str
    type: str
    action: Action
    reason: Reason
    properties: tuple[PropertyChange, ...] = ()
    physical_id: str | None = None
    data_loss: bool = False
    notes: tuple[str, ...] = ()
    cost_before: float | None = None
    cost_after: float | None = None
    target: Resource | None = None
    dependencies: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    awaits: tuple[str, ...] = ()
    replaced_as: str | None = None
    agent: str | None = None

    @property
    def drifted(self) -> bool:
        """Somebody changed or deleted it outside of strandsweb."""
        return self.reason is Reason.DELETED_OUTSIDE or any(
            change.origin is not Origin.CONFIGURATION for change in self.properties
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON; what is empty is left out."""
        full: dict[str, Any] = {
            "stack": self.stack,
            "logicalId": self.logical_id,
            "type": self.type,
            "action": self.action.value,
            "reason": self.reason.value,
            "properties": [change.as_dict() for change in self.properties],
            "physicalId": self.physical_id,
            "dataLoss": self.data_loss,
            "notes": list(self.notes),
            "costBefore": self.cost_before,
            "costAfter": self.cost_after,
            "target": self.target.as_dict() if self.target else None,
            "dependencies": list(self.dependencies),
            "used": list(self.used),
            "awaits": list(self.awaits),
            "replacedAs": self.replaced_as,
            "agent": self.agent,
        }
        return {key: value for key, value in full.items() if value is not None and value is not False and value != []}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Change:
        """The inverse of `as_dict`."""
        return cls(
            stack=data["stack"],
            logical_id=data["logicalId"],
            type=data["type"],
            action=Action(data["action"]),
            reason=Reason(data["reason"]),
            properties=tuple(PropertyChange.from_dict(entry) for entry in data.get("properties", ())),
            physical_id=data.get("physicalId"),
            data_loss=data.get("dataLoss", False),
            notes=tuple(data.get("notes", ())),
            cost_before=data.get("costBefore"),
            cost_after=data.get("costAfter"),
            target=Resource.from_dict(data["target"]) if "target" in data else None,
            dependencies=tuple(data.get("dependencies", ())),
            used=tuple(data.get("used", ())),
            awaits=tuple(data.get("awaits", ())),
            replaced_as=data.get("replacedAs"),
            agent=data.get("agent"),
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """What the plan is about and what it was made from; all of it is checked again before the first call.

    `targets` are the stacks and logical ids it is limited to; empty: everything.
    """

    kind: PlanKind
    project: str
    environment: str
    account: str
    region: str
    base_serial: int
    base_digest: str
    live_fingerprint: str
    configuration_number: int
    configuration_digest: str
    source_digest: str
    rollback_to: str | None = None
    targets: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON; `targets` only where there are any."""
        return {
            "kind": self.kind.value,
            "project": self.project,
            "environment": self.environment,
            "account": self.account,
            "region": self.region,
            "base": {"serial": self.base_serial, "digest": self.base_digest},
            "liveFingerprint": self.live_fingerprint,
            "configuration": {"number": self.configuration_number, "digest": self.configuration_digest},
            "sourceDigest": self.source_digest,
            "rollbackTo": self.rollback_to,
            **({"targets": list(self.targets)} if self.targets else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Subject:
        """The inverse of `as_dict`."""
        return cls(
            kind=PlanKind(data["kind"]),
            project=data["project"],
            environment=data["environment"],
            account=data["account"],
            region=data["region"],
            base_serial=data["base"]["serial"],
            base_digest=data["base"]["digest"],
            live_fingerprint=data["liveFingerprint"],
            configuration_number=data["configuration"]["number"],
            configuration_digest=data["configuration"]["digest"],
            source_digest=data["sourceDigest"],
            rollback_to=data["rollbackTo"],
            targets=tuple(data.get("targets", ())),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes, one per resource, in the order of their dependencies (deletions last, in reverse)."""

    subject: Subject
    changes: tuple[Change, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        """Nothing would be done."""
        return all(change.action is Action.NO_CHANGE for change in self.changes)

    @property
    def destroys_data(self) -> bool:
        """At least one change loses what a resource holds."""
        return any(change.data_loss for change in self.changes)

    def counts(self) -> dict[str, int]:
        """How many resources per action; every action has its key."""
        seen = Counter(change.action for change in self.changes)
        return {action.value: seen.get(action, 0) for action in Action}

    def monthly_usd(self) -> tuple[float, float]:
        """Fixed monthly cost before and after, US dollars."""
        before = sum(change.cost_before or 0.0 for change in self.changes)
        after = sum(change.cost_after or 0.0 for change in self.changes)
        return round(before, 4), round(after, 4)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "format": FORMAT,
            "subject": self.subject.as_dict(),
            "changes": [change.as_dict() for change in self.changes],
        }

    def to_json(self) -> str:
        """The canonical bytes people approve (as text)."""
        return canonical.dumps(self.as_dict())

    def digest(self) -> str:
        """SHA-256 of `to_json`."""
        return canonical.digest(self.as_dict())

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """The inverse of `as_dict`.

        Raises:
            Refused: another format; plans are never guessed.
        """
        if data.get("format") != FORMAT:
            raise Refused(f"plan format {data.get('format')!r} is not known here (expected {FORMAT!r})")
        return cls(
            subject=Subject.from_dict(data["subject"]),
            changes=tuple(Change.from_dict(entry) for entry in data["changes"]),
        )
