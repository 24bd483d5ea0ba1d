"""How the sandbox's Cloud Control API makes, reads, changes and removes one type, and what types have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from strandsweb.sandbox.operations import Place

Model = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResourceType:
    """How one type is made, read, changed, removed and listed with a boto3 client of `service`."""

    service: str
    identifier: str
    properties: frozenset[str]
    create: Callable[[Any, Model, Place], str]
    read: Callable[[Any, str, Place], Model]
    update: Callable[[Any, str, Model, Model], None]
    delete: Callable[[Any, str], None]
    ids: Callable[[Any, Place], Iterable[str]]
    required: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    create_only: frozenset[str] = frozenset()


def changed(before: Model, after: Model, *names: str) -> bool:
    return any(before.get(name) != after.get(name) for name in names)


def pairs(tags: Iterable[dict[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags or []}


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def filled(model: Model) -> Model:
    return {name: value for name, value in model.items() if value not in (None, "", [], {})}


def tag_changes(before: dict[str, str], after: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Tags to set and keys to remove."""
    return {k: v for k, v in after.items() if before.get(k) != v}, [key for key in before if key not in after]
