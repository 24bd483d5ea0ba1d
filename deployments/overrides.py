"""What two environments have otherwise than each other, value by value, and whose override says so (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from history.compare import EditRow, edit_rows
from history.diffing import path_text
from projects.configuration.merging import SHARED
from projects.configuration.nodes import MappingNode, Node


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One value that differs; `before_from` and `after_from` name the environment whose override gives that side's."""

    edit: EditRow
    before_from: str = ""
    after_from: str = ""


@dataclass(frozen=True, slots=True)
class Effective:
    """A configuration as it takes effect in an environment; `overridden` has the paths that its own section gives."""

    environment: str
    plain: dict[str, Any]
    overridden: frozenset[str]


def effective(environment: str, plain: dict[str, Any], document: Node | None) -> Effective:
    """`plain` is the configuration with the overrides applied, `document` the text it was read from."""
    return Effective(environment, plain, frozenset(_overridden(document, environment)))


def differences(before: Effective, after: Effective) -> tuple[SettingRow, ...]:
    """What differs, in the order of the first."""
    return tuple(
        SettingRow(
            edit,
            before.environment if edit.before and _touches(edit.path, before.overridden) else "",
            after.environment if edit.after and _touches(edit.path, after.overridden) else "",
        )
        for edit in edit_rows(before.plain, after.plain)
    )


def _overridden(document: Node | None, environment: str) -> Iterator[str]:
    """The paths of the effective configuration that the environment's own section gives, as far down as it goes."""
    section = _at(_at(document, "environments"), environment)
    for key in ("region", "tags"):
        yield from _leaves(_at(section, key), ("project", key))
    for key in SHARED:
        yield from _leaves(_at(section, key), ("shared", key))
    for key in ("agents", "resources"):
        yield from _leaves(_at(section, key), (key,))


def _at(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, MappingNode) else None


def _leaves(node: Node | None, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, MappingNode):
        for entry in node.entries:
            yield from _leaves(entry.node, (*path, entry.key))
    elif node is not None:
        yield path_text(path)


def _touches(path: str, overridden: frozenset[str]) -> bool:
    """A value is an override's if it is what that gives, or is part of it, or has it as a part."""
    return any(one == path or _below(path, one) or _below(one, path) for one in overridden)


def _below(path: str, other: str) -> bool:
    return path.startswith((f"{other}.", f"{other}["))
