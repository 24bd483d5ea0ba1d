"""What exists, as we last left it: the recorded state of one environment, and its file format."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from deployments.engine.canonical import digest
from deployments.engine.migrations import VERSION, migrated

_REPLACED = ".replaced"  # no logical id of a configuration has a dot


def replaced_id(logical_id: str, taken: Container[str]) -> str:
    """The key under which a state keeps the old resource of a replacement: `Vpc.replaced`, or the next that is free."""
    name, number = logical_id + _REPLACED, 2
    while name in taken:
        name, number = f"{logical_id}{_REPLACED}.{number}", number + 1
    return name


def replacer_of(logical_id: str) -> str | None:
    """Whose old resource is kept under this key; None for a resource in its own right."""
    name, dot, _ = logical_id.partition(_REPLACED)
    return name if dot else None


@dataclass(frozen=True, slots=True)
class StateResource:
    """One resource as it was written last.

    `properties` are resolved (no intrinsics) and without tags; `attributes` is what `Fn::GetAtt` answers;
    `dependencies` are logical ids. `keeps_name`: it was imported under a physical name of its own, which it keeps
    whatever name the configuration would give it.
    """

    stack: str
    logical_id: str
    type: str
    physical_id: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    retain: bool = False
    agent: str | None = None
    keeps_name: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The resource's entry in a state file (its stack and logical id are the keys around it)."""
        entry: dict[str, Any] = {
            "type": self.type,
            "physicalId": self.physical_id,
            "properties": dict(self.properties),
            "attributes": dict(self.attributes),
            "dependencies": list(self.dependencies),
        }
        if self.tags:
            entry["tags"] = dict(self.tags)
        if self.retain:
            entry["retain"] = True
        if self.agent:
            entry["agent"] = self.agent
        if self.keeps_name:
            entry["keepsName"] = True
        return entry

    @classmethod
    def from_dict(cls, stack: str, logical_id: str, entry: Mapping[str, Any]) -> StateResource:
        """The inverse of `as_dict`."""
        return cls(
            stack=stack,
            logical_id=logical_id,
            type=entry["type"],
            physical_id=entry["physicalId"],
            properties=entry["properties"],
            attributes=entry.get("attributes", {}),
            dependencies=tuple(entry.get("dependencies", ())),
            tags=entry.get("tags", {}),
            retain=entry.get("retain", False),
            agent=entry.get("agent"),
            keeps_name=entry.get("keepsName", False),
        )


@dataclass(frozen=True, slots=True)
class State:
    """All recorded resources of one environment.

    `serial` grows with every run that wrote; `lineage` names the environment's life and never changes;
    `timestamp` is ISO 8601 UTC. `resources` is keyed by logical id.
    """

    serial: int
    lineage: str
    environment: str
    region: str
    account: str
    timestamp: str = ""
    resources: Mapping[str, StateResource] = field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 over what the state says, without its time stamp."""
        document = self.as_dict()
        del document["timestamp"]
        return digest(document)

    def with_resources(self, resources: Iterable[StateResource]) -> State:
        """The same state holding exactly these resources."""
        return replace(self, resources={resource.logical_id: resource for resource in resources})

    def without_replaced(self) -> State:
        """The same state as if every replacement had come to its end: no old resources, and nobody who needs one."""
        return self.with_resources(
            replace(entry, dependencies=tuple(replacer_of(name) or name for name in entry.dependencies))
            for name, entry in self.resources.items()
            if not replacer_of(name)
        )

    def as_dict(self) -> dict[str, Any]:
        """A state file, version 1.0: stacks by name, resources by logical id, both sorted."""
        stacks: dict[str, dict[str, Any]] = {}
        for logical_id in sorted(self.resources):
            resource = self.resources[logical_id]
            stacks.setdefault(resource.stack, {"resources": {}})["resources"][logical_id] = resource.as_dict()
        return {
            "version": VERSION,
            "serial": self.serial,
            "lineage": self.lineage,
            "environment": self.environment,
            "region": self.region,
            "account": self.account,
            "timestamp": self.timestamp,
            "stacks": dict(sorted(stacks.items())),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> State:
        """Reads a state file of this version or an earlier one.

        Raises:
            Refused: the file's version is not one this code knows; versions are migrated, never guessed.
        """
        document = migrated(document)
        resources = [
            StateResource.from_dict(stack, logical_id, entry)
            for stack, body in document["stacks"].items()
            for logical_id, entry in body["resources"].items()
        ]
        return cls(
            serial=document["serial"],
            lineage=document["lineage"],
            environment=document["environment"],
            region=document["region"],
            account=document["account"],
            timestamp=document.get("timestamp", ""),
        ).with_resources(resources)
