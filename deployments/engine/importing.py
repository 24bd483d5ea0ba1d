"""Taking over what exists already: what may be imported, under which name, and what that will write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deployments.engine.differences import property_changes, tag_changes
from deployments.engine.errors import NotPlannable
from deployments.engine.intrinsics import nearest
from deployments.engine.kinds import Kind
from deployments.engine.plan import Origin, PropertyChange
from deployments.engine.ports import Live
from deployments.engine.resources import Resource
from deployments.engine.state import State, StateResource

Imports = Mapping[str, Live]
"""Live resources by the logical id they are taken over as."""


def check_imports(imports: Imports, desired: Mapping[str, Resource], state: State) -> None:
    """Raises NotPlannable for what nobody wants, and for what is managed already."""
    managed_as = {(entry.type, entry.physical_id): name for name, entry in state.resources.items()}
    for name, live in sorted(imports.items()):
        if name not in desired:
            raise NotPlannable(f"there is no resource {name} to import {live.physical_id} as{nearest(name, desired)}")
        if name in state.resources:
            raise NotPlannable(f"{name} is deployed already; {live.physical_id} cannot be imported as it")
        if holder := managed_as.get((desired[name].type, live.physical_id)):
            raise NotPlannable(f"{live.physical_id} is managed already, as {holder}; it cannot be {name} too")


def as_recorded(imports: Imports) -> dict[str, StateResource]:
    """What references to the imports resolve to."""
    return {name: StateResource("", name, "", live.physical_id, {}, live.attributes) for name, live in imports.items()}


def named_as(kind: Kind, resource: Resource, existing: Mapping[str, Any]) -> Resource:
    """The resource under the physical name that what exists has, marked where that is another than configured."""
    name = kind.name_property
    if name is None or name not in existing or existing[name] == resource.properties.get(name):
        return resource
    return replace(resource, properties={**resource.properties, name: existing[name]}, keeps_name=True)


def import_rows(
    kind: Kind, resource: Resource, properties: Mapping[str, Any], live: Live, secret_key: bytes
) -> tuple[PropertyChange, ...]:
    """`import_changes` for a plan; `properties` are the resource's, resolved as far as they can be.

    Raises:
        NotPlannable: something differs that cannot be changed in place.
    """
    rows = import_changes(kind, properties, resource.tags, live, secret_key)
    if stuck := ", ".join(row.path for row in rows if row.replaces):
        raise NotPlannable(
            f"{live.physical_id} cannot be imported as {resource.logical_id}: {stuck} differs and cannot be changed "
            "in place; bring the configuration in line with what exists"
        )
    return rows


def import_changes(
    kind: Kind, desired: Mapping[str, Any], tags: Mapping[str, str], live: Live, secret_key: bytes = b""
) -> tuple[PropertyChange, ...]:
    """What taking the live resource over will write: nothing but these properties and tags.

    What the configuration does not ask for stays as it is; what cannot be read back is believed to be as desired.
    """
    believed = {name: desired[name] for name in kind.write_only if name in desired}
    rows = property_changes(kind, desired=desired, recorded=believed, live=live.properties, secret_key=secret_key)
    rows += tag_changes(desired=tags, recorded={}, live=live.tags)
    return tuple(replace(row, origin=Origin.CONFIGURATION) for row in rows)  # nobody had promised anything yet
