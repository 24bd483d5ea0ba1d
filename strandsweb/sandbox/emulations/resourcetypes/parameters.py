"""AWS::SSM::Parameter, in terms of its service's own calls."""

from __future__ import annotations

from typing import Any

from strandsweb.sandbox.emulations.resourcetypes.model import (
    Model,
    ResourceType,
    changed,
    filled,
    listed,
    pairs,
    tag_changes,
)
from strandsweb.sandbox.operations import Place

_PARAMETER = ("Type", "Value", "Description", "AllowedPattern", "Tier", "DataType")


def _create_parameter(client: Any, model: Model, place: Place) -> str:
    name: str = model["Name"]
    given = {key: model[key] for key in (*_PARAMETER, "Policies") if key in model}
    client.put_parameter(Name=name, Tags=listed(model.get("Tags") or {}), **given)
    return name


def _read_parameter(client: Any, name: str, place: Place) -> Model:
    value = client.get_parameter(Name=name)["Parameter"]
    only = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
    described = client.describe_parameters(ParameterFilters=only)["Parameters"][0]
    tags = client.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    model = {key: described.get(key) for key in _PARAMETER} | {"Name": name, "Tags": pairs(tags)}
    return filled(model | {"Type": value["Type"], "Value": value["Value"]})


def _update_parameter(client: Any, name: str, before: Model, after: Model) -> None:
    if changed(before, after, *_PARAMETER):
        given = {key: after[key] for key in _PARAMETER if key in after}
        client.put_parameter(Name=name, Overwrite=True, **given)
    added, removed = tag_changes(before.get("Tags") or {}, after.get("Tags") or {})
    if added:
        client.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=listed(added))
    if removed:
        client.remove_tags_from_resource(ResourceType="Parameter", ResourceId=name, TagKeys=removed)


PARAMETER = ResourceType(
    "ssm",
    "Name",
    frozenset([*_PARAMETER, "Policies", "Tags"]),
    _create_parameter,
    _read_parameter,
    _update_parameter,
    lambda client, name: client.delete_parameter(Name=name),
    lambda client, _: [item["Name"] for item in client.describe_parameters()["Parameters"]],
    required=frozenset(["Type", "Value"]),
    create_only=frozenset(["Name"]),
)
