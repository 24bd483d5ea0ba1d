"""Adopting: what somebody changed outside becomes what the configuration says, as a revision of its own.

Only where it is known which key of strands.yaml a property comes from; and only if the file, with the live value in
it, really asks for that value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from deployments.blueprint import Blueprint
from deployments.engine.plan import ABSENT, Change, Origin, PropertyChange
from deployments.errors import OutOfDate, WorkflowError
from deployments.models import Deployment
from deployments.places import places, why_nowhere
from deployments.wishes import Invalid, blueprint_of
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.configuration import Configuration as ProjectConfiguration
from projects.configuration import UnknownPath, parse, set_value
from projects.editing import Conflict, save_configuration
from projects.models import Configuration, Environment, User


@dataclass(frozen=True, slots=True)
class Adopted:
    """The revision that says so, and the other resources whose properties follow from the same place."""

    configuration: Configuration
    followers: tuple[str, ...] = ()


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
    return why_nowhere(type_name=change.type, path=line.path)


def adopt(*, environment: Environment, change: Change, path: str, actor: User) -> Adopted:
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
    if environment.name not in parsed.environments:
        raise WorkflowError(f"The configuration does not name {environment.name} under environments.")
    text, followers = _written(environment, latest, parsed, change, line)
    try:
        with transaction.atomic():
            saved = save_configuration(
                project=environment.project,
                text=text,
                author=actor,
                message=f"Adopt {path} of {change.logical_id} as it is in {environment.name}: {line.before}"[:200],
                base_number=latest.number,
            )
            wanted = None if line.after is ABSENT else line.after
            audit(
                Deed.VALUE_ADOPTED,
                actor=actor,
                environment=environment,
                target_type="property",
                target=f"{change.logical_id} {path}",
                detail={"before": wanted, "after": line.before, "revision": saved.number},
            )
    except Conflict as conflict:
        raise OutOfDate(str(conflict)) from conflict
    return Adopted(saved, followers)


def _written(
    environment: Environment,
    latest: Configuration,
    parsed: ProjectConfiguration,
    change: Change,
    line: PropertyChange,
) -> tuple[str, tuple[str, ...]]:
    """The text with the live value at the first place that gives it to the resource, and who follows."""
    refusal: WorkflowError | None = None
    found = places(
        parsed,
        stack=change.stack,
        logical_id=change.logical_id,
        type_name=change.type,
        path=line.path,
        value=line.before,
    )
    for place in found:
        path = f"environments.{environment.name}.{place.path}"
        try:
            text = set_value(latest.text, path, place.value)
            return text, _followers(environment, latest, text, change, line)
        except (UnknownPath, ValueError) as error:
            refusal = WorkflowError(f"The configuration cannot be changed at {path}: {error}.")
        except WorkflowError as error:
            refusal = error
    raise refusal or WorkflowError(f"{change.logical_id} does not stand in the configuration under a name of its own.")


def _followers(
    environment: Environment, latest: Configuration, text: str, change: Change, line: PropertyChange
) -> tuple[str, ...]:
    """The other resources that the new text changes.

    Raises:
        WorkflowError: it does not ask for the live value, or for something else of the resource.
    """
    try:
        before, after = (_facts(blueprint_of(_imagined(environment, latest, each))) for each in (latest.text, text))
    except Invalid as invalid:
        told = "; ".join(str(problem["message"]) for problem in invalid.problems)
        raise WorkflowError(f"The configuration would not hold with the live value: {told}.") from invalid
    own = [_without(facts.get(change.logical_id, {}), line.path) for facts in (before, after)]
    if own[1][0] != line.before or own[0][1] != own[1][1]:
        raise WorkflowError(f"{line.path} of {change.logical_id} is made by strandsweb from more than one value.")
    others = before.keys() | after.keys()
    return tuple(sorted(name for name in others - {change.logical_id} if before.get(name) != after.get(name)))


def _imagined(environment: Environment, latest: Configuration, text: str) -> Deployment:
    """What a deployment of that text would be; nothing is saved."""
    return Deployment(
        environment=environment,
        configuration=Configuration(project=latest.project, number=latest.number, text=text),
        source=environment.project.latest_source,
    )


def _facts(blueprint: Blueprint) -> dict[str, dict[str, Any]]:
    """Properties, and tags among them, by logical id."""
    return {each.logical_id: {**each.properties, "Tags": each.tags} for each in blueprint.resources}


def _without(facts: Mapping[str, Any], path: str) -> tuple[Any, Mapping[str, Any]]:
    """What stands at a path, and everything else; a tag's key may hold dots."""
    head, _, rest = path.partition(".")
    inner = facts.get(head, ABSENT)
    others = {key: value for key, value in facts.items() if key != head}
    if not rest:
        return inner, others
    if not isinstance(inner, Mapping):
        return ABSENT, facts
    if head == "Tags":
        return inner.get(rest, ABSENT), {**others, head: {key: inner[key] for key in inner if key != rest}}
    found, left = _without(inner, rest)
    return found, {**others, head: left}
