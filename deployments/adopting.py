"""Adopting: what somebody changed outside becomes what the configuration says, as a revision of its own.

Only where it is known which key of strands.yaml a property comes from; and only if the file, with the live value in
it, really asks for that value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.blueprint import Blueprint
from deployments.blueprint.identifiers import pascal
from deployments.engine.plan import ABSENT, Change, Origin, PropertyChange
from deployments.errors import OutOfDate, WorkflowError
from deployments.models import Deployment
from deployments.wishes import Invalid, blueprint_of
from projects.configuration import Configuration as ProjectConfiguration
from projects.configuration import UnknownPath, parse, set_value
from projects.editing import Conflict, save_configuration
from projects.models import Configuration, Environment, User

FUNCTION = "AWS::Lambda::Function"
VARIABLES = "Environment.Variables."
AGENT_KEYS: Mapping[str, str] = {"MemorySize": "memory", "Timeout": "timeout"}
RESOURCE_KEYS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("AWS::SQS::Queue", "VisibilityTimeout"): ("queue", "visibility_timeout"),
    ("AWS::SQS::Queue", "MessageRetentionPeriod"): ("queue", "retention"),
    ("AWS::SQS::Queue", "DelaySeconds"): ("queue", "delay"),
    ("AWS::SNS::Topic", "DisplayName"): ("topic", "display_name"),
    ("AWS::Events::EventBus", "Description"): ("event bus", "description"),
    ("AWS::SecretsManager::Secret", "Description"): ("secret", "description"),
}
"""Type and property -> the noun in the logical id, and the key below `properties`."""


def why_not(change: Change, line: PropertyChange) -> str:
    """Why this property cannot be adopted, as far as can be said without the configuration; empty when it may be."""
    if line.origin is Origin.CONFIGURATION:
        return "nobody changed it outside"
    if line.sensitive:
        return "secret values never stand in a configuration"
    if line.before is ABSENT:
        return "it was taken away outside; take it out of strands.yaml to agree"
    if not isinstance(line.before, str | int | float | bool):
        return "it is a structure, and strands.yaml writes it in another form"
    if _agent_key(change.type, line.path) or (change.type, line.path) in RESOURCE_KEYS:
        return ""
    if change.type == "AWS::Logs::LogGroup" and line.path == "RetentionInDays":
        return "strands.yaml has one log_retention_days for all log groups"
    return "strands.yaml has no key for it"


def adopt(*, environment: Environment, change: Change, path: str, actor: User) -> Configuration:
    """Writes the live value of one property into the configuration, for this environment alone.

    Raises:
        WorkflowError: it cannot be adopted; with the sentence why. Nothing was written.
        OutOfDate: somebody saved another revision in the meantime.
    """
    line = next((each for each in change.properties if each.path == path), None)
    if line is None:
        raise OutOfDate(f"{change.logical_id} no longer differs in {path}.")
    if reason := why_not(change, line):
        raise WorkflowError(f"{path} of {change.logical_id} cannot be adopted: {reason}.")
    latest = environment.project.latest_configuration
    parsed = parse(latest.text).configuration if latest else None
    if latest is None or parsed is None:
        raise WorkflowError("The latest configuration has problems. Mend them first.")
    place = _place(parsed, environment, change, path)
    try:
        text = set_value(latest.text, place, line.before)
    except (UnknownPath, ValueError) as error:
        raise WorkflowError(f"The configuration cannot be changed at {place}: {error}.") from error
    _check(environment, latest, text, change, line)
    try:
        return save_configuration(
            project=environment.project,
            text=text,
            author=actor,
            message=f"Adopt {path} of {change.logical_id} as it is in {environment.name}: {line.before}"[:200],
            base_number=latest.number,
        )
    except Conflict as conflict:
        raise OutOfDate(str(conflict)) from conflict


def _agent_key(type_name: str, path: str) -> str:
    """The key of an agent that a function's property comes from, or nothing."""
    if type_name != FUNCTION:
        return ""
    if path.startswith(VARIABLES) and "." not in path.removeprefix(VARIABLES):
        return f"environment.{path.removeprefix(VARIABLES)}"
    return AGENT_KEYS.get(path, "")


def _place(parsed: ProjectConfiguration, environment: Environment, change: Change, path: str) -> str:
    """Where the value goes in the file: among the environment's own overrides, as it was seen only there."""
    if key := _agent_key(change.type, path):
        part, noun, names = "agents", "function", [agent.name for agent in parsed.agents]
    else:
        part, (noun, key) = "resources", RESOURCE_KEYS[change.type, path]
        key, names = f"properties.{key}", [resource.name for resource in parsed.resources]
    name = next((each for each in names if pascal(each, noun) == change.logical_id), None)
    if name is None:
        raise WorkflowError(f"{change.logical_id} does not stand in the configuration under a name of its own.")
    if environment.name not in parsed.environments:
        raise WorkflowError(f"The configuration does not name {environment.name} under environments.")
    return f"environments.{environment.name}.{part}.{name}.{key}"


def _check(environment: Environment, latest: Configuration, text: str, change: Change, line: PropertyChange) -> None:
    """Raises WorkflowError unless the new text asks for the live value, and for nothing else of the resource."""
    try:
        before, after = (
            _properties(_blueprint(environment, latest, each), change.logical_id) for each in (latest.text, text)
        )
    except Invalid as invalid:
        told = "; ".join(str(problem["message"]) for problem in invalid.problems)
        raise WorkflowError(f"The configuration would not hold with the live value: {told}.") from invalid
    *parents, last = line.path.split(".")
    for properties in (before, after):
        found: Any = properties
        for parent in parents:
            found = found.get(parent, {})
        found_value = found.pop(last, ABSENT)
    if found_value != line.before or before != after:
        raise WorkflowError(f"{line.path} of {change.logical_id} is made by strandsweb from more than one value.")


def _blueprint(environment: Environment, latest: Configuration, text: str) -> Blueprint:
    """What the environment would be with that text; nothing is saved."""
    return blueprint_of(
        Deployment(
            environment=environment,
            configuration=Configuration(project=latest.project, number=latest.number, text=text),
            source=environment.project.latest_source,
        )
    )


def _properties(blueprint: Blueprint, logical_id: str) -> dict[str, Any]:
    """A copy of a resource's properties, empty where there is no such resource."""
    found = next((each for each in blueprint.resources if each.logical_id == logical_id), None)
    return _copied(found.properties) if found else {}


def _copied(value: Any) -> Any:
    return {key: _copied(each) for key, each in value.items()} if isinstance(value, Mapping) else value
