"""Reading back what a run restored: once for its record, under the environment's lease, and again for whoever asks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from deployments import clouds, leases, secret_values, states
from deployments.auditing import audit
from deployments.aws.refresh import read_all
from deployments.aws.registry import KINDS
from deployments.certificates.models import CertificateDocument
from deployments.dispatch import enqueue
from deployments.engine import certifying
from deployments.engine.canonical import dumps
from deployments.engine.certificate import Certificate
from deployments.engine.certifying import Since, World
from deployments.engine.clock import iso
from deployments.engine.errors import EngineError, LostLease
from deployments.engine.plan import Plan, PlanKind
from deployments.engine.ports import Live
from deployments.engine.state import State
from deployments.engine.steps import Operation
from deployments.errors import OutOfDate, WorkflowError
from deployments.models import Deployment, Status, Step
from history.models import Record
from history.reading import Damaged, TooLarge, open_record
from history.store import StoreUnavailable
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry, chain_of
from projects.models import Environment, User

logger = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Callable[[], T]], T]
PURPOSE = "certificate"
UNREADABLE = (EngineError, WorkflowError, Damaged, TooLarge, StoreUnavailable)
UNTOUCHED = (Step.Status.PENDING, Step.Status.SKIPPED, Step.Status.CANCELLED)


def seal(deployment: Deployment, held: leases.Held) -> None:
    """Makes the certificate of a rollback that has ended, once; whoever holds the lease calls it before the record.

    Whatever cannot be read is said in it: it holds no record up.

    Raises:
        LostLease: another worker holds the environment; nothing was written.
    """
    if deployment.kind != PlanKind.ROLLBACK or CertificateDocument.objects.filter(deployment=deployment).exists():
        return
    made = _read(deployment, lambda work: leases.kept_while(held, work))
    with transaction.atomic():
        leases.renew(held)
        CertificateDocument.objects.create(deployment=deployment, text=dumps(made.as_dict()))
        audit(Deed.CERTIFIED, deployment, None, verdict=made.verdict.value, counts=made.counts())


def ask(*, deployment: Deployment, actor: User) -> None:
    """Asks a worker to look again at what a rollback, or a deployment that succeeded, made; twice is once.

    Raises:
        OutOfDate: it has not run, or is not recorded yet.
    """
    if refusal := why_not_again(deployment):
        raise OutOfDate(refusal)
    with transaction.atomic():
        row, _ = CertificateDocument.objects.select_for_update().get_or_create(deployment=deployment)
        row.reading, row.asked_by_text, row.asked_at = True, actor.text, timezone.now()
        row.save(update_fields=["reading", "asked_by_text", "asked_at"])
        audit(Deed.CERTIFIED_AGAIN, deployment, actor)
        enqueue("certify", deployment.pk)


def why_not_again(deployment: Deployment) -> str:
    """Why nobody can look again, as a sentence; empty when they can."""
    made_something = deployment.kind == PlanKind.ROLLBACK or deployment.status == Status.SUCCEEDED
    if not deployment.recorded or deployment.kind == PlanKind.DESTROY or not made_something:
        return "Only what a deployment made that succeeded and is recorded, or what a rollback restored, is certified."
    return ""


def read_again(*, deployment_id: int) -> None:
    """Looks at what is live now, and keeps what was found beside the sealed certificate."""
    row = CertificateDocument.objects.filter(deployment=deployment_id, reading=True).first()
    if row is None:
        return
    deployment = Deployment.objects.select_related("environment__project", "plan").get(pk=deployment_id)
    made = _read(deployment, lambda work: work())
    CertificateDocument.objects.filter(pk=row.pk).update(again=made.as_dict(), reading=False)


def since(plan: Plan, record: Record, environment: Environment, *, rotated: bool = True) -> Since:
    """What is known of the time since a past deployment; `rotated`: AWS is asked when secrets last were."""
    steps = Step.objects.filter(deployment__environment=environment, deployment__started_at__gte=record.ended_at)
    made = steps.filter(status=Step.Status.SUCCEEDED, operation__in=(Operation.CREATE, Operation.DELETE))
    return Since(
        remade=frozenset(made.values_list("logical_id", flat=True)),
        values=_values_set(plan, record, environment, rotated),
    )


def _read(deployment: Deployment, kept: Work[dict[str, Live | None]]) -> Certificate:
    now = iso(timezone.now())
    unread = Certificate(deployment.public_id, deployment.rollback_to, now, parts=tuple(deployment.targets))
    try:
        return _certified(deployment, kept, now)
    except LostLease:
        raise
    except UNREADABLE as error:
        why = str(error)
    except Exception:
        logger.exception("certifying %s failed", deployment.public_id)
        why = "An error in strandsweb itself; its log has the details."
    return Certificate(unread.deployment, unread.target, now, parts=unread.parts, unread=why)


def _certified(deployment: Deployment, kept: Work[dict[str, Live | None]], read_at: str) -> Certificate:
    plan, environment = deployment.plan.value(), deployment.environment
    then, known = _then(deployment, plan)
    recorded = states.load(environment)
    entries = certifying.to_read(plan, before=State.from_dict(deployment.plan.state_before), now=recorded)
    live: dict[str, Live | None] = {}
    if entries:
        with clouds.reach(environment, purpose=PURPOSE, reading=True) as provisioners:
            live = kept(lambda: read_all(entries, provisioners, tags_at_source=True))
    return certifying.certify(
        plan,
        World(then, recorded, live),
        known,
        kinds=KINDS,
        deployment=deployment.public_id,
        read_at=read_at,
        secret_key=settings.SECRET_KEY.encode(),
    )


def _then(deployment: Deployment, plan: Plan) -> tuple[State, Since]:
    """The state to compare with, and what is known of the time since."""
    undone = frozenset(deployment.steps.exclude(status=Step.Status.SUCCEEDED).values_list("logical_id", flat=True))
    if deployment.undoes:
        failed = Deployment.objects.select_related("plan").get(
            environment=deployment.environment_id, public_id=deployment.undoes
        )
        before = State.from_dict(failed.plan.state_before)
        touched = failed.steps.exclude(status__in=UNTOUCHED).values_list("logical_id", flat=True)
        return before, Since(undone=undone, left=frozenset(touched) & before.resources.keys())
    target = deployment.rollback_to or deployment.public_id
    record = Record.objects.filter(deployment_id=target, environment=deployment.environment_id).first()
    if record is None:
        raise WorkflowError(f"There is no record of {target} to compare with.")
    known = since(plan, record, deployment.environment)
    return State.from_dict(open_record(record).state_after()), Since(known.remade, known.values, undone)


def _values_set(plan: Plan, record: Record, environment: Environment, rotated: bool) -> dict[str, str]:
    """When secrets that the plan wants were last given a value, by people here or by their rotation."""
    wanted = {c.logical_id for c in plan.changes if c.target is not None and c.type == secret_values.TYPE}
    if not wanted:
        return {}
    given = AuditEntry.objects.filter(
        chain=chain_of(environment.project),
        deed=Deed.SECRET_SET,
        environment=environment.name,
        target__in=wanted,
        time__gt=record.ended_at,
    )
    times = dict(given.order_by("time").values_list("target", "time"))
    for secret in secret_values.secrets_of(environment) if rotated else ():
        if secret.logical_id in wanted and secret.rotated_at and secret.rotated_at > record.ended_at:
            times[secret.logical_id] = max(secret.rotated_at, times.get(secret.logical_id, secret.rotated_at))
    return {name: f"on {time:%Y-%m-%d at %H:%M} UTC" for name, time in times.items()}
