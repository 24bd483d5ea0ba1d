"""JSON Patch (RFC 6902) over values; pure."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any


class PatchFailed(Exception):
    """The patch is malformed or does not fit the document; the message says why."""


def apply_patch(document: Any, patch: Any) -> Any:
    """The patched copy of `document`. Raises PatchFailed.

    >>> apply_patch({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}])
    {'a': [1, 2]}
    """
    if not isinstance(patch, Sequence) or isinstance(patch, str):
        raise PatchFailed("A patch is a list of operations.")
    root = {"": copy.deepcopy(document)}  # so that the whole document has a parent too
    for step in patch:
        try:
            _apply(root, step)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as problem:
            raise PatchFailed(f"{step} does not fit the document: {problem}") from problem
    return root[""]


def _apply(root: dict[str, Any], step: dict[str, Any]) -> None:
    path = _parts(step["path"])
    match step["op"]:
        case "add":
            _add(root, path, copy.deepcopy(step["value"]))
        case "remove":
            _remove(root, path)
        case "replace":
            _remove(root, path)
            _add(root, path, copy.deepcopy(step["value"]))
        case "move":
            _add(root, path, _remove(root, _parts(step["from"])))
        case "copy":
            _add(root, path, copy.deepcopy(_get(root, _parts(step["from"]))))
        case "test":
            if _get(root, path) != step["value"]:
                raise ValueError("the test failed")
        case unknown:
            raise ValueError(f"{unknown} is no operation")


def _parts(pointer: str) -> list[str]:
    if pointer and not pointer.startswith("/"):
        raise ValueError(f"{pointer} is no JSON pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")]


def _get(root: Any, path: list[str]) -> Any:
    place = root
    for part in path:
        place = place[_index(place, part)] if isinstance(place, list) else place[part]
    return place


def _index(items: list[Any], part: str) -> int:
    index = int(part)
    if not 0 <= index < len(items):
        raise IndexError(part)
    return index


def _add(root: Any, path: list[str], value: Any) -> None:
    parent = _get(root, path[:-1])
    if isinstance(parent, list):
        index = len(parent) if path[-1] == "-" else int(path[-1])
        if not 0 <= index <= len(parent):
            raise IndexError(path[-1])
        parent.insert(index, value)
    else:
        parent[path[-1]] = value


def _remove(root: Any, path: list[str]) -> Any:
    parent = _get(root, path[:-1])
    return parent.pop(_index(parent, path[-1])) if isinstance(parent, list) else parent.pop(path[-1])
