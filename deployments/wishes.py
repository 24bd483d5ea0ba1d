"""What a deployment wants to be true: its configuration, environment and source as desired resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from threading import Lock
from typing import Any

from deployments import states
from deployments.blueprint import Artifact, Blueprint, EnvironmentFacts, Output, synthesise
from deployments.engine.errors import Refused
from deployments.engine.plan import PlanKind
from deployments.engine.resources import Resource
from deployments.engine.state import State
from deployments.engine.undoing import to_undo
from deployments.errors import WorkflowError
from deployments.models import RAN, Deployment
from deployments.wholes import recorded_whole
from history.models import Record
from history.reading import Damaged, TooLarge
from history.store import StoreUnavailable
from projects.bundles import Bundle, BundleError
from projects.configuration import Configuration as ProjectConfiguration
from projects.configuration import Problem, UnknownEnvironment, for_environment, parse
from projects.editing import load_bundle
from projects.models import Environment


class Invalid(Exception):
    """The configuration cannot be synthesised; `problems` are plain dicts for the page, every one at once."""

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        count = len(problems)
        super().__init__(
            "The configuration has a problem." if count == 1 else f"The configuration has {count} problems."
        )
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Wish:
    """Desired resources, and the outputs they will have; `imports` are physical ids of those that exist already."""

    resources: tuple[Resource, ...]
    outputs: tuple[Output, ...]
    imports: Mapping[str, str] = field(default_factory=dict)


def wish_of(deployment: Deployment) -> Wish:
    """What the deployment wants.

    Raises:
        Invalid: the configuration has problems for this environment.
        WorkflowError: the source or the record it needs is not there.
    """
    if deployment.kind == PlanKind.DESTROY:
        return Wish((), ())
    if deployment.kind == PlanKind.IMPORT and deployment.imports.state is not None:
        return _recorded_elsewhere(deployment, State.from_dict(deployment.imports.state))
    if deployment.undoes:
        return _what_stays(deployment)
    blueprint = blueprint_of(deployment)
    if deployment.kind == PlanKind.ROLLBACK:
        return Wish(_recorded_targets(deployment), blueprint.outputs)
    imports = deployment.imports.resources if deployment.kind == PlanKind.IMPORT else {}
    return Wish(blueprint.resources, blueprint.outputs, imports)


def _what_stays(deployment: Deployment) -> Wish:
    """The environment as it is recorded, without what a failed run created; its outputs as far as they are there."""
    state = states.load(deployment.environment)
    going = to_undo(state, deployment.targets)
    failed = Deployment.objects.select_related("plan").get(public_id=deployment.undoes)
    return Wish(
        tuple(resource for resource in as_recorded(state) if resource.logical_id not in going),
        tuple(Output(**output) for output in failed.plan.outputs),
    )


def packages_of(deployment: Deployment) -> Callable[[str], bytes]:
    """The code packages of a deployment by SHA-256, made again from its source when first asked for."""
    once = Lock()  # several steps ask at the same time
    packages = cache(lambda: blueprint_of(deployment).artifacts)

    def package(sha256: str) -> bytes:
        with once:
            artifact = packages().get(sha256) or _packed_before(deployment, sha256)
        return artifact.pack()

    return package


def _packed_before(deployment: Deployment, sha256: str) -> Artifact:
    """A package of an earlier deployment of the environment: what a plan of parts left out may be older than it."""
    seen = set()
    earlier = Deployment.objects.filter(environment=deployment.environment_id, pk__lt=deployment.pk, status__in=RAN)
    for each in earlier.select_related("environment__project", "configuration", "source"):
        made_of = (each.configuration_id, each.source_id)
        if made_of in seen:
            continue
        seen.add(made_of)
        try:
            artifacts = blueprint_of(each).artifacts
        except (Invalid, WorkflowError):  # its environment or source is another now
            continue
        if sha256 in artifacts:
            return artifacts[sha256]
    raise Refused(f"The code package {sha256[:12]} cannot be made again; its source is no longer here.")


def blueprint_of(deployment: Deployment) -> Blueprint:
    """The deployment's configuration, for its environment, with its source, as CloudFormation resources."""
    environment = deployment.environment
    parsed = parse(deployment.configuration.text)
    if parsed.configuration is None:
        raise Invalid([asdict(problem) for problem in parsed.problems])
    try:
        merged = for_environment(parsed.configuration, environment.name)
    except UnknownEnvironment as unknown:
        raise WorkflowError(
            f"Revision {deployment.configuration.number} of the configuration has {unknown}."
            f" Add {environment.name} under environments, with account {environment.account}."
        ) from unknown
    blueprint = synthesise(
        configuration=merged,
        facts=EnvironmentFacts(
            project=environment.project.slug,
            environment=environment.name,
            account=environment.account,
            region=environment.region,
            protected=environment.protected,
            version=str(deployment.configuration.number),
            deployed_by=deployment.proposed_by_text,
        ),
        bundle=_bundle(deployment),
    )
    problems = [*_misplaced(merged, environment), *(p for p in blueprint.problems if p.severity == "error")]
    if problems:
        raise Invalid([asdict(problem) for problem in problems])
    return blueprint


def _misplaced(configuration: ProjectConfiguration, environment: Environment) -> list[Problem]:
    """The environment's row decides where a deployment goes; a file that says otherwise is not silently overruled."""
    problems = []
    if configuration.project.name != environment.project.slug:
        problems.append(
            Problem(
                configuration.project.line,
                1,
                "project.name",
                f"the file is for the project {configuration.project.name}, not for {environment.project.slug}",
                f"write name: {environment.project.slug}",
            )
        )
    override = configuration.environments.get(environment.name)
    if override is None:
        return problems
    for key, said, meant in (
        ("account", override.account, environment.account),
        ("region", override.region or environment.region, environment.region),
    ):
        if said != meant:
            problems.append(
                Problem(
                    override.line,
                    1,
                    f"environments.{environment.name}.{key}",
                    f"{environment.name} is bound to {key} {meant}, but the file says {said}",
                    "an owner can change the environment's settings; or correct the file",
                )
            )
    return problems


def _bundle(deployment: Deployment) -> Bundle | None:
    """The deployment's source, or None when the project has none (the blueprint says which agents miss it)."""
    if deployment.source is None:
        return None
    try:
        return load_bundle(deployment.source)
    except (BundleError, FileNotFoundError) as error:
        raise WorkflowError(
            f"The source bundle {deployment.source.short_digest} cannot be read ({error}). Upload it again."
        ) from error


def _recorded_elsewhere(deployment: Deployment, state: State) -> Wish:
    """What a state file says, as it says it; outputs are today's configuration's, as far as it can be read."""
    try:
        outputs = blueprint_of(deployment).outputs
    except (Invalid, WorkflowError):
        outputs = ()
    return Wish(
        resources=as_recorded(state),
        outputs=outputs,
        imports={name: entry.physical_id for name, entry in state.resources.items()},
    )


def as_recorded(state: State) -> tuple[Resource, ...]:
    """A recorded state as if it were wanted."""
    return tuple(
        Resource(
            stack=recorded.stack,
            logical_id=recorded.logical_id,
            type=recorded.type,
            properties=recorded.properties,
            depends_on=tuple(name for name in recorded.dependencies if name in state.resources),
            tags=recorded.tags,
            retain=recorded.retain,
            agent=recorded.agent,
            keeps_name=recorded.keeps_name,
        )
        for recorded in state.resources.values()
    )


def _recorded_targets(deployment: Deployment) -> tuple[Resource, ...]:
    """What was wanted after the deployment to go back to, from recorded plans and not from today's reading of files."""
    try:
        record = Record.objects.get(deployment_id=deployment.rollback_to)
    except Record.DoesNotExist:
        raise WorkflowError(f"There is no record of {deployment.rollback_to} to go back to.") from None
    try:
        return recorded_whole(record, deployment.targets)
    except (Damaged, TooLarge, StoreUnavailable) as error:
        raise WorkflowError(f"The records of what to go back to cannot be read: {error}.") from error
