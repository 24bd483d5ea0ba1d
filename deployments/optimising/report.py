"""The report of one environment: recorded resources with what the last look found live, and saving a proposal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from deployments import states
from deployments.aws.registry import KINDS
from deployments.blueprint import EnvironmentFacts, synthesise
from deployments.engine.duplicates import Seen
from deployments.engine.plan import ABSENT, Change, Origin, Reason
from deployments.engine.state import StateResource
from deployments.errors import OutOfDate, WorkflowError
from deployments.models import DriftCheck
from deployments.optimising.findings import Finding, across, findings, in_order
from deployments.optimising.proposals import NotMergeable, Proposal, propose
from projects.bundles import Bundle, BundleError
from projects.configuration import Configuration as Parsed
from projects.configuration import UnknownEnvironment, for_environment, parse
from projects.editing import Conflict, load_bundle, save_configuration
from projects.models import Configuration, Environment, User


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in `compared` resources.

    `looked_at` is when they were last compared with what is live (None: never); `left_out` were changed outside in a
    way that cannot be compared. `unreadable` says why the configuration could not be used, or is empty.
    """

    findings: tuple[Finding, ...]
    compared: int
    looked_at: datetime | None
    left_out: tuple[str, ...]
    unreadable: str

    @property
    def monthly_usd(self) -> float:
        """What all of it would save, as far as it is known."""
        return sum(finding.monthly_usd or 0 for finding in self.findings)

    def finding(self, key: str) -> Finding | None:
        """The finding of that key, if it is still found."""
        return next((each for each in self.findings if each.key == key), None)


def report_of(environment: Environment) -> Report:
    """The report of an environment as it is recorded now."""
    check = DriftCheck.objects.filter(environment=environment, checked_at__isnull=False).first()
    seen, left_out = _live(states.load(environment).resources, check)
    configuration, unreadable = _effective(environment)
    wanted = None
    if configuration is not None:
        blueprint = synthesise(configuration=configuration, facts=_facts(environment), bundle=_bundle(environment))
        wanted = {resource.logical_id for resource in blueprint.resources}
    found = findings(seen, configuration, KINDS, wanted=wanted)
    if unreadable:
        found = tuple(replace(finding, edits=(), by_hand=unreadable) for finding in found)
    beside = environment.project.environments.filter(account=environment.account, region=environment.region)
    worlds = {
        each.name: seen if each == environment else _live(states.load(each).resources, None)[0] for each in beside
    }
    return Report(
        findings=in_order([*found, *across(environment.name, worlds, KINDS)]),
        compared=len(seen),
        looked_at=check.checked_at if check else None,
        left_out=left_out,
        unreadable=unreadable,
    )


def proposal_for(environment: Environment, finding: Finding) -> tuple[Configuration, Proposal]:
    """The latest revision, and what it would become.

    Raises:
        NotMergeable: with the sentence why.
    """
    latest = environment.project.latest_configuration
    if latest is None:
        raise NotMergeable("There is no configuration to change.")
    facts = {row.name: _facts(row) for row in environment.project.environments.select_related("project")}
    bundle = _bundle(environment)
    return latest, propose(finding, latest.text, environment=environment.name, facts=facts, bundle=bundle)


def merge(*, environment: Environment, key: str, base_number: int, actor: User) -> Configuration:
    """Saves the proposal of a finding as a revision; nothing else happens before somebody plans it.

    Raises:
        OutOfDate: it is no longer found, or somebody saved another revision than `base_number` in the meantime.
        WorkflowError: the configuration cannot say it, with the sentence why.
    """
    finding = report_of(environment).finding(key)
    if finding is None:
        raise OutOfDate("That is no longer found. Look at the report again.")
    try:
        latest, proposal = proposal_for(environment, finding)
    except NotMergeable as refusal:
        raise WorkflowError(str(refusal)) from refusal
    if latest.number != base_number:
        raise OutOfDate(f"Revision {latest.number} was saved in the meantime. Look at the change again.")
    try:
        return save_configuration(
            project=environment.project,
            text=proposal.text,
            author=actor,
            message=f"{finding.title}"[:200],
            base_number=base_number,
        )
    except Conflict as conflict:
        raise OutOfDate(str(conflict)) from conflict


def _live(recorded: Mapping[str, StateResource], check: DriftCheck | None) -> tuple[list[Seen], tuple[str, ...]]:
    """Recorded resources with the values that the last look found live, and those it cannot be said of."""
    changes = {change.logical_id: change for change in map(Change.from_dict, check.rows if check else ())}
    seen, left_out = [], []
    for name, resource in recorded.items():
        change = changes.get(name)
        if change is None:
            seen.append(Seen.recorded(resource))
        elif change.reason is not Reason.DELETED_OUTSIDE:
            properties = _overlaid(resource.properties, change)
            if properties is None:
                left_out.append(name)
            else:
                seen.append(Seen.recorded(replace(resource, properties=properties)))
    return seen, tuple(sorted(left_out))


def _overlaid(properties: Mapping[str, Any], change: Change) -> dict[str, Any] | None:
    """The properties as they are live; None where that is not known."""
    live = dict(properties)
    for line in change.properties:
        if line.origin is Origin.CONFIGURATION or line.path.startswith("Tags"):
            continue
        if line.sensitive or line.path not in live:
            return None
        if line.before is ABSENT:
            del live[line.path]
        else:
            live[line.path] = line.before
    return live


def _effective(environment: Environment) -> tuple[Parsed | None, str]:
    """The configuration as the environment sees it, or why it cannot be used."""
    latest = environment.project.latest_configuration
    if latest is None:
        return None, "There is no configuration yet."
    parsed = parse(latest.text)
    if parsed.configuration is None:
        return None, f"Revision {latest.number} of the configuration has problems. Mend them first."
    try:
        return for_environment(parsed.configuration, environment.name), ""
    except UnknownEnvironment:
        return None, f"Revision {latest.number} of the configuration does not name {environment.name}."


def _facts(row: Environment) -> EnvironmentFacts:
    return EnvironmentFacts(row.project.slug, row.name, row.account, row.region, row.protected)


def _bundle(environment: Environment) -> Bundle | None:
    """The latest source; none where there is none, or it cannot be read (the plan will say so)."""
    source = environment.project.latest_source
    try:
        return load_bundle(source) if source else None
    except (BundleError, FileNotFoundError):
        return None
