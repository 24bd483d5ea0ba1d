"""Going back: a rollback is a plan whose wish is what a past deployment had wanted, made against what is live now."""

from __future__ import annotations

from collections.abc import Sequence

from deployments import planning
from deployments.engine.plan import PlanKind
from deployments.errors import WorkflowError
from deployments.models import Deployment, Method, Status
from history.models import Record
from projects.models import Environment, User


def refusal(record: Record) -> str:
    """Why one cannot go back to this record, as a sentence; empty when one can."""
    if record.status != Status.SUCCEEDED:
        return f"That deployment {record.status}; only one that succeeded left a whole to go back to."
    if record.kind == PlanKind.DESTROY:
        return "That deployment took everything down. To do that again, destroy the environment."
    if record.expired_at is not None:
        return "The documents of that deployment have expired; nothing says any more what it wanted."
    return ""


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
