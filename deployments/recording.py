"""From a finished run to its record: gathers the documents and hands them to history, once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from deployments import states
from deployments.engine.plan import Action
from deployments.models import RAN, Deployment, RunEvent
from history.recording import record
from history.records import Documents
from history.store import store


def record_run(deployment: Deployment) -> None:
    """Writes the record of a run that has ended; repeating it after a crash gives the same bytes.

    Must happen before the environment's next run starts, as the state after is what is recorded now.
    """
    assert deployment.status in RAN, f"{deployment} has not run"
    if deployment.recorded:
        return
    state_after = states.load(deployment.environment).as_dict()
    record(
        store(),
        Documents(
            config_yaml=deployment.configuration.text,
            plan=deployment.plan.text,
            approvals=[
                {
                    "actor": {"id": approval.actor_id, "name": approval.actor_text},
                    "approved": approval.approved,
                    "comment": approval.comment,
                    "planDigest": approval.plan_digest,
                    "time": _instant(approval.created_at),
                }
                for approval in deployment.approvals.all()
            ],
            state_before=deployment.plan.state_before,
            state_after=state_after,
            events=(_event(row) for row in deployment.events.iterator(chunk_size=2000)),
            metadata=_metadata(deployment, state_after),
        ),
    )
    Deployment.objects.filter(pk=deployment.pk).update(recorded=True)


def _metadata(deployment: Deployment, state_after: dict[str, Any]) -> dict[str, Any]:
    plan = deployment.plan.value()
    done = {step.logical_id for step in deployment.steps.filter(status="succeeded")}
    changed = [change for change in plan.changes if change.logical_id in done]
    counts = {action: sum(change.action is action for change in changed) for action in Action}
    environment = deployment.environment
    return {
        "deploymentId": deployment.public_id,
        "projectName": environment.project.slug,
        "environment": environment.name,
        "kind": deployment.kind,
        "startTime": _instant(deployment.started_at),
        "endTime": _instant(deployment.ended_at),
        "duration": deployment.duration_seconds,
        "status": deployment.status,
        "deployedBy": deployment.run_by_text or deployment.proposed_by_text,
        "proposedBy": deployment.proposed_by_text,
        "deploymentMethod": deployment.method,
        "message": deployment.message,
        "version": str(deployment.configuration.number),
        "configurationNumber": deployment.configuration.number,
        "sourceDigest": plan.subject.source_digest,
        "planDigest": deployment.plan.digest,
        "rollbackTo": deployment.rollback_to or None,
        "changes": {
            "created": counts[Action.CREATE],
            "updated": counts[Action.UPDATE],
            "replaced": counts[Action.REPLACE],
            "deleted": counts[Action.DELETE],
        },
        "resourceCount": sum(len(stack["resources"]) for stack in state_after["stacks"].values()),
        "estimatedCost": plan.monthly_usd()[1],
        "tags": {},
        "error": deployment.error,
        "summary": deployment.summary,
    }


def _event(row: RunEvent) -> dict[str, Any]:
    return {
        "number": row.number,
        "time": row.time,
        "code": row.code,
        "step": row.step,
        "logicalId": row.logical_id,
        "data": row.data,
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
