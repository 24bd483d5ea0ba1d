"""Promotion: the release that a deployment brought to one environment is planned for another, word for word."""

from __future__ import annotations

from deployments import planning
from deployments.errors import WorkflowError
from deployments.models import Deployment, Method
from deployments.releases import BRINGING, THERE, current
from projects.models import Environment, User


def refusal(deployment: Deployment) -> str:
    """Why this deployment cannot be promoted, as a sentence; empty when it can."""
    if deployment.kind not in BRINGING or deployment.status not in THERE:
        return "Only a deployment that succeeded, or found that everything is there already, can be promoted."
    if deployment.targets:
        return "It was limited to parts of the environment; only a whole one can be promoted."
    return ""


def brought_to(environment: Environment) -> Deployment:
    """The deployment that brought what is in the environment now.

    Raises:
        WorkflowError: no release is there.
    """
    brought_by = current(environment).brought_by
    if brought_by is None:
        raise WorkflowError(f"There is no release in {environment.name} to promote. Deploy one there first.")
    return brought_by


def would_be(deployment: Deployment, to: Environment) -> Deployment:
    """The promotion to that environment, as long as nobody has asked for it: not saved.

    Raises:
        WorkflowError: with the sentence why there can be none.
    """
    if reason := refusal(deployment):
        raise WorkflowError(reason)
    came = deployment.environment
    if to.project_id != came.project_id or to.pk == came.pk:
        raise WorkflowError("Choose another environment of the same project.")
    return Deployment(
        environment=to,
        configuration=deployment.configuration,
        source=deployment.source,
        message=f"Promote {deployment.public_id} from {came.name}",
        promoted_from=came.name,
    )


def propose(
    *, deployment: Deployment, to: Environment, actor: User, method: Method, message: str = "", inline: bool = False
) -> Deployment:
    """The same configuration revision and sources, planned for another environment of the project.

    Raises:
        WorkflowError: with the sentence why not.
    """
    wanted = would_be(deployment, to)
    return planning.propose(
        environment=to,
        actor=actor,
        method=method,
        configuration=wanted.configuration,
        source=wanted.source,
        message=message or wanted.message,
        promoted_from=wanted.promoted_from,
        inline=inline,
    )
