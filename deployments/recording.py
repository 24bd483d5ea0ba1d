"""From a finished run to its record: gathers the documents and hands them to history, once."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from django.db import transaction

from deployments import states
from deployments.auditing import audit
from deployments.certificates.models import CertificateDocument
from deployments.deciding.words import said_of
from deployments.engine.clock import iso
from deployments.engine.errors import PlanMismatch
from deployments.engine.plan import Action, Change, Plan
from deployments.holding.concerning import standing_when_begun
from deployments.models import RAN, Deployment, RunEvent, Step
from history.anchors import anchor_of
from history.metadata import Counts, Metadata
from history.recording import record
from history.records import Documents
from history.touched import Tried, touched_by
from projects.audit.deeds import Deed

NAMED = 3
"""How many changes a list names before it counts the rest."""


def record_run(deployment: Deployment) -> None:
    """Writes the record of a run that has ended; repeating it after a crash gives the same bytes.

    Must happen before the environment's next run starts, as the state after is what is recorded now.
    """
    assert deployment.status in RAN, f"{deployment} has not run"
    if deployment.recorded:
        return
    state_after = states.load(deployment.environment).as_dict()
    approvals = said_of(deployment)
    sealed = CertificateDocument.objects.filter(deployment=deployment).exclude(text="").first()
    row = record(
        Documents(
            metadata=_metadata(deployment, state_after, approvals, sealed),
            config_yaml=deployment.configuration.text,
            plan=deployment.plan.text,
            approvals=approvals,
            state_before=deployment.plan.state_before,
            state_after=state_after,
            certificate=sealed.text if sealed else None,
            events=(_event(row) for row in deployment.events.iterator(chunk_size=2000)),
        ),
        audit=anchor_of(deployment.environment.project),
    )
    with transaction.atomic():
        if Deployment.objects.filter(pk=deployment.pk, recorded=False).update(recorded=True):
            audit(Deed.RECORD_WRITTEN, deployment, None, digest=row.manifest_digest)


def _metadata(
    deployment: Deployment,
    state_after: dict[str, Any],
    approvals: list[dict[str, Any]],
    sealed: CertificateDocument | None,
) -> Metadata:
    plan = _readable(deployment)
    tried = [_tried(step) for step in deployment.steps.all()]
    done = {step.logical_id for step in tried if step.status == Step.Status.SUCCEEDED}
    counts = Counter(change.action for change in plan.changes if change.logical_id in done) if plan else Counter()
    environment = deployment.environment
    assert deployment.started_at is not None, "a run has a start"
    assert deployment.ended_at is not None, "a run that is recorded has ended"
    return Metadata(
        deployment_id=deployment.public_id,
        project=environment.project.slug,
        environment=environment.name,
        kind=deployment.kind,
        status=deployment.status,
        started_at=iso(deployment.started_at),
        ended_at=iso(deployment.ended_at),
        duration_seconds=deployment.duration_seconds or 0.0,
        deployed_by=deployment.run_by_text or deployment.proposed_by_text,
        method=deployment.method,
        version=str(deployment.configuration.number),
        configuration_number=deployment.configuration.number,
        source_digest=deployment.source.digest if deployment.source else "",
        counts=Counts(
            created=counts[Action.CREATE],
            updated=counts[Action.UPDATE],
            deleted=counts[Action.DELETE],
            replaced=counts[Action.REPLACE],
            imported=counts[Action.IMPORT],
        ),
        resource_count=sum(len(stack["resources"]) for stack in state_after["stacks"].values()),
        monthly_usd=plan.monthly_usd()[1] if plan else None,
        what_changed=deployment.message or (in_words(plan) if plan else ""),
        rollback_to=deployment.rollback_to or None,
        undoes=deployment.undoes,
        promoted_from=deployment.promoted_from,
        proposed_by=deployment.proposed_by_text,
        approved_by=tuple(dict.fromkeys(map(_name, filter(_is_approval, approvals)))),
        touched=touched_by(json.loads(deployment.plan.text), tried) if plan else (),
        verdict=sealed.value().verdict if sealed else "",
        on_hold=[{"id": hold.pk, "what": hold.what, "reason": hold.reason} for hold in standing_when_begun(deployment)],
    )


def _is_approval(said: dict[str, Any]) -> bool:
    """A review, and not an override or an emergency: only reviews name the state that the plan was made from."""
    return bool(said["approved"]) and "baseDigest" in said


def _name(said: dict[str, Any]) -> str:
    name: str = said["actor"]["name"]
    return name


def _tried(step: Step) -> Tried:
    error = (step.error or {}).get("message", "")
    return Tried(step.logical_id, step.operation, step.status, step.physical_id, error)


def _readable(deployment: Deployment) -> Plan | None:
    """The plan, unless it cannot be read any more: then the run was given up, and is recorded all the same."""
    try:
        return deployment.plan.value()
    except PlanMismatch:
        return None


def in_words(plan: Plan) -> str:
    """What a plan does, short enough for a list: the first few changes by name, and how many more."""
    changes = [change for change in plan.changes if change.action is not Action.NO_CHANGE]
    named = [f"{change.action.value} {change.logical_id}{_first_property(change)}" for change in changes[:NAMED]]
    more = [f"and {len(changes) - NAMED} more"] if len(changes) > NAMED else []
    return ", ".join(named + more)


def _first_property(change: Change) -> str:
    if change.action is not Action.UPDATE or not change.properties:
        return ""
    row = change.properties[0]
    simple = all(isinstance(side, (str, int, float, bool)) for side in (row.before, row.after))
    if not simple or row.sensitive or len(f"{row.before}{row.after}") > 60:
        return f" ({row.path})"
    return f" ({row.path} {row.before} → {row.after})"


def _event(row: RunEvent) -> dict[str, Any]:
    return {
        "number": row.number,
        "time": row.time,
        "code": row.code,
        "step": row.step,
        "logicalId": row.logical_id,
        "data": row.data,
    }
