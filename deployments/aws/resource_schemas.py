"""What CloudFormation's resource schemas say of a type, from the copies that cfn-lint brings along.

Only files are read: importing cfn-lint itself takes seconds. Source of the format:
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from deployments.engine.intrinsics import is_intrinsic

_REGION = "us-east-1"  # has the most types; what a region lacks, the region itself says
_SAFE_NAME_LENGTH = 63  # what about every service takes
_PREFIX = "/properties/"
_TYPES: Mapping[str, tuple[type, ...]] = {
    "array": (list, tuple),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (Mapping,),
    "string": (str,),
}


@cache
def schema_of(type_name: str) -> Mapping[str, Any] | None:
    """The schema of a type, or None for one that CloudFormation does not know."""
    folder = _folder()
    if folder is None:
        return None
    digest = _index().get(type_name)
    if digest is None:
        return None
    schema: dict[str, Any] = json.loads((folder / "resources" / f"{digest}.json").read_text())
    return schema


def names(schema: Mapping[str, Any], key: str) -> frozenset[str]:
    """The top-level properties in a list of paths such as `createOnlyProperties`, without those of nested ones."""
    paths = [path.removeprefix(_PREFIX) for path in schema.get(key, ())]
    return frozenset(path for path in paths if "/" not in path)


def paths(schema: Mapping[str, Any], key: str) -> frozenset[str]:
    """The properties in such a list, nested ones too, as dotted paths; `*` stands for every entry of a list."""
    return frozenset(path.removeprefix(_PREFIX).replace("/", ".") for path in schema.get(key, ()))


def touched(schema: Mapping[str, Any], key: str) -> frozenset[str]:
    """Like `names`, and also the top-level properties that contain a nested one."""
    return frozenset(path.removeprefix(_PREFIX).partition("/")[0] for path in schema.get(key, ()))


def name_property(schema: Mapping[str, Any]) -> str | None:
    """The one property that identifies a resource and that we may choose, if there is such a one."""
    chosen = names(schema, "primaryIdentifier") - names(schema, "readOnlyProperties")
    return next(iter(chosen)) if len(schema.get("primaryIdentifier", ())) == 1 and chosen else None


def naming(schema: Mapping[str, Any]) -> frozenset[str]:
    """Properties we may choose that are a name as far as one can tell, or part of the identifier."""
    fixed = names(schema, "createOnlyProperties") | names(schema, "primaryIdentifier")
    identifier = names(schema, "primaryIdentifier")
    told = {name for name in fixed if name in identifier or name.endswith(("Name", "Identifier"))}
    return frozenset(told) - names(schema, "readOnlyProperties")


def name_limit(schema: Mapping[str, Any], name: str) -> int:
    """How many characters a name may have."""
    return int(schema["properties"][name].get("maxLength", _SAFE_NAME_LENGTH))


def problems(schema: Mapping[str, Any], properties: Mapping[str, Any]) -> list[str]:
    """What the schema does not allow, each as a sentence that begins with the path; intrinsics may stand anywhere."""
    read_only = names(schema, "readOnlyProperties")
    found = [f"{name} is set by AWS" for name in sorted(set(properties) & read_only)]
    rest = {name: value for name, value in properties.items() if name not in read_only}
    return found + list(_misfits(rest, {**schema, "type": "object"}, schema, ""))


def _misfits(value: Any, shape: Mapping[str, Any], root: Mapping[str, Any], path: str) -> Iterator[str]:
    if is_intrinsic(value):
        return
    shape = _followed(shape, root)
    kinds = shape.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if kinds and not any(_fits(value, kind) for kind in kinds):
        yield f"{path or 'properties'} must be of type {' or '.join(kinds)}"
        return
    if "enum" in shape and value not in shape["enum"]:
        yield f"{path} must be one of {', '.join(map(str, shape['enum']))}"
    if isinstance(value, Mapping) and "properties" in shape:
        yield from _of_object(value, shape, root, path)
    if isinstance(value, list) and isinstance(shape.get("items"), Mapping):
        for index, entry in enumerate(value):
            yield from _misfits(entry, shape["items"], root, f"{path}[{index}]")


def _of_object(value: Mapping[str, Any], shape: Mapping[str, Any], root: Mapping[str, Any], path: str) -> Iterator[str]:
    known = shape["properties"]
    for name in sorted(set(shape.get("required", ())) - set(value)):
        yield f"{path + '.' if path else ''}{name} is required"
    for name, entry in value.items():
        place = f"{path}.{name}" if path else name
        if name in known:
            yield from _misfits(entry, known[name], root, place)
        elif not shape.get("patternProperties") and shape.get("additionalProperties") is False:
            close = get_close_matches(name, known, 1)
            yield f"{place} is not a property" + (f"; did you mean {close[0]}?" if close else "")


def _followed(shape: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The shape a `$ref` leads to."""
    while "$ref" in shape:
        target: Any = root
        for part in str(shape["$ref"]).removeprefix("#/").split("/"):
            target = target.get(part, {})
        shape = target
    return shape


def _fits(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    # CloudFormation takes numbers as texts and texts as numbers.
    if kind == "string" and isinstance(value, int | float):
        return True
    return isinstance(value, _TYPES.get(kind, (object,)))


@cache
def _folder() -> Path | None:
    package = find_spec("cfnlint")
    if package is None or not package.submodule_search_locations:
        return None
    return Path(package.submodule_search_locations[0]) / "data" / "schemas"


@cache
def _index() -> Mapping[str, str]:
    folder = _folder()
    assert folder is not None, "asked only where it is"
    index: dict[str, str] = json.loads((folder / "providers" / f"{_REGION}.json").read_text())
    return index
