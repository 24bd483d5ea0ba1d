"""The configuration of two sides: as text, and value by value; of two environments as it takes effect (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deployments.comparing.sides import Side
from deployments.overrides import Effective, SettingRow, differences, effective
from history.compare import EditRow, edit_rows
from history.textdiff import TextDiff, side_by_side
from projects.configuration import Configuration, UnknownEnvironment, for_environment, parse, render_effective
from projects.configuration.nodes import to_plain
from projects.configuration.reading import read


@dataclass(frozen=True, slots=True)
class Configurations:
    """Both configurations; `effective` says that overrides are applied, `problem` why there are no rows."""

    before_text: str
    after_text: str
    text: TextDiff
    rows: tuple[SettingRow, ...]
    effective: bool = False
    problem: str = ""


def compare_configurations(before: Side, after: Side) -> Configurations:
    """Of one environment as they were written, of two with the overrides of each."""
    if before.place.environment != after.place.environment:
        parsed = [_effective(side) for side in (before, after)]
        if parsed[0] is not None and parsed[1] is not None:
            return _taking_effect(before, after, parsed[0], parsed[1])
    return _as_written(before, after)


def agents_of(side: Side) -> dict[str, str]:
    """The folders of its agents in the source bundle, by name; none where the configuration cannot be read."""
    configuration = parse(side.config_text).configuration if side.config_text else None
    return {agent.name: agent.path for agent in configuration.agents} if configuration else {}


def _effective(side: Side) -> Configuration | None:
    """The configuration as the side's environment sees it; None where it has none, or cannot be read any more."""
    configuration = parse(side.config_text).configuration
    if configuration is None:
        return None
    try:
        return for_environment(configuration, side.place.environment)
    except (UnknownEnvironment, ValueError):
        return None


def _taking_effect(before: Side, after: Side, old: Configuration, new: Configuration) -> Configurations:
    was, now = (render_effective(replace(each, environments={})) for each in (old, new))
    rows = differences(_plainly(before, was), _plainly(after, now))
    return Configurations(was, now, side_by_side(was, now), rows, effective=True)


def _as_written(before: Side, after: Side) -> Configurations:
    was, now = before.config_text, after.config_text
    old, new = read(was)[0], read(now)[0]
    rows: tuple[EditRow, ...] = ()
    problem = ""
    if old is not None and new is not None:
        rows = edit_rows(to_plain(old), to_plain(new))
    elif was or now:
        which = "first" if old is None else "second"
        problem = f"The {which} configuration cannot be read as YAML, so only the texts are compared."
    return Configurations(was, now, side_by_side(was, now), tuple(map(SettingRow, rows)), problem=problem)


def _plainly(side: Side, text: str) -> Effective:
    """`text` is what takes effect where the side is."""
    document, _ = read(text)
    value = to_plain(document) if document else {}
    assert isinstance(value, dict), "a document is a mapping"
    return effective(side.place.environment, value, read(side.config_text)[0])
