"""A checked tree to values and back to plain data, both led by the grammar."""

from typing import Any

from .checking import variant_shape
from .nodes import MappingNode, Node, ScalarNode, SequenceNode, to_plain
from .shapes import ListOf, MapOf, Partial, Record, Shape, Text, Variant


def build(node: Node, shape: Shape) -> Any:
    """The value of a node that has passed the check against `shape`, with defaults filled in."""
    match shape:
        case Record(keys=keys, builds=builds) if isinstance(node, MappingNode):
            values: dict[str, Any] = {}
            for key in keys:
                child = node.get(key.name)
                inner = variant_shape(key.shape, node) if isinstance(key.shape, Variant) else key.shape
                if child is not None:
                    values[key.name] = build(child, inner)
                elif key.default == {} and isinstance(inner, Record):
                    # A record whose keys all have defaults is there even when nobody wrote it.
                    values[key.name] = build(MappingNode((), node.line, node.column), inner)
                else:
                    values[key.name] = dict(key.default) if key.default == {} else key.default
            if builds is dict:
                return {name: value for name, value in values.items() if value is not None}
            return builds(**values, line=node.line)
        case Partial(record=record) if isinstance(node, MappingNode):
            shapes = {key.name: key.shape for key in record.keys}
            return {entry.key: _given(entry.node, shapes[entry.key]) for entry in node.entries}
        case MapOf(value=value_shape) if isinstance(node, MappingNode):
            return {entry.key: build(entry.node, value_shape) for entry in node.entries}
        case ListOf(item=item_shape) if isinstance(node, SequenceNode):
            return tuple(build(item, item_shape) for item in node.items)
        case Text(builds=builds_text) if isinstance(node, ScalarNode):
            return builds_text(str(node.value))
        case _:
            return to_plain(node)


def _given(node: Node, shape: Shape) -> Any:
    """An overridden value as it was written: records stay partial."""
    return build(node, Partial(shape)) if isinstance(shape, Record) else to_plain(node)


def unbuild(value: Any, shape: Shape) -> Any:
    """Plain data of a built value: keys in the grammar's order or by name, those without a value left out."""
    match shape:
        case Record(keys=keys):
            plain: dict[str, Any] = {}
            for key in keys:
                child = value.get(key.name) if isinstance(value, dict) else getattr(value, key.name)
                inner = key.shape
                if isinstance(inner, Variant):
                    inner = inner.cases.get(getattr(value, inner.by), inner.other)
                child = None if child is None else unbuild(child, inner)
                if child is not None and child not in ({}, []):
                    plain[key.name] = child
            return plain
        case MapOf(value=value_shape):
            return {name: unbuild(item, value_shape) for name, item in sorted(value.items())}
        case ListOf(item=item_shape):
            return [unbuild(item, item_shape) for item in value]
        case Text():
            return str(value)
        case _:
            return _sorted(value)


def _sorted(value: Any) -> Any:
    match value:
        case dict():
            return {key: _sorted(item) for key, item in sorted(value.items())}
        case list():
            return [_sorted(item) for item in value]
        case _:
            return value
