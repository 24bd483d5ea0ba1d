"""What is to be imported, as it is live now, and whether it is free to be taken over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deployments.aws.refresh import read_all
from deployments.aws.tags import OWNER
from deployments.engine import graph
from deployments.engine.errors import NotPlannable
from deployments.engine.importing import as_recorded
from deployments.engine.intrinsics import has_unknown, nearest, recorded_lookup, references, resolve
from deployments.engine.ports import Live, Provisioners
from deployments.engine.resources import Resource
from deployments.engine.state import State, StateResource
from deployments.models import StateEntry
from projects.models import Environment


def read_candidates(
    resources: Sequence[Resource],
    physical_ids: Mapping[str, str],
    *,
    environment: Environment,
    state: State,
    provisioners: Provisioners,
) -> dict[str, Live]:
    """The live resources by the logical id of `resources` they are to be; reads only.

    Raises:
        NotPlannable: something is not wanted, does not exist, cannot be read, or belongs to somebody else.
    """
    desired = {resource.logical_id: resource for resource in resources}
    for name in sorted(physical_ids):
        if name not in desired:
            raise NotPlannable(f"There is no resource {name} in the configuration{nearest(name, desired)}.")
    found: dict[str, Live] = {}
    waiting = [name for name in graph.order(graph.dependencies(desired)) if name in physical_ids]
    while waiting:
        # What a candidate refers to may be a candidate itself, and says how to read it (a route needs its API's id).
        ready = [name for name in waiting if not references(desired[name].properties) & set(waiting) - {name}]
        entries = [_as_if_recorded(desired[name], physical_ids[name], found, state) for name in ready]
        try:
            lives = read_all(entries, provisioners, tags_at_source=True)
        except KeyError as missing:
            raise NotPlannable(
                f"{', '.join(ready)} cannot be read before what its {missing.args[0]} refers to exists."
            ) from missing
        if gone := [f"{name} ({physical_ids[name]})" for name in ready if lives[name] is None]:
            raise NotPlannable(f"There is nothing to import as {', '.join(gone)}: it does not exist in this account.")
        found |= {name: live for name, live in lives.items() if live is not None}
        waiting = [name for name in waiting if name not in found]
    _refuse_taken(desired, found, environment)
    return found


def _as_if_recorded(resource: Resource, physical_id: str, found: Mapping[str, Live], state: State) -> StateResource:
    """What a provisioner reads by: the id, and the properties as far as they are known."""
    known = {**state.resources, **as_recorded(found)}
    unknown = references(resource.properties) - known.keys()
    lookup = recorded_lookup(known, region=state.region, account=state.account, unknown=unknown)
    properties: dict[str, Any] = resolve(dict(resource.properties), lookup)
    return StateResource(
        stack=resource.stack,
        logical_id=resource.logical_id,
        type=resource.type,
        physical_id=physical_id,
        properties={name: value for name, value in properties.items() if not has_unknown(value)},
    )


def _refuse_taken(desired: Mapping[str, Resource], found: Mapping[str, Live], environment: Environment) -> None:
    """Raises NotPlannable where tags or another environment's state say that it belongs to somebody else."""
    for name, live in sorted(found.items()):
        owner = {key: live.tags[key] for key in OWNER if key in live.tags}
        if any(desired[name].tags.get(key) != value for key, value in owner.items()):
            said = ", ".join(f"{key}={value}" for key, value in owner.items())
            raise NotPlannable(f"{live.physical_id} belongs to another environment: its tags say {said}.")
    elsewhere = StateEntry.objects.filter(
        environment__account=environment.account, physical_id__in=[live.physical_id for live in found.values()]
    ).exclude(environment=environment)
    types = {(desired[name].type, live.physical_id) for name, live in found.items()}
    for kind, physical_id, region in elsewhere.values_list("type", "physical_id", "environment__region"):
        if (kind, physical_id) in types and region == environment.region:
            raise NotPlannable(f"{physical_id} is managed by another environment of strandsweb already.")
