"""The recorded state of an environment: rows in, an engine value out."""

from __future__ import annotations

from deployments.engine.state import State, StateResource
from deployments.models import EnvironmentState, StateEntry
from projects.models import Environment


def load(environment: Environment) -> State:
    """The state as it is recorded now; an environment never deployed has an empty one of serial 0."""
    head, _ = EnvironmentState.objects.get_or_create(environment=environment)
    return State(
        serial=head.serial,
        lineage=head.lineage,
        environment=environment.name,
        region=environment.region,
        account=environment.account,
        timestamp=head.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ") if head.updated_at else "",
    ).with_resources(
        StateResource.from_dict(entry.stack, entry.logical_id, entry.body)
        for entry in StateEntry.objects.filter(environment=environment)
    )


def row(environment_id: int, resource: StateResource) -> StateEntry:
    """The resource as an unsaved row."""
    return StateEntry(
        environment_id=environment_id,
        logical_id=resource.logical_id,
        stack=resource.stack,
        type=resource.type,
        physical_id=resource.physical_id,
        body=resource.as_dict(),
    )
