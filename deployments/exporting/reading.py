"""What is exported of an environment: its recorded state, and the outputs its latest plan promised."""

from __future__ import annotations

from deployments import states
from deployments.aws.registry import KINDS
from deployments.blueprint.values import Output
from deployments.exporting.export import Export
from deployments.models import RAN, PlanDocument
from projects.models import Environment


def export_of(environment: Environment) -> Export:
    """The environment as it is recorded now."""
    state = states.load(environment)
    latest = (
        PlanDocument.objects.filter(deployment__environment=environment, deployment__status__in=RAN)
        .exclude(deployment__kind="destroy")
        .order_by("-pk")
        .first()
    )
    outputs = [Output(**declared) for declared in latest.outputs] if latest else []
    return Export(
        state=state,
        kinds=KINDS,
        project=environment.project.slug,
        outputs=tuple(output for output in outputs if output.logical_id in state.resources),
    )
