"""Resources of any other CloudFormation type, in its own properties and checked with its schema."""

from __future__ import annotations

from deployments.aws import resource_schemas
from deployments.aws.registry import KINDS
from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal
from deployments.blueprint.values import Output
from deployments.engine.errors import Refused
from projects.configuration.model import ResourceSpec


def add_generic(draft: Draft, spec: ResourceSpec, path: str, *, kept: bool) -> str | None:
    """Adds a resource that goes through Cloud Control; None where CloudFormation does not know its type.

    A resource that is identified by a name gets one of ours, unless it names itself.
    """
    schema = resource_schemas.schema_of(spec.type)
    if schema is None:
        advice = "the CloudFormation template reference lists all types"
        draft.problem(spec.line, f"{path}.type", f"CloudFormation knows no type {spec.type}", advice)
        return None
    properties = dict(spec.properties)
    if properties.pop("Tags", None) is not None:
        draft.problem(spec.line, f"{path}.properties", "Tags do not belong into properties", "write tags beside them")
    name = KINDS[spec.type].name_property
    if name is not None and name not in properties:
        properties[name] = draft.names.other(spec.name, resource_schemas.name_limit(schema, name))
    try:
        found = resource_schemas.problems(schema, properties)
    except Refused as refused:
        found = [str(refused)]
    for message in found:
        draft.problem(spec.line, f"{path}.properties", f"{spec.type}: {message}")
    noun = spec.type.rpartition("::")[2]
    logical_id = draft.add(
        pascal(spec.name, noun), spec.type, properties, tags=spec.tags, retain=kept, line=spec.line, path=path
    )
    draft.outputs.append(Output(logical_id, logical_id, None, f"The {noun} {spec.name}"))
    return logical_id
