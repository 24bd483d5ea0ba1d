"""Placing a hold: by hand, and with every rollback."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from deployments.engine.plan import PlanKind
from deployments.errors import NotAllowed, OutOfDate, WorkflowError
from deployments.holding.concerning import said
from deployments.holding.models import Hold
from deployments.models import RAN, Deployment, Step
from deployments.releases import BRINGING, release_of
from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from projects.access import environments_where
from projects.audit.deeds import Deed
from projects.audit.writing import SYSTEM
from projects.audit.writing import write as audit
from projects.models import Environment, User
from projects.roles import Action

BACK_AT_MOST = 20
"""How many runs are looked at for the one that brought what is there."""


def place(
    *, environment: Environment, actor: User, reason: str, bringer: Deployment | None = None, everywhere: bool = False
) -> Hold:
    """Holds everything in the environment, or quarantines the release that `bringer` brought; `everywhere`: in all.

    Raises:
        NotAllowed: the role is not enough in every environment it is about, or it is a token.
        OutOfDate: that is held already.
        WorkflowError: there is no reason.
    """
    if not reason.strip():
        raise WorkflowError("Say why, so that whoever resumes it later can tell whether they may.")
    with transaction.atomic():
        if not may_hold(actor, environment, everywhere=everywhere):
            raise NotAllowed("Only approvers and owners of all the environments it is about may hold them, in person.")
        hold, placed = _placed(
            environment, None if everywhere else environment, bringer, reason=reason, actor=actor, now=timezone.now()
        )
        if not placed:
            raise OutOfDate(f"That is held already. {said(hold)}")
    return hold


def may_hold(user: User, environment: Environment, *, everywhere: bool = False) -> bool:
    """Whether this person may hold and resume there."""
    if user.scope is not None:
        return False
    mine = environments_where(user, Action.HOLD).filter(project=environment.project_id)
    if everywhere:
        return not Environment.objects.filter(project=environment.project_id).exclude(pk__in=mine.values("pk")).exists()
    return mine.filter(pk=environment.pk).exists()


def after_rollback(rollback: Deployment, now: datetime) -> Hold | None:
    """Quarantines what a rollback that begins `now` takes away; part of the transaction in which it begins.

    From then on, so that nothing slips in between, and however it ends: who rolls back does not want that release.
    None where the release stays the same, or where nobody knows what was there.
    """
    if rollback.kind != PlanKind.ROLLBACK:
        return None
    taken = _brought_last(rollback)
    if taken is None or (not rollback.undoes and release_of(taken) == release_of(rollback)):
        return None
    reason = rollback.message
    if rollback.undoes:
        reason = f"{rollback.undoes} failed and was taken back by itself."
    return _placed(
        rollback.environment,
        rollback.environment,
        taken,
        reason=reason,
        actor=rollback.run_by,
        now=now,
        because_of=rollback,
    )[0]


def _brought_last(rollback: Deployment) -> Deployment | None:
    """The newest run that changed something to bring a release; None where it was a destroy, or there is none."""
    runs = Deployment.objects.filter(environment=rollback.environment_id, status__in=RAN, undoes="")
    runs = runs.exclude(pk=rollback.pk).select_related("configuration", "source", "environment__project")
    untouched = (Step.Status.PENDING, Step.Status.SKIPPED, Step.Status.CANCELLED)
    if rollback.undoes:
        return runs.filter(public_id=rollback.undoes).first()
    for run in runs.order_by("-started_at", "-pk")[:BACK_AT_MOST]:
        if run.steps.exclude(status__in=untouched).exists():
            return run if run.kind in (*BRINGING, PlanKind.IMPORT) else None
    return None


def _placed(
    told_in: Environment,
    environment: Environment | None,
    bringer: Deployment | None,
    *,
    reason: str,
    actor: User | None,
    now: datetime,
    because_of: Deployment | None = None,
) -> tuple[Hold, bool]:
    """The standing hold of that, and whether it was placed here; only one of many that try at once places it.

    The environments' rows are locked as whoever begins a run locks them: a run either began before, or sees it.
    """
    concerned = Environment.objects.filter(project=told_in.project_id)
    if environment is not None:
        concerned = concerned.filter(pk=environment.pk)
    list(concerned.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    release = release_of(bringer) if bringer else None
    hold, placed = Hold.objects.get_or_create(
        project=told_in.project,
        environment=environment,
        configuration_digest=bringer.configuration.digest if bringer else "",
        source_digest=release.source_digest if release else "",
        lifted_at=None,
        defaults={
            "configuration_number": release.number if release else None,
            "reason": reason[:2000],
            "because_of": because_of,
            "placed_by": actor,
            "placed_by_text": actor.text if actor else SYSTEM,
            "placed_at": now,
        },
    )
    if placed:
        detail = {"what": hold.what, "where": hold.where, "reason": hold.reason}
        detail |= {"becauseOf": because_of.public_id} if because_of else {}
        audit(Deed.HOLD_PLACED, actor=actor, environment=told_in, target_type="hold", target=hold.pk, detail=detail)
        tell(
            Occasion.HOLD_PLACED,
            environment=told_in,
            deployment=because_of,
            actor_text=hold.placed_by_text,
            why=said(hold),
            path=reverse("environment-holds", args=[told_in.project.slug, told_in.name]),
        )
    return hold, placed
