"""An environment as it was at one moment: what there was, of which release, and what it cost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from deployments import states
from deployments.engine.errors import Refused
from deployments.engine.plan import Plan
from deployments.engine.state import State
from deployments.following import as_dict
from deployments.graphs.model import Graph
from deployments.graphs.reading import costs_of, graph_of_run, graph_of_state
from deployments.models import Deployment
from deployments.moments.finding import Found
from deployments.moments.folding import Middle, in_the_middle
from deployments.permissions import Permissions, permissions_of
from history.models import Record
from history.reading import open_record
from history.steps import step_results
from projects.configuration import InvalidConfiguration, UnknownEnvironment, for_environment, parse, render_effective
from projects.models import Environment


@dataclass(frozen=True)
class Moment:
    """What is known of the environment at one moment.

    `record` or `deployment` is the run it follows from, or is in; `before` and `state` are what there was before that
    run and at the moment, `middle` is set while the run went on. `marked`: the graph says what the run changed.
    """

    environment: Environment
    at: datetime
    record: Record | None
    deployment: Deployment | None
    before: State
    state: State
    middle: Middle | None
    plan: Plan | None
    configuration: str
    done: frozenset[str]
    failed: frozenset[str]
    marked: bool

    @cached_property
    def graph(self) -> Graph:
        """What there was; with what the run had changed by then, or has changed, if that is marked."""
        graph = graph_of_run(self.before, self.state) if self.marked or self.middle else graph_of_state(self.state)
        if self.marked or self.middle:
            graph = graph.with_statuses(dict.fromkeys(self.failed, "failed"))
        if self.middle:
            graph = graph.with_statuses(dict.fromkeys(self.middle.under_way, "running"))
        return graph.with_costs(self.costs)

    @cached_property
    def costs(self) -> dict[str, float]:
        """US dollars a month of each resource, where the plan knew it."""
        known = costs_of(self.plan, self.done) if self.plan else {}
        return {name: cost for name, cost in known.items() if name in self.state.resources}

    @property
    def monthly_usd(self) -> float | None:
        """Of all of them, as the record has it if the run succeeded; None where nothing is known."""
        if self.record and not self.middle and self.record.status == "succeeded":
            return self.record.monthly_usd
        return round(sum(self.costs.values()), 4) if self.costs else None

    @cached_property
    def permissions(self) -> Permissions:
        """Who may do what."""
        return permissions_of(self.state)

    @cached_property
    def effective(self) -> str:
        """The configuration with every default and override; empty where this version cannot read it."""
        parsed = parse(self.configuration)
        if parsed.configuration is None:
            return ""
        try:
            return render_effective(for_environment(parsed.configuration, self.environment.name))
        except (InvalidConfiguration, UnknownEnvironment):
            return ""


def read(environment: Environment, found: Found, at: datetime, *, marked: bool = False) -> Moment | None:
    """The moment; None before anything had started, and where the documents have expired.

    Raises:
        Damaged, TooLarge, StoreUnavailable: the record cannot be read (history.reading).
    """
    if found.deployment is not None:
        return _unrecorded(environment, found.deployment, at)
    if found.record is None or found.record.expired_at:
        return None
    reader = open_record(found.record)
    before, after = State.from_dict(reader.state_before()), State.from_dict(reader.state_after())
    plan = reader.plan()
    moment = Moment(
        environment=environment,
        at=at,
        record=found.record,
        deployment=None,
        before=before,
        state=after,
        middle=None,
        plan=_plan(plan),
        configuration=reader.config_text(),
        done=frozenset(),
        failed=frozenset(),
        marked=marked,
    )
    if at < found.record.ended_at and not marked:
        return _within(moment, plan.get("changes", ()), reader.all_events())
    results = step_results(reader.all_events()).values()
    return replace(
        moment,
        done=frozenset(each.logical_id for each in results if each.status == "succeeded"),
        failed=frozenset(each.logical_id for each in results if each.status == "failed"),
    )


def _unrecorded(environment: Environment, deployment: Deployment, at: datetime) -> Moment:
    """A run that goes on, or has ended and is about to be recorded."""
    document = json.loads(deployment.plan.text)
    moment = Moment(
        environment=environment,
        at=at,
        record=None,
        deployment=deployment,
        before=State.from_dict(deployment.plan.state_before),
        state=states.load(environment),
        middle=None,
        plan=_plan(document),
        configuration=deployment.configuration.text,
        done=frozenset(),
        failed=frozenset(),
        marked=False,
    )
    rows = deployment.events.exclude(code="call.ended").exclude(code="log").order_by("number")
    return _within(moment, document.get("changes", ()), map(as_dict, rows.iterator(chunk_size=2000)))


def _within(moment: Moment, changes: Iterable[Mapping[str, Any]], events: Iterable[Mapping[str, Any]]) -> Moment:
    middle = in_the_middle(moment.before, moment.state, changes, events, moment.at)
    return replace(moment, state=middle.state, middle=middle, done=middle.done, failed=middle.failed)


def _plan(document: Mapping[str, Any]) -> Plan | None:
    """None where this version cannot read it: then costs are not known."""
    try:
        return Plan.from_dict(document)
    except (Refused, ValueError, KeyError, TypeError, AttributeError):
        return None
