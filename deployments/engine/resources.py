"""What is wanted: one resource, as synthesis makes it and plans carry it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Properties = Mapping[str, Any]
"""CloudFormation properties as plain JSON; references are intrinsics (see `intrinsics`)."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One desired resource.

    `logical_id` is unique over the whole environment, so that a `Ref` needs no stack name; `stack` groups
    (`shared-infrastructure` or the agent's name). `tags` are kept apart from `properties` because every kind
    writes them differently; `volatile_tags` (version, deployed-by) are written whenever the resource is
    written anyway and are never a reason to write it. `keeps_name`: see `StateResource`.
    """

    stack: str
    logical_id: str
    type: str
    properties: Properties
    depends_on: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    volatile_tags: Mapping[str, str] = field(default_factory=dict)
    retain: bool = False
    agent: str | None = None
    keeps_name: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON; what is empty is left out."""
        full: dict[str, Any] = {
            "stack": self.stack,
            "logicalId": self.logical_id,
            "type": self.type,
            "properties": dict(self.properties),
            "dependsOn": list(self.depends_on),
            "tags": dict(self.tags),
            "volatileTags": dict(self.volatile_tags),
            "retain": self.retain,
            "agent": self.agent,
            "keepsName": self.keeps_name,
        }
        return {key: value for key, value in full.items() if value or key in ("properties", "stack")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Resource:
        """The inverse of `as_dict`."""
        return cls(
            stack=data["stack"],
            logical_id=data["logicalId"],
            type=data["type"],
            properties=data["properties"],
            depends_on=tuple(data.get("dependsOn", ())),
            tags=data.get("tags", {}),
            volatile_tags=data.get("volatileTags", {}),
            retain=data.get("retain", False),
            agent=data.get("agent"),
            keeps_name=data.get("keepsName", False),
        )
