"""The recorded state of an environment: rows in, an engine value out."""

from __future__ import annotations

from collections.abc import Iterable

from deployments.engine.state import State, StateResource
from deployments.models import EnvironmentState, StateEntry
from projects.models import Environment


def load(environment: Environment) -> State:
    """The state as it is recorded now; an environment never deployed has an empty one of serial 0."""
    head, _ = EnvironmentState.objects.get_or_create(environment=environment)
    entries = StateEntry.objects.filter(environment=environment)
    return of(environment, head, (StateResource.from_dict(row.stack, row.logical_id, row.body) for row in entries))


def of(environment: Environment, head: EnvironmentState, resources: Iterable[StateResource]) -> State:
    """The state of rows that are read already."""
    return State(
        serial=head.serial,
        lineage=head.lineage,
        environment=environment.name,
        region=environment.region,
        account=environment.account,
        timestamp=head.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ") if head.updated_at else "",
    ).with_resources(resources)


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
