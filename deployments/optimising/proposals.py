"""A finding's edits carried out on the text of strands.yaml, and what that would do to every environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployments.aws.registry import KINDS
from deployments.blueprint import Blueprint, EnvironmentFacts, synthesise
from deployments.engine.duplicates import Seen
from deployments.engine.resources import Resource
from deployments.optimising.findings import Finding, findings
from deployments.optimising.merges import HOLDS_DATA, AgentKey, Drop, listed
from projects.bundles import Bundle
from projects.configuration import Configuration, UnknownPath, for_environment, parse, remove_value, set_value
from projects.configuration.nodes import to_plain


class NotMergeable(Exception):
    """The configuration cannot say it, or should not; the text is a sentence why."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a plan of one environment would do about the new text: logical ids, sorted."""

    environment: str
    removed: tuple[str, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The new text; `only` names the one environment it changes, or is empty when it is for all of them."""

    text: str
    only: str
    effects: tuple[Effect, ...]


def propose(
    finding: Finding, text: str, *, environment: str, facts: Mapping[str, EnvironmentFacts], bundle: Bundle | None
) -> Proposal:
    """The text with a finding's edits in it, checked against every environment in `facts`.

    Where another environment is not the same in this, only `environment` changes, as an override of its own.

    Raises:
        NotMergeable: with the sentence why. Nothing that holds data ever goes.
    """
    if not finding.edits:
        raise NotMergeable(finding.by_hand)
    before = _worlds(text, facts, bundle)
    elsewhere = [name for name in before if name != environment and not _holds(finding, *before[name])]
    if elsewhere and any(isinstance(edit, Drop) for edit in finding.edits):
        raise NotMergeable(
            f"In {listed(elsewhere)} it is not the same, and a resource is declared for all environments."
        )
    only = environment if elsewhere else ""
    try:
        edited = _edited(text, finding, only)
    except (UnknownPath, ValueError) as error:
        raise NotMergeable(f"The text cannot be changed by itself: {error}.") from error
    after = _worlds(edited, facts, bundle)
    effects = tuple(_effect(name, before[name][1], after[name][1]) for name in sorted(before) if name in after)
    here = next((effect for effect in effects if effect.environment == environment), None)
    if here is None or not set(finding.goes) <= set(here.removed):
        raise NotMergeable(f"It would not take {listed(finding.goes)} away. Look at the configuration yourself.")
    return Proposal(
        edited, only, tuple(effect for effect in effects if effect.removed or effect.added or effect.changed)
    )


def _worlds(
    text: str, facts: Mapping[str, EnvironmentFacts], bundle: Bundle | None
) -> dict[str, tuple[Configuration, Blueprint]]:
    """Configuration and blueprint of each environment that the text names."""
    parsed = parse(text)
    if parsed.configuration is None:
        raise NotMergeable("The configuration would not hold: " + "; ".join(each.message for each in parsed.errors[:3]))
    worlds = {}
    for name in sorted(set(facts) & set(parsed.configuration.environments)):
        effective = for_environment(parsed.configuration, name)
        blueprint = synthesise(configuration=effective, facts=facts[name], bundle=bundle)
        if errors := [problem.message for problem in blueprint.problems if problem.severity == "error"]:
            raise NotMergeable(f"{name} could not be deployed: " + "; ".join(errors[:3]))
        worlds[name] = effective, blueprint
    return worlds


def _holds(finding: Finding, configuration: Configuration, blueprint: Blueprint) -> bool:
    """The same is found in another environment, as it is wanted there, and calls for the same edits."""
    there = findings(map(Seen.wanted, blueprint.resources), configuration, KINDS)
    return any(
        (each.sort, each.type, each.keeps) == (finding.sort, finding.type, finding.keeps)
        and set(finding.edits) <= set(each.edits)
        for each in there
    )


def _effect(name: str, before: Blueprint, after: Blueprint) -> Effect:
    was, will = _by_id(before), _by_id(after)
    gone = sorted(was.keys() - will.keys())
    if data := [each for each in gone if was[each].type in HOLDS_DATA or KINDS[was[each].type].stateful]:
        raise NotMergeable(f"In {name} it would take {listed(data)} away, with the data in it.")
    changed = sorted(each for each in was.keys() & will.keys() if was[each] != will[each])
    return Effect(name, tuple(gone), tuple(sorted(will.keys() - was.keys())), tuple(changed))


def _by_id(blueprint: Blueprint) -> dict[str, Resource]:
    return {resource.logical_id: resource for resource in blueprint.resources}


def _edited(text: str, finding: Finding, only: str) -> str:
    for edit in finding.edits:
        if isinstance(edit, Drop):
            text = _dropped(text, edit.resource)
        elif only:
            path = f"environments.{only}.agents.{edit.agent}.{edit.key}"
            text = set_value(text, path, list(edit.value) if isinstance(edit.value, tuple) else edit.value)
        else:
            text = _everywhere(text, edit)
    return text


def _everywhere(text: str, edit: AgentKey) -> str:
    """The agent's own key says it, and no environment says otherwise."""
    path = f"agents[{edit.agent}].{edit.key}"
    text = _list(text, edit) if edit.value else _removed(text, path)
    for environment in _document(text).get("environments") or {}:
        text = _removed(text, f"environments.{environment}.agents.{edit.agent}.{edit.key}")
    return text


def _dropped(text: str, resource: str) -> str:
    """The resource goes, with every override of it and every use and trigger that names it."""
    for key in ("uses", "triggers"):
        document = _document(text)
        places = [(f"agents[{agent['name']}]", agent) for agent in document.get("agents") or []]
        for name, environment in (document.get("environments") or {}).items():
            overrides = (environment.get("agents") or {}).items()
            places += [(f"environments.{name}.agents.{agent}", override) for agent, override in overrides]
        for place, agent in places:
            entries = agent.get(key) or []
            for index in reversed(range(len(entries))):
                if entries[index].get("resource") == resource:
                    text = remove_value(text, f"{place}.{key}[{index}]")
    for environment in _document(text).get("environments") or {}:
        text = _removed(text, f"environments.{environment}.resources.{resource}")
    return remove_value(text, f"resources[{resource}]")


def _list(text: str, edit: AgentKey) -> str:
    """The list of an agent, entry by entry, so that the comments between them stay."""
    path, wanted = f"agents[{edit.agent}].{edit.key}", list(edit.value if isinstance(edit.value, tuple) else ())
    agents = {agent["name"]: agent for agent in _document(text)["agents"]}
    written: list[Any] = list(agents[edit.agent].get(edit.key) or [])
    missing = [each for each in wanted if each not in written]
    for index in reversed(range(len(written))):
        if written[index] in wanted and written[index] not in written[:index]:
            continue
        if missing:
            written[index] = missing.pop()
            text = set_value(text, f"{path}[{index}]", written[index])
        else:
            del written[index]
            text = remove_value(text, f"{path}[{index}]")
    return text if written == wanted else set_value(text, path, wanted)


def _removed(text: str, path: str) -> str:
    """The text without the path; the same text where there is none."""
    try:
        return remove_value(text, path)
    except UnknownPath:
        return text


def _document(text: str) -> dict[str, Any]:
    configuration = parse(text).configuration
    if configuration is None:  # it was sound before: the part that was taken out was needed
        raise ValueError("what is left would not hold")
    plain: Any = to_plain(configuration.source)
    return dict(plain)
