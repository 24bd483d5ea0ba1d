"""The protection of one environment: what is asked of a plan, of its approvals, and of the hour."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from projects.roles import Role

FORMAT = "1"


class Day(StrEnum):
    """A day of the week, in the order of `date.weekday()`."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


class Running(StrEnum):
    """What a freeze does to deployments that run when it begins."""

    FINISH = "finish"
    END = "end"


@dataclass(frozen=True, slots=True)
class Requirement:
    """So many people have to approve, each of them named, or of one of the groups, or of one of the roles.

    `people` are usernames, `groups` names of groups of the project. Where nothing is named, whoever may approve will
    do; where something is, those still have to be people who may approve.
    """

    count: int = 1
    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "count": self.count,
            "people": list(self.people),
            "groups": list(self.groups),
            "roles": [role.value for role in self.roles],
        }


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one plan may do; None sets no limit.

    `monthly_increase_usd` is of the fixed cost, `new_permissions` are of IAM. A plan over budget needs `more_approvals`
    people on top, or is refused.
    """

    deletes: int | None = None
    replaced_stateful: int | None = None
    monthly_increase_usd: float | None = None
    new_permissions: int | None = None
    resources: int | None = None
    more_approvals: int = 1
    refuses: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "deletes": self.deletes,
            "replacedStateful": self.replaced_stateful,
            "monthlyIncreaseUsd": self.monthly_increase_usd,
            "newPermissions": self.new_permissions,
            "resources": self.resources,
            "moreApprovals": self.more_approvals,
            "refuses": self.refuses,
        }


@dataclass(frozen=True, slots=True)
class Once:
    """From one local time to another, the second not included; both without a zone, the freeze has it."""

    start: datetime
    end: datetime

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"start": self.start.isoformat("T", "minutes"), "end": self.end.isoformat("T", "minutes")}


@dataclass(frozen=True, slots=True)
class Weekly:
    """On these days from that local time on; at most a week long, by the clock on the wall."""

    days: tuple[Day, ...]
    at: time
    minutes: int

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "days": [day.value for day in self.days],
            "at": self.at.isoformat("minutes"),
            "minutes": self.minutes,
        }


@dataclass(frozen=True, slots=True)
class Cron:
    """From each time on that cron's five fields name (see `cron.timetable`); at most a week long, as `Weekly`."""

    expression: str
    minutes: int

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"expression": self.expression, "minutes": self.minutes}


@dataclass(frozen=True, slots=True)
class Freeze:
    """When nothing may start; `zone` is a name of the IANA time zone database."""

    name: str
    zone: str
    when: Once | Weekly | Cron
    running: Running = Running.FINISH

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON; `once`, `weekly` or `cron` holds the time."""
        kind = type(self.when).__name__.lower()
        return {"name": self.name, "zone": self.zone, "running": self.running.value, kind: self.when.as_dict()}


@dataclass(frozen=True, slots=True)
class Protection:
    """Everything an environment asks for; the one without arguments asks for nothing.

    `promoted_from` and `upstream` are names of environments: what a plan brings has to come from one of the first, and
    has to be deployed successfully in all of the second, the same configuration and the same sources; and in what comes
    before on the project's path, with `upstream_of_path`. `branches` are names or patterns (`release/*`).
    `fresh_factor`: whoever approves shows a second factor again.
    """

    approvals: tuple[Requirement, ...] = ()
    proposer_may_approve: bool = False
    editor_may_approve: bool = False
    comment_required: bool = False
    fresh_factor: bool = False
    approvals_expire_hours: int | None = None
    minimum_wait_minutes: int = 0
    budget: Budget = field(default_factory=Budget)
    freezes: tuple[Freeze, ...] = ()
    promoted_from: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    preflight: bool = False
    lint: bool = False
    upstream: tuple[str, ...] = ()
    upstream_of_path: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, everything in it; `reading.read` is the inverse."""
        return {
            "format": FORMAT,
            "approvals": [each.as_dict() for each in self.approvals],
            "proposerMayApprove": self.proposer_may_approve,
            "editorMayApprove": self.editor_may_approve,
            "commentRequired": self.comment_required,
            "freshFactor": self.fresh_factor,
            "approvalsExpireHours": self.approvals_expire_hours,
            "minimumWaitMinutes": self.minimum_wait_minutes,
            "budget": self.budget.as_dict(),
            "freezes": [each.as_dict() for each in self.freezes],
            "promotedFrom": list(self.promoted_from),
            "branches": list(self.branches),
            "preflight": self.preflight,
            "lint": self.lint,
            "upstream": list(self.upstream),
            "upstreamOfPath": self.upstream_of_path,
        }

    def to_json(self) -> str:
        """The canonical text that a revision keeps."""
        return json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

    def digest(self) -> str:
        """SHA-256 of `to_json`, 64 lower-case hex digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()
