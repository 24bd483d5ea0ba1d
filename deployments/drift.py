"""Drift: what somebody changed outside since the last deployment, found by planning the recorded state against live."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from deployments import clouds, states
from deployments.aws.refresh import read_all
from deployments.aws.registry import KINDS
from deployments.dispatch import enqueue
from deployments.engine.errors import EngineError, PlanMismatch
from deployments.engine.plan import Change, PlanKind
from deployments.engine.planner import live_fingerprint, make_changes
from deployments.engine.state import State
from deployments.errors import WorkflowError
from deployments.models import Deployment, DriftCheck, Status
from deployments.wishes import as_recorded
from projects.models import Environment, User

logger = logging.getLogger(__name__)


def request_check(*, environment: Environment, actor: User) -> DriftCheck:
    """Asks a worker to look; a look already under way is not doubled."""
    with transaction.atomic():
        found, _ = DriftCheck.objects.update_or_create(
            environment=environment,
            defaults={
                "status": "checking",
                "error": "",
                "requested_by_text": actor.text,
                "requested_at": timezone.now(),
            },
        )
        enqueue("drift", environment.pk)
    return found


def check(*, environment_id: int) -> DriftCheck:
    """Reads every recorded resource and writes down what differs."""
    environment = Environment.objects.select_related("project").get(pk=environment_id)
    fields: dict[str, Any]
    try:
        rows = [_row(change) for change in _changes(environment) if change.drifted]
        fields = {"status": "drifted" if rows else "clean", "rows": rows, "error": ""}
    except (EngineError, WorkflowError) as error:
        fields = {"status": "failed", "error": str(error)}
    except Exception:
        logger.exception("checking %s for drift failed", environment)
        fields = {"status": "failed", "error": "An error in strandsweb itself; its log has the details."}
    found, _ = DriftCheck.objects.update_or_create(
        environment=environment, defaults={**fields, "checked_at": timezone.now()}
    )
    return found


def _changes(environment: Environment) -> tuple[Change, ...]:
    state = states.load(environment)
    if not state.resources:
        return ()
    with clouds.reach(environment, purpose="drift", reading=True) as provisioners:
        live = read_all(state.resources.values(), provisioners)
    if _is_as_configured(environment, state, live_fingerprint(live=live, state=state, kinds=KINDS)):
        return ()
    return make_changes(kind=PlanKind.DEPLOY, desired=as_recorded(state), state=state, live=live, kinds=KINDS)


def _is_as_configured(environment: Environment, state: State, fingerprint: str) -> bool:
    """Whether a plan of the latest configuration, made of this very state and world, had nothing to do.

    So it is after a change made outside was adopted: the record still holds the value before, and the next run that
    has something to do brings it up to date.
    """
    newest = (
        Deployment.objects.filter(environment=environment, kind=PlanKind.DEPLOY, status=Status.UNCHANGED, targets=[])
        .select_related("plan", "configuration")
        .order_by("-pk")
        .first()
    )
    if newest is None or newest.configuration != environment.project.latest_configuration:
        return False
    try:
        subject = newest.plan.value().subject
    except PlanMismatch:
        return False
    return (subject.base_serial, subject.base_digest, subject.live_fingerprint) == (
        state.serial,
        state.digest(),
        fingerprint,
    )


def _row(change: Change) -> dict[str, Any]:
    row = change.as_dict()
    row.pop("target", None)
    return row
