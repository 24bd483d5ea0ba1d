"""Who holds an environment, what waits behind, and what would happen if the holder were never heard of again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from deployments import second_factor
from deployments.admission import TAKEUPS
from deployments.aws.registry import KINDS
from deployments.engine.errors import PlanMismatch
from deployments.engine.plan import Change
from deployments.engine.steps import Operation
from deployments.models import Deployment, Lease, PlanDocument, Status, Step
from deployments.sweeping import EVERY
from projects.models import Environment


@dataclass(frozen=True, slots=True)
class Pending:
    """A step under way, and how whoever takes the run up would find out what came of it."""

    step: Step
    lookup: str


@dataclass(frozen=True, slots=True)
class Occupancy:
    """An environment that is being written, or that somebody waits for.

    `heartbeat_seconds` is how long ago the holder was heard of; `takeover_at` when another worker takes the run up if
    nothing more is heard. `holder` is empty while nobody holds it. `needs_code`: nothing goes on before somebody has
    entered a code of the MFA device.
    """

    holder: str
    deployment: Deployment | None
    heartbeat_seconds: float
    takeover_at: datetime | None
    expired: bool
    pending: tuple[Pending, ...]
    queue: tuple[Deployment, ...]
    needs_code: bool = False

    @property
    def chances_left(self) -> int:
        """How often the run will still be taken up if nothing gets done."""
        return max(0, TAKEUPS - (self.deployment.takeups if self.deployment else 0))


def occupancy(environment: Environment) -> Occupancy | None:
    """How the environment is occupied now; None when nobody holds it and nobody waits."""
    now = timezone.now()
    lease = _lease(environment, now)
    waiting = list(
        Deployment.objects.for_lists()
        .filter(environment=environment, status__in=(Status.QUEUED, Status.RUNNING))
        .order_by("queued_at", "pk")
    )
    if lease is None and not waiting:
        return None
    # A run that nobody holds lost its worker: it is the next to be taken up.
    orphan = next((each for each in waiting if each.status == Status.RUNNING), None)
    current = lease.deployment if lease and lease.deployment else orphan
    expires_at = lease.expires_at if lease else None
    heard = lease.heartbeat_at if lease else None
    return Occupancy(
        holder=lease.holder if lease else "",
        deployment=current,
        heartbeat_seconds=(now - heard).total_seconds() if heard else 0.0,
        takeover_at=expires_at + EVERY if expires_at else None,
        expired=bool(expires_at and expires_at < now),
        pending=_pending(current) if current else (),
        queue=tuple(each for each in waiting if current is None or each.pk != current.pk),
        needs_code=bool(waiting) and second_factor.is_missing(waiting[0]),
    )


def _lease(environment: Environment, now: datetime) -> Lease | None:
    """The lease, if somebody holds it; one whose holder died after its run had ended has expired into freedom."""
    lease = Lease.objects.filter(environment=environment).exclude(holder="").select_related("deployment").first()
    if lease is None or lease.expires_at is None or lease.expires_at >= now:
        return lease
    return lease if lease.deployment and lease.deployment.status in (Status.QUEUED, Status.RUNNING) else None


def _pending(deployment: Deployment) -> tuple[Pending, ...]:
    steps = list(deployment.steps.filter(status=Step.Status.RUNNING))
    document = PlanDocument.objects.filter(deployment=deployment).first() if steps else None
    try:
        changes = {change.logical_id: change for change in document.value().changes} if document else {}
    except PlanMismatch:  # whoever takes the run up will say so, and give it up
        changes = {}
    return tuple(Pending(step, _lookup(step, changes.get(step.logical_id))) for step in steps)


def _lookup(step: Step, change: Change | None) -> str:
    """How the outcome of an interrupted step is found out, in words."""
    there = step.physical_id or (change.physical_id if change else "") or "its id"
    match Operation(step.operation):
        case Operation.CREATE:
            return f"looked up by {_mark(change)}: taken over if it is there, made if it is not"
        case Operation.UPDATE | Operation.IMPORT:
            return f"{there} is read again, and only what still differs is written"
        case Operation.DELETE:
            return f"{there} is deleted again; that it is gone already is success"


def _mark(change: Change | None) -> str:
    """What a resource that was being made is recognised by."""
    target = change.target if change else None
    kind = KINDS.get(target.type) if target else None
    if target is not None and kind is not None and kind.name_property:
        name = target.properties.get(kind.name_property)
        if isinstance(name, str):
            return f"its name {name}"
    return "its tags and what it belongs to"
