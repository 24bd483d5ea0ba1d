"""Carrying a plan out, in a worker, under the environment's lease.

A run is claimed by taking the lease, so Celery may deliver a message as often as it likes; a run whose worker
died is taken up again from its own events, which are its journal.
"""

from __future__ import annotations

import logging
import os
import socket
import uuid
from time import monotonic

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from deployments import (
    admission,
    broadcasts,
    clouds,
    leases,
    parking,
    recording,
    second_factor,
    states,
    undoing,
)
from deployments.auditing import audit
from deployments.aws.credentials import Keys
from deployments.certificates import making as certificates
from deployments.deciding.successors import outdate
from deployments.dispatch import enqueue
from deployments.engine import story
from deployments.engine.clock import SystemClock
from deployments.engine.errors import CloudError, LostLease, PlanMismatch, Refused
from deployments.engine.executor import execute
from deployments.engine.inbox import Inbox
from deployments.engine.plan import Plan
from deployments.engine.steps import needs, steps_of
from deployments.errors import WorkflowError
from deployments.ledger import DatabaseLedger, events_of
from deployments.models import INTERRUPTIBLE, RAN, Deployment, Status
from deployments.telling.telling import ENDED, tell
from deployments.wishes import packages_of
from projects.audit.deeds import Deed

logger = logging.getLogger(__name__)

BEAT_SECONDS = 0.5


def worker_name() -> str:
    """Who holds a lease: host, process and a random part, so that a recycled process id is somebody else."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def run(*, deployment_id: int, announce: broadcasts.Announce = broadcasts.run_changed) -> Deployment:
    """Runs a queued deployment to its end, or takes up one whose worker died; anything else is left as it is.

    `announce` hears of every commit, after it.
    """
    deployment = _load(deployment_id)
    if deployment.status not in INTERRUPTIBLE or _is_behind_another(deployment):
        return deployment
    guarded = deployment.environment.asks_for_code
    keys = second_factor.keys_of(deployment) if guarded else None
    gives_up = ""
    if guarded and keys is None:
        if not deployment.cancelled_by_text:
            return deployment  # entering a code tells the workers again
        gives_up = f"{deployment.cancelled_by_text} cancelled it while it waited for a code."
    held = leases.take(environment_id=deployment.environment_id, holder=worker_name(), deployment_id=deployment.pk)
    if held is None:
        return deployment
    try:
        _record_what_is_owed(deployment, held)
        _hold(deployment, held, announce, keys, gives_up)
    except LostLease:
        logger.warning("%s: another worker took over", deployment.public_id)
    finally:
        leases.release(held)
    if guarded:
        second_factor.forget_what_is_over()
    _wake_next(deployment)
    return _load(deployment_id)


def _hold(
    deployment: Deployment, held: leases.Held, announce: broadcasts.Announce, keys: Keys | None, gives_up: str
) -> None:
    """What whoever holds the lease does with the deployment: checks it, and carries it out or gives it up."""
    try:
        plan = admission.check(deployment)
    except PlanMismatch as unreadable:  # it was under way when its plan became unreadable
        failure = parking.park(deployment, held, announce, reason=str(unreadable))
        _finish(deployment, None, held, failure, announce)
        return
    if plan is None:
        return
    gives_up = gives_up or admission.why_stuck(deployment)
    outcome: str | None = None
    if not gives_up:
        outcome = _carry_out(deployment, plan, held, announce, keys)
    elif deployment.status == Status.RUNNING or admission.begin(deployment, held):
        outcome = parking.park(deployment, held, announce, reason=gives_up)
    if outcome is not None:
        _finish(deployment, plan, held, outcome, announce)


def record_late(*, deployment_id: int) -> None:
    """Records a run that ended without its record, unless the environment is being written just now."""
    deployment = _load(deployment_id)
    held = leases.take(environment_id=deployment.environment_id, holder=worker_name(), deployment_id=deployment.pk)
    if held is None:
        return
    try:
        _record_what_is_owed(deployment, held)
    finally:
        leases.release(held)
    _wake_next(deployment)


def _load(deployment_id: int) -> Deployment:
    return Deployment.objects.select_related("environment__project", "configuration", "source", "plan").get(
        pk=deployment_id
    )


def _queue(deployment: Deployment) -> list[Deployment]:
    """The environment's queued and running deployments, in the order they run."""
    return list(
        Deployment.objects.filter(environment_id=deployment.environment_id, status__in=INTERRUPTIBLE).order_by(
            "queued_at", "pk"
        )
    )


def _is_behind_another(deployment: Deployment) -> bool:
    queue = _queue(deployment)
    return not queue or deployment.pk != queue[0].pk  # empty: it has ended since it was read


def _wake_next(deployment: Deployment) -> None:
    for waiting in _queue(deployment)[:1]:
        enqueue("run", waiting.pk)


def _record_what_is_owed(deployment: Deployment, held: leases.Held) -> None:
    """Records earlier runs of the environment whose worker died, or whose store failed, before their record."""
    owed = Deployment.objects.filter(environment_id=deployment.environment_id, status__in=RAN, recorded=False)
    for earlier in owed.order_by("started_at"):
        _record(earlier.pk, held)


def _record(deployment_id: int, held: leases.Held) -> None:
    """Certifies a rollback, and writes the record with that in it; what was done before a crash is found done."""
    certificates.seal(_load(deployment_id), held)
    recording.record_run(_load(deployment_id))


class _RunControl:
    """The executor's regular look at the row: was it cancelled; meanwhile the lease is kept and pages are told."""

    def __init__(self, deployment: Deployment, held: leases.Held, ledger: DatabaseLedger) -> None:
        self._deployment_id = deployment.pk
        self._held = held
        self._ledger = ledger
        self._looked_at = 0.0
        self._renewed_at = monotonic()
        self._cancelled_by = ""

    def cancelled_by(self) -> str | None:
        """See `ports.Control.cancelled_by`."""
        now = monotonic()
        if now - self._looked_at >= BEAT_SECONDS:
            self._looked_at = now
            self._cancelled_by = Deployment.objects.values_list("cancelled_by_text", flat=True).get(
                pk=self._deployment_id
            )
            if now - self._renewed_at >= settings.LEASE_SECONDS / 4:
                self._renewed_at = now
                leases.renew(self._held)
        self._ledger.push()
        return self._cancelled_by or None


def _carry_out(
    deployment: Deployment, plan: Plan, held: leases.Held, announce: broadcasts.Announce, keys: Keys | None
) -> str | None:
    """Executes the plan; answers why not even the first call could be made, or nothing; None if it was not begun.

    `keys` are of whoever entered a code, where one is asked for.
    """
    clock = SystemClock()
    inbox = Inbox(clock)
    ledger = DatabaseLedger(deployment=deployment, held=held, base_serial=plan.subject.base_serial, announce=announce)
    failure = ""
    try:
        with clouds.reach(
            deployment.environment,
            purpose=deployment.public_id,
            listener=inbox,
            packages=packages_of(deployment),
            keys=keys,
        ) as provisioners:
            state = states.load(deployment.environment)
            if deployment.status == Status.QUEUED:
                if difference := admission.changed_since(plan, state, provisioners, held):
                    outdate(deployment, difference, standing=(Status.QUEUED,))
                    return None
                if not admission.begin(deployment, held):
                    return None
            execute(
                plan=plan,
                state=state,
                provisioners=provisioners,
                ledger=ledger,
                clock=clock,
                control=_RunControl(deployment, held, ledger),
                inbox=inbox,
                parallelism=settings.RUN_PARALLELISM,
                told=events_of(deployment),
                worker=held.holder,
                run_token=deployment.public_id,
            )
    except CloudError as error:
        failure = f"{error} {error.advice}".strip()
    except (Refused, WorkflowError) as refusal:
        failure = str(refusal)
    if deployment.status == Status.QUEUED and not admission.begin(deployment, held):
        return None
    return failure


def _finish(
    deployment: Deployment, plan: Plan | None, held: leases.Held, failure: str, announce: broadcasts.Announce
) -> None:
    """Closes the run, marks other plans made from the state before it as stale, and writes its record.

    `plan` is None where it cannot be read any more.
    """
    with transaction.atomic():
        leases.renew(held)
        told = story.fold(events_of(deployment))
        seconds, path = told.critical_path(needs(steps_of(plan)) if plan else {})
        summary = {
            "seconds": told.seconds(),
            "critical_path_seconds": seconds,
            "critical_path": path,
            "calls": told.aws_calls(),
            "counts": told.counts(),
        }
        status = Status.FAILED if failure else Status(told.status.value)
        error = failure or _failures(told)
        closed = Deployment.objects.filter(pk=deployment.pk, status=Status.RUNNING).update(
            status=status, error=error, summary=summary, ended_at=timezone.now()
        )
        if closed:
            audit(Deed.RUN_ENDED, deployment, None, status=status)
            tell(ENDED[status], environment=deployment.environment, deployment=deployment, why=error)
        _outdate_other_plans(deployment)
        if status == Status.FAILED and plan is not None:
            undo = undoing.propose_after(deployment, plan)
            if undo is not None:
                second_factor.hand_over(ended=deployment, following=undo)
    try:
        _record(deployment.pk, held)
    except Exception:  # the run is over and true either way; the sweep tries again
        logger.exception("%s could not be recorded yet", deployment.public_id)
    last = Deployment.objects.values_list("last_event", flat=True).get(pk=deployment.pk)
    try:
        announce(deployment_id=deployment.pk, first=last, last=last, logical_ids=set())
    except Exception:  # pages catch up by number
        logger.warning("pages could not be told of the end of %s", deployment.public_id, exc_info=True)


def _failures(told: story.Story) -> str:
    """The first few failures, in words."""
    failed = [step for step in told.steps.values() if step.status is story.Status.FAILED]
    said = [f"{step.logical_id}: {(step.error or {}).get('message', 'failed')}" for step in failed[:3]]
    return " ".join(said + ([f"And {len(failed) - 3} more failed."] if len(failed) > 3 else []))


def _outdate_other_plans(deployment: Deployment) -> None:
    serial = states.load(deployment.environment).serial
    others = Deployment.objects.filter(
        environment_id=deployment.environment_id, status__in=(Status.WAITING, Status.READY)
    ).exclude(pk=deployment.pk)
    for other in others.select_related("plan"):
        if other.plan.base_serial != serial:
            reason = f"{deployment.public_id} changed the environment after this plan was made. It needs a new plan."
            outdate(other, reason, standing=(Status.WAITING, Status.READY))
