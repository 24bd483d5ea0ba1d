"""Drift: what somebody changed outside since the last deployment, found by planning the recorded state against live."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from deployments import clouds, states
from deployments.aws.refresh import read_all
from deployments.aws.registry import KINDS
from deployments.dispatch import enqueue
from deployments.engine.errors import EngineError
from deployments.engine.plan import Change, PlanKind, Reason
from deployments.engine.planner import make_changes
from deployments.engine.ports import Live
from deployments.engine.state import State
from deployments.errors import WorkflowError
from deployments.models import Deployment, DriftCheck
from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from deployments.wishes import Invalid, as_recorded, blueprint_of
from projects.audit.deeds import Deed, Outcome
from projects.audit.writing import write as audit
from projects.models import Environment, User

logger = logging.getLogger(__name__)

NAMED = 5
"""How many resources a message names before it counts the rest."""


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
        audit(Deed.DRIFT_CHECKED, actor=actor, environment=environment)
        enqueue("drift", environment.pk)
    return found


def check(*, environment_id: int) -> DriftCheck:
    """Reads every recorded resource and writes down what differs."""
    environment = Environment.objects.select_related("project").get(pk=environment_id)
    fields: dict[str, Any]
    try:
        rows = [_row(change) for change in _changes(environment)]
        fields = {"status": "drifted" if rows else "clean", "rows": rows, "error": ""}
    except (EngineError, WorkflowError) as error:
        fields = {"status": "failed", "error": str(error)}
    except Exception:
        logger.exception("checking %s for drift failed", environment)
        fields = {"status": "failed", "error": "An error in strandsweb itself; its log has the details."}
    with transaction.atomic():
        known = DriftCheck.objects.filter(environment=environment).values_list("rows", flat=True).first()
        found, _ = DriftCheck.objects.update_or_create(
            environment=environment, defaults={**fields, "checked_at": timezone.now()}
        )
        outcome = Outcome.FAILED if found.status == "failed" else Outcome.DONE
        detail = {"status": found.status, "resources": len(found.rows), "error": found.error}
        audit(Deed.DRIFT_FOUND, actor=None, environment=environment, outcome=outcome, detail=detail)
        if found.status == "drifted" and found.rows != known:  # the same drift is told once
            tell(Occasion.DRIFT_FOUND, environment=environment, why=_in_words(found.rows))
    return found


def _in_words(rows: list[dict[str, Any]]) -> str:
    """Which resources, the first few by name."""
    named = ", ".join(row["logicalId"] for row in rows[:NAMED])
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return f"Changed outside: {named}{more}."


def _changes(environment: Environment) -> tuple[Change, ...]:
    state = states.load(environment)
    if not state.resources:
        return ()
    with clouds.reach(environment, purpose="drift", reading=True) as provisioners:
        live = read_all(state.resources.values(), provisioners)
    changes = make_changes(kind=PlanKind.DEPLOY, desired=as_recorded(state), state=state, live=live, kinds=KINDS)
    drifted = [change for change in changes if change.drifted]
    return _without_agreed(environment, state, live, drifted) if drifted else ()


def _without_agreed(
    environment: Environment, state: State, live: Mapping[str, Live | None], drifted: Sequence[Change]
) -> tuple[Change, ...]:
    """The changes without the properties whose live value the latest configuration asks for.

    So it is after a change made outside was adopted: the record still holds the value before, and the next run that
    has something to do brings it up to date.
    """
    planned = _planned(environment, state, live)
    left = []
    for change in drifted:
        now = planned.get(change.logical_id)
        if now is None or change.reason is Reason.DELETED_OUTSIDE:
            left.append(change)
            continue
        paths = [line.path for line in now.properties]
        lines = tuple(line for line in change.properties if any(_touches(line.path, path) for path in paths))
        if lines:
            left.append(replace(change, properties=lines))
    return tuple(left)


def _planned(environment: Environment, state: State, live: Mapping[str, Live | None]) -> dict[str, Change]:
    """What a plan of the latest configuration would do to what it wants; nothing where it cannot be planned."""
    project = environment.project
    latest = project.latest_configuration
    if latest is None:
        return {}
    try:
        blueprint = blueprint_of(
            Deployment(environment=environment, configuration=latest, source=project.latest_source)
        )
        changes = make_changes(
            kind=PlanKind.DEPLOY,
            desired=blueprint.resources,
            state=state,
            live=live,
            kinds=KINDS,
            secret_key=settings.SECRET_KEY.encode(),
        )
    except (Invalid, EngineError, WorkflowError):
        return {}
    return {change.logical_id: change for change in changes if change.target is not None}


def _touches(one: str, other: str) -> bool:
    """The paths are the same, or one is part of the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _row(change: Change) -> dict[str, Any]:
    row = change.as_dict()
    row.pop("target", None)
    return row
