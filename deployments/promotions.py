"""Promotion: what was deployed whole and successfully in one environment is planned for another, word for word."""

from __future__ import annotations

from deployments import planning
from deployments.engine.plan import PlanKind
from deployments.errors import WorkflowError
from deployments.models import Deployment, Method, Status
from projects.models import Environment, User


def refusal(deployment: Deployment) -> str:
    """Why this deployment cannot be promoted, as a sentence; empty when it can."""
    if deployment.kind != PlanKind.DEPLOY or deployment.status != Status.SUCCEEDED:
        return "Only a deployment that succeeded can be promoted."
    if deployment.targets:
        return "It was limited to parts of the environment; only a whole one can be promoted."
    return ""


def propose(
    *, deployment: Deployment, to: Environment, actor: User, method: Method, message: str = "", inline: bool = False
) -> Deployment:
    """The same configuration revision and sources, planned for another environment of the project.

    Raises:
        WorkflowError: with the sentence why not.
    """
    if reason := refusal(deployment):
        raise WorkflowError(reason)
    came = deployment.environment
    if to.project_id != came.project_id or to.pk == came.pk:
        raise WorkflowError("Choose another environment of the same project.")
    return planning.propose(
        environment=to,
        actor=actor,
        method=method,
        configuration=deployment.configuration,
        source=deployment.source,
        message=message or f"Promote {deployment.public_id} from {came.name}",
        promoted_from=came.name,
        inline=inline,
    )
