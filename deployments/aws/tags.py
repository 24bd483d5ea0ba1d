"""Tags in the shapes AWS's APIs want, whose they are, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

OWNER = ("strands:project", "strands:environment")


@dataclass(frozen=True, slots=True)
class TagChanges:
    """What to write and what to take away so that live tags become the wanted ones."""

    put: Mapping[str, str]
    remove: tuple[str, ...]


def to_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """`[{"Key": ..., "Value": ...}]`, sorted."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def from_list(entries: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """The inverse of `to_list`, without AWS's own tags."""
    return own({entry["Key"]: entry["Value"] for entry in entries or ()})


def own(tags: Mapping[str, str] | None) -> dict[str, str]:
    """The tags without those AWS writes itself (`aws:`)."""
    return {key: value for key, value in (tags or {}).items() if not key.startswith("aws:")}


def is_ours(live: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether what is live belongs to the same project and environment as what is wanted."""
    return all(key in live and live[key] == wanted.get(key) for key in OWNER)


def changes(live: Mapping[str, str], wanted: Mapping[str, str]) -> TagChanges:
    """The difference between live and wanted tags."""
    return TagChanges(
        put={key: value for key, value in sorted(wanted.items()) if live.get(key) != value},
        remove=tuple(sorted(set(live) - set(wanted))),
    )
