"""The grammar as a JSON Schema (draft 2020-12), for completion and hints in editors."""

from typing import Any

from .grammar import CONFIGURATION
from .shapes import Choice, Free, Key, ListOf, MapOf, Partial, Record, Shape, Switch, Text, Variant, Whole

Schema = dict[str, Any]


def schema() -> Schema:
    """A schema that takes what the grammar takes; rules between keys are beyond it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "strands.yaml",
        **_schema(CONFIGURATION),
    }


def _schema(shape: Shape) -> Schema:
    match shape:
        case Record(keys=keys):
            return _record(keys, [key.name for key in keys if key.required])
        case Partial():
            return _record(shape.keys, [])
        case MapOf(key=key_shape, value=value, maximum=maximum):
            return {
                "type": "object",
                "propertyNames": _schema(key_shape),
                "additionalProperties": _schema(value),
                "maxProperties": maximum,
            }
        case ListOf(item=item, minimum=minimum, maximum=maximum):
            return {"type": "array", "items": _schema(item), "minItems": minimum, "maxItems": maximum}
        case Text(pattern=pattern, minimum=minimum, maximum=maximum):
            bounds: Schema = {"type": "string", "minLength": minimum, "maxLength": maximum}
            return bounds | ({"pattern": f"^(?:{pattern})$"} if pattern else {})
        case Whole(minimum=low, maximum=high, options=options):
            return {"enum": list(options)} if options else {"type": "integer", "minimum": low, "maximum": high}
        case Switch():
            return {"type": "boolean"}
        case Choice(options=words):
            return {"enum": list(words)}
        case Free() | Variant():
            return {}


def _record(keys: tuple[Key, ...], required: list[str]) -> Schema:
    properties: Schema = {}
    conditions: list[Schema] = []
    for key in keys:
        described: Schema = {"description": key.doc}
        if key.default not in (None, {}, ()):
            described["default"] = key.default
        properties[key.name] = _schema(key.shape) | described
        if isinstance(key.shape, Variant):
            conditions += _conditions(key.name, key.shape)
    record: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        record["required"] = required
    if conditions:
        record["allOf"] = conditions
    return record


def _conditions(name: str, variant: Variant) -> list[Schema]:
    """For each known value of the sibling, the shape it demands."""
    conditions = []
    for value, record in variant.cases.items():
        then: Schema = {"properties": {name: _schema(record)}}
        if any(key.required for key in record.keys):
            then["required"] = [name]
        conditions.append(
            {"if": {"properties": {variant.by: {"const": value}}, "required": [variant.by]}, "then": then}
        )
    return conditions
