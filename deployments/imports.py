"""Proposing to take over what exists: single resources by physical id, or all that a state file names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from deployments import planning
from deployments.aws.tags import OWNER
from deployments.engine.errors import Refused
from deployments.engine.plan import PlanKind
from deployments.engine.resources import Resource
from deployments.engine.state import State
from deployments.errors import WorkflowError
from deployments.models import Deployment, EnvironmentState, ImportRequest, Method, StateEntry
from deployments.wishes import Invalid, blueprint_of
from projects.models import Environment, User

PROJECT, _ = OWNER


def propose(
    *,
    environment: Environment,
    actor: User,
    method: Method,
    resources: Mapping[str, str],
    message: str = "",
    inline: bool = False,
) -> Deployment:
    """A deployment of the latest configuration that takes `resources` over instead of creating them.

    `resources` are physical ids by logical id.

    Raises:
        WorkflowError: none are named, one physical id is named twice, or the project has no configuration yet.
    """
    if not resources:
        raise WorkflowError("Name at least one resource to import.")
    if len(set(resources.values())) < len(resources):
        raise WorkflowError("The same physical id is named twice; one resource can be imported as one thing only.")
    return _propose(
        environment, actor, method, message or f"Import {', '.join(sorted(resources))}", inline, resources=resources
    )


def propose_state(
    *,
    environment: Environment,
    actor: User,
    method: Method,
    document: Any,
    message: str = "",
    inline: bool = False,
) -> Deployment:
    """A deployment that takes over everything a state file names, into an environment that holds nothing yet.

    `document` is the file's JSON, of any version that was ever written. Whether all of it exists is found out when
    it is planned.

    Raises:
        WorkflowError: it is no state file, one of somewhere else, or the environment is not empty.
    """
    state = readable(document)
    for what, said, meant in (
        ("account", state.account, environment.account),
        ("region", state.region, environment.region),
        ("environment", state.environment, environment.name),
    ):
        if said != meant:
            raise WorkflowError(f"The state is of {what} {said}, this is {meant}. Nothing was imported.")
    if not state.resources:
        raise WorkflowError("The state file names no resources.")
    if foreign := _projects_of(state) - {environment.project.slug}:
        raise WorkflowError(f"Its resources are tagged as those of project {', '.join(sorted(foreign))}.")
    if StateEntry.objects.filter(environment=environment).exists():
        raise WorkflowError(
            f"{environment.name} holds resources already; importing a state never overwrites another one."
        )
    others = EnvironmentState.objects.exclude(environment=environment).filter(lineage=state.lineage)
    if others.filter(environment__resources__isnull=False).exists():
        raise WorkflowError("Another environment here still has the state of this lineage; one of them has to let go.")
    return _propose(
        environment,
        actor,
        method,
        message or f"Import the state of lineage {state.lineage[:8]}, serial {state.serial}",
        inline,
        state=state.as_dict(),
    )


def missing(environment: Environment) -> list[Resource]:
    """What the latest configuration wants here and is not deployed; nothing where it cannot be read."""
    project = environment.project
    if project.latest_configuration is None:
        return []
    wish = Deployment(environment=environment, configuration=project.latest_configuration, source=project.latest_source)
    try:
        wanted = blueprint_of(wish).resources
    except (Invalid, WorkflowError):
        return []
    there = set(StateEntry.objects.filter(environment=environment).values_list("logical_id", flat=True))
    return [resource for resource in wanted if resource.logical_id not in there]


def readable(document: Any) -> State:
    """A state file's JSON as a state.

    Raises:
        WorkflowError: it is none, or of a version nobody knows.
    """
    try:
        return State.from_dict(document)
    except Refused as refusal:
        raise WorkflowError(f"This cannot be imported: {refusal}.") from refusal
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise WorkflowError("This is not a state file as strandsweb writes it.") from error


def _projects_of(state: State) -> set[str]:
    """The projects its resources are tagged as; kinds that take no tags do not say."""
    return {tags[PROJECT] for tags in (entry.tags for entry in state.resources.values()) if PROJECT in tags}


@transaction.atomic
def _propose(
    environment: Environment, actor: User, method: Method, message: str, inline: bool, **what: Any
) -> Deployment:
    deployment = planning.propose(
        environment=environment, actor=actor, method=method, kind=PlanKind.IMPORT, message=message, inline=inline
    )
    ImportRequest.objects.create(deployment=deployment, **what)
    return deployment
