"""State files of earlier versions, brought to this one step by step; what a file says is never guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.engine.errors import Refused

VERSION = "1.0"
"""The version that is written."""

Document = Mapping[str, Any]


def migrated(document: Document) -> Document:
    """The same state as a document of `VERSION`; the one given is left as it is.

    Raises:
        Refused: no chain of steps leads from its version to this one.
    """
    version = document.get("version")
    while version != VERSION:
        step = _STEPS.get(version) if isinstance(version, str) else None
        if step is None:
            known = ", ".join([*_STEPS, VERSION])
            raise Refused(f"state version {version!r} is not known here (this version reads {known})")
        version, migrate = step
        document = {**migrate(document), "version": version}
    return document


def _from_0_9(document: Document) -> Document:
    """0.9 kept a resource's own tags among its properties, as CloudFormation does, and protected by a policy's name.

    1.0 has `tags` as an object beside `properties`, and `retain` as true or absent.
    """
    stacks = {
        name: {"resources": {logical_id: _entry_from_0_9(entry) for logical_id, entry in stack["resources"].items()}}
        for name, stack in document["stacks"].items()
    }
    return {**document, "stacks": stacks}


def _entry_from_0_9(entry: Document) -> Document:
    properties = dict(entry["properties"])
    written = properties.pop("Tags", {})
    tags = written if isinstance(written, Mapping) else {tag["Key"]: tag["Value"] for tag in written}
    now = {key: value for key, value in entry.items() if key != "deletionPolicy"} | {"properties": properties}
    if tags:
        now["tags"] = dict(tags)
    if entry.get("deletionPolicy") == "Retain":
        now["retain"] = True
    return now


_STEPS: Mapping[str, tuple[str, Callable[[Document], Document]]] = {"0.9": ("1.0", _from_0_9)}
"""From a version to the next one, and how."""
