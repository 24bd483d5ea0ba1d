"""Resolved properties back to references, where the state proves what a value stands for.

A value becomes a reference only to something its resource depends on, only where no other resource of the environment
has the same value, and only if it is no mere word: it has digits or punctuation, or the service made it up. What could
mean two things stays as it is. So whatever is restored resolves to exactly what is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.engine.intrinsics import references
from deployments.engine.kinds import Kinds
from deployments.engine.state import StateResource

_PARTICULAR = re.compile(r"(?!\$)(?=.*[\d:/._-]).{8,}", re.DOTALL)
_MADE_UP = re.compile(r"[a-z0-9]{6,}")
_INSIDE_A_WORD = r"[\w.-]"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a value stands for: a resource's physical id (`attribute` is empty) or one of its attributes."""

    logical_id: str
    attribute: str

    @property
    def intrinsic(self) -> dict[str, Any]:
        """As `Ref` or `Fn::GetAtt`."""
        return {"Fn::GetAtt": [self.logical_id, self.attribute]} if self.attribute else {"Ref": self.logical_id}

    @property
    def placeholder(self) -> str:
        """As `Fn::Sub` writes it."""
        return f"${{{self.logical_id}.{self.attribute}}}" if self.attribute else f"${{{self.logical_id}}}"


@dataclass(frozen=True, slots=True)
class Restored:
    """A resource's properties with references, and the dependencies that these do not show (`DependsOn`)."""

    properties: Mapping[str, Any]
    depends_on: tuple[str, ...]


def restore(resources: Mapping[str, StateResource], kinds: Kinds) -> dict[str, Restored]:
    """Every resource by logical id; a resource's own physical name stays literal."""
    meanings = _meanings(resources)
    restored = {}
    for logical_id, resource in resources.items():
        needed = frozenset(resource.dependencies) & resources.keys() - {logical_id}
        rewrite = _rewriter({value: what for value, what in meanings.items() if what.logical_id in needed})
        kind = kinds.get(resource.type)
        name = kind.name_property if kind else None
        properties = {
            key: value if key == name else _restored(value, rewrite) for key, value in resource.properties.items()
        }
        restored[logical_id] = Restored(properties, tuple(sorted(needed - references(properties))))
    return restored


def _meanings(resources: Mapping[str, StateResource]) -> dict[str, Meaning]:
    """Each particular value that exactly one resource has; `Ref` goes before attributes, these by name."""
    holders: dict[str, dict[str, Meaning]] = {}
    for logical_id, resource in sorted(resources.items()):
        values = [("", resource.physical_id), *sorted(resource.attributes.items())]
        for attribute, value in values:
            if isinstance(value, str) and (_PARTICULAR.fullmatch(value) or _is_made_up(value, resource)):
                holders.setdefault(value, {}).setdefault(logical_id, Meaning(logical_id, attribute))
    return {value: next(iter(by_id.values())) for value, by_id in holders.items() if len(by_id) == 1}


def _is_made_up(value: str, resource: StateResource) -> bool:
    """An id that the service generated: nobody asked for it in a property."""
    return (
        value == resource.physical_id
        and _MADE_UP.fullmatch(value) is not None
        and value not in resource.properties.values()
    )


def _rewriter(meanings: Mapping[str, Meaning]) -> Callable[[str], Any]:
    longest_first = sorted(meanings, key=lambda value: (-len(value), value))
    found = re.compile(
        f"(?<!{_INSIDE_A_WORD})({'|'.join(map(re.escape, longest_first))})(?!{_INSIDE_A_WORD})"
        if longest_first
        else r"(?!)"
    )

    def rewrite(text: str) -> Any:
        if text in meanings:
            return meanings[text].intrinsic
        parts = found.split(text)
        if len(parts) == 1:
            return text
        literals, values = parts[::2], [*parts[1::2], ""]
        return {
            "Fn::Sub": "".join(
                literal.replace("${", "${!") + (meanings[value].placeholder if value else "")
                for literal, value in zip(literals, values, strict=True)
            )
        }

    return rewrite


def _restored(value: Any, rewrite: Callable[[str], Any]) -> Any:
    if isinstance(value, str):
        return rewrite(value)
    if isinstance(value, Mapping):
        return {key: _restored(entry, rewrite) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_restored(entry, rewrite) for entry in value]
    return value
