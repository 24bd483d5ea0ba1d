"""Going back: a rollback is a plan whose wish is what a past deployment had wanted, made against what is live now.

Where to: any deployment that succeeded and is still recorded; the last good one is found. What that would do, and what
it cannot bring back, is said before anybody proposes it, from what is recorded alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from deployments import planning, states
from deployments.aws.registry import KINDS
from deployments.certificates.making import since
from deployments.engine.certificate import Entry
from deployments.engine.certifying import foresee
from deployments.engine.errors import EngineError
from deployments.engine.plan import Plan, PlanKind
from deployments.engine.planner import Wanted, make_plan
from deployments.engine.ports import Live
from deployments.engine.state import State
from deployments.errors import WorkflowError
from deployments.holding.concerning import said
from deployments.holding.models import Hold
from deployments.models import Deployment, Method, Status
from deployments.wholes import recorded_whole
from history.models import Record
from history.reading import Damaged, TooLarge, open_record
from history.store import StoreUnavailable
from projects.models import Environment, Project, User

UNREADABLE = (WorkflowError, EngineError, Damaged, TooLarge, StoreUnavailable)
PASSED_AT_MOST = 50
"""How many records are looked at for the last good one."""


@dataclass(frozen=True, slots=True)
class LastGood:
    """The newest record whose state was good, None if there is none; and the newer ones with why it is none of them."""

    record: Record | None
    passed: tuple[tuple[Record, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rollback would do if what is live is as recorded, and what it will not bring back; `unknown`: why nobody
    can say.
    """

    plan: Plan | None = None
    foreseen: tuple[Entry, ...] = ()
    unknown: str = ""


def refusal(record: Record) -> str:
    """Why one cannot go back to this record, as a sentence; empty when one can."""
    if record.status != Status.SUCCEEDED:
        return f"That deployment {record.status}; only one that succeeded left a whole to go back to."
    if record.kind == PlanKind.DESTROY:
        return "That deployment took everything down. To do that again, destroy the environment."
    if record.expired_at is not None:
        return "The documents of that deployment have expired; nothing says any more what it wanted."
    return ""


def last_good(environment: Environment, failed: Deployment | None = None) -> LastGood:
    """The newest record to go back to: it succeeded whole, is not quarantined there, and can still be read.

    Before `failed`, a run that ended badly; else before the newest record, which is what one wants to leave.
    """
    records = Record.objects.filter(environment=environment).order_by("-sequence")
    left = records.filter(deployment_id=failed.public_id).first() if failed else records.first()
    older = records.filter(sequence__lt=left.sequence) if left else records
    held = list(Hold.objects.standing().at(environment).exclude(configuration_digest=""))
    there = Project.objects.get(pk=environment.project_id)
    texts = dict(there.configurations.values_list("number", "digest"))
    sources = {"", *there.sources.values_list("digest", flat=True)}
    passed = list[tuple[Record, str]]()
    for record in older[:PASSED_AT_MOST]:
        why = refusal(record) or _not_good(record, held, texts, sources)
        if not why:
            return LastGood(record, tuple(passed))
        passed.append((record, why))
    return LastGood(None, tuple(passed))


def _not_good(record: Record, held: list[Hold], texts: dict[int, str], sources: set[str]) -> str:
    release = (texts.get(record.configuration_number), record.source_digest)
    if release[0] is None or record.source_digest not in sources:
        return "Its configuration or source is no longer in the project."
    return next((said(hold) for hold in held if (hold.configuration_digest, hold.source_digest) == release), "")


def preview(environment: Environment, record: Record, targets: Sequence[str] = ()) -> Preview:
    """See `Preview`; makes no call to AWS."""
    state = states.load(environment)
    live = {
        name: Live(entry.physical_id, entry.properties, entry.attributes, entry.tags)
        for name, entry in state.resources.items()
    }
    try:
        wanted = Wanted(
            kind=PlanKind.ROLLBACK,
            project=environment.project.slug,
            resources=recorded_whole(record, targets),
            configuration_number=record.configuration_number,
            source_digest=record.source_digest,
            rollback_to=record.deployment_id,
            targets=tuple(targets),
        )
        plan = make_plan(wanted, state=state, live=live, kinds=KINDS, secret_key=settings.SECRET_KEY.encode())
        return Preview(plan, _foreseen(plan, record, environment))
    except UNREADABLE as error:
        return Preview(unknown=str(error))


def foreseen(deployment: Deployment) -> tuple[Entry, ...]:
    """What a planned rollback will not bring back; nothing where the plan or the record cannot be read."""
    record = Record.objects.filter(deployment_id=deployment.rollback_to, environment=deployment.environment_id).first()
    if record is None:
        return ()
    try:
        return _foreseen(deployment.plan.value(), record, deployment.environment)
    except UNREADABLE:
        return ()


def _foreseen(plan: Plan, record: Record, environment: Environment) -> tuple[Entry, ...]:
    then = State.from_dict(open_record(record).state_after())
    return foresee(plan, then, since(plan, record, environment, rotated=False), kinds=KINDS)


def propose(
    *,
    environment: Environment,
    record: Record,
    actor: User,
    method: Method,
    message: str = "",
    targets: Sequence[str] = (),
    run_when_approved: bool = False,
    inline: bool = False,
) -> Deployment:
    """A rollback to the record, in status planning; `targets` limits it to stacks and logical ids.

    Raises:
        WorkflowError: there is nothing whole to go back to, or its configuration or source is not there any more.
    """
    reason = refusal(record)
    if reason:
        raise WorkflowError(reason)
    project = environment.project
    configuration = project.configurations.filter(number=record.configuration_number).first()
    source = project.sources.filter(digest=record.source_digest).first()
    if configuration is None or (record.source_digest and source is None):
        raise WorkflowError("The configuration or the source of that deployment is no longer in the project.")
    return planning.propose(
        environment=environment,
        actor=actor,
        method=method,
        kind=PlanKind.ROLLBACK,
        configuration=configuration,
        source=source,
        message=message or f"Roll back to {record.deployment_id}",
        rollback_to=record.deployment_id,
        targets=targets,
        run_when_approved=run_when_approved,
        inline=inline,
    )
