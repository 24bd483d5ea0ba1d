"""Desired, recorded and live resources -> a plan. Pure and deterministic: the order of the input does not matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from deployments.engine import graph
from deployments.engine.canonical import digest
from deployments.engine.differences import managed, property_changes, tag_changes
from deployments.engine.errors import NotPlannable, UnknownReference
from deployments.engine.importing import as_recorded, check_imports, import_rows, named_as
from deployments.engine.intrinsics import recorded_lookup, references, resolve
from deployments.engine.kinds import Kind, Kinds
from deployments.engine.plan import (
    ABSENT,
    Action,
    Change,
    Origin,
    Plan,
    PlanKind,
    PropertyChange,
    Reason,
    Subject,
)
from deployments.engine.policies import documents, sentences
from deployments.engine.ports import Live
from deployments.engine.resources import Resource
from deployments.engine.state import State, StateResource, replaced_id, replacer_of
from deployments.engine.steps import settled
from deployments.engine.targeting import narrowed


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for: resources (none of them for a destroy) and where they come from.

    `imports` are live resources that exist already, by the logical id they are taken over as. `targets`: see
    `targeting.narrowed`; empty: everything.
    """

    kind: PlanKind
    project: str
    resources: Sequence[Resource] = ()
    configuration_number: int = 0
    configuration_digest: str = ""
    source_digest: str = ""
    rollback_to: str | None = None
    imports: Mapping[str, Live] = field(default_factory=dict)
    targets: tuple[str, ...] = ()


def make_plan(
    wanted: Wanted, *, state: State, live: Mapping[str, Live | None], kinds: Kinds, secret_key: bytes = b""
) -> Plan:
    """The plan that brings the environment from `state` and `live` to what is wanted; see `make_changes`."""
    changes = make_changes(
        kind=wanted.kind,
        desired=wanted.resources,
        state=state,
        live=live,
        kinds=kinds,
        secret_key=secret_key,
        imports=wanted.imports,
    )
    if wanted.targets:
        changes = narrowed(changes, wanted.targets)
    subject = Subject(
        kind=wanted.kind,
        project=wanted.project,
        environment=state.environment,
        account=state.account,
        region=state.region,
        base_serial=state.serial,
        base_digest=state.digest(),
        live_fingerprint=live_fingerprint(live=live, state=state, kinds=kinds),
        configuration_number=wanted.configuration_number,
        configuration_digest=wanted.configuration_digest,
        source_digest=wanted.source_digest,
        rollback_to=wanted.rollback_to,
        targets=wanted.targets,
    )
    return Plan(subject, settled(changes))


def make_changes(
    *,
    kind: PlanKind,
    desired: Sequence[Resource],
    state: State,
    live: Mapping[str, Live | None],
    kinds: Kinds,
    secret_key: bytes = b"",
    imports: Mapping[str, Live] | None = None,
) -> tuple[Change, ...]:
    """One change per resource: the desired ones in the order of their dependencies, then the removed in reverse.

    `live` has an entry for every resource of the state, None where it does not exist. `secret_key` keys the digests
    that stand for sensitive values; the same key makes digests comparable between environments. `imports`: see
    `Wanted`.

    Raises:
        NotPlannable: no provisioner for a type, a live value that was not read, an id or a physical name given twice,
            something to import that is no candidate.
        UnknownReference, DependencyCycle: see `graph`.
    """
    resources = {resource.logical_id: resource for resource in desired}
    if len(resources) < len(desired):
        twice = sorted(item.logical_id for item in desired if resources[item.logical_id] is not item)
        raise NotPlannable(f"logical id {twice[0]} is used by two resources")
    for logical_id in state.resources:
        if logical_id not in live:
            raise NotPlannable(f"the live state of {logical_id} was not read")
    check_imports(imports or {}, resources, state)
    planner = _Planner(state=state, live=live, kinds=kinds, secret_key=secret_key, imports=imports or {})
    needs = graph.dependencies(resources)
    for logical_id in graph.order(needs):
        planner.keep(resources[logical_id], needs[logical_id])
    removed = {
        logical_id: tuple(name for name in recorded.dependencies if name in state.resources and name not in resources)
        for logical_id, recorded in state.resources.items()
        if logical_id not in resources
    }
    for logical_id in reversed(graph.order(removed)):
        planner.drop(state.resources[logical_id], kind)
    return planner.done()


def live_fingerprint(*, live: Mapping[str, Live | None], state: State, kinds: Kinds) -> str:
    """SHA-256 of the live values of everything we manage; what the cloud adds by itself does not move it."""
    seen: dict[str, Any] = {}
    for logical_id, recorded in sorted(state.resources.items()):
        now = live[logical_id]
        if now is None:
            seen[logical_id] = None
            continue
        places = managed(
            _kind(kinds, recorded), desired=recorded.properties, recorded=recorded.properties, live=now.properties
        )
        seen[logical_id] = {
            "physicalId": now.physical_id,
            "properties": {place.path: place.live for place in places if place.live is not ABSENT},
            "tags": {key: value for key, value in now.tags.items() if key in recorded.tags},
        }
    return digest(seen)


class _Planner:
    """Plans resource by resource; those that others refer to come first."""

    def __init__(
        self,
        *,
        state: State,
        live: Mapping[str, Live | None],
        kinds: Kinds,
        secret_key: bytes,
        imports: Mapping[str, Live],
    ) -> None:
        self._state = state
        self._live = live
        self._imports = imports
        self._kinds = kinds
        self._secret_key = secret_key
        self._changes: dict[str, Change] = {}
        self._remade: set[str] = set()  # physical id and attributes are not known before the run
        self._bare: dict[str, Kind] = {}  # the kinds as they are compared where there is nothing
        self._names: dict[tuple[str, str], str] = {}  # who will have a physical name
        # An attribute that an older version did not record is taken from what is live.
        known = {name: _with_live_attributes(entry, live[name]) for name, entry in state.resources.items()}
        self._completed = {name for name, entry in known.items() if entry is not state.resources[name]}
        taken = as_recorded(imports)
        self._recorded = recorded_lookup(
            {**state.resources, **taken}, region=state.region, account=state.account, unknown=self._remade
        )
        self._known = recorded_lookup(
            {**known, **taken}, region=state.region, account=state.account, unknown=self._remade
        )

    def keep(self, resource: Resource, needs: tuple[str, ...]) -> None:
        """Plans a desired resource; everything in `needs` has been planned."""
        kind = _kind(self._kinds, resource)
        if resource.logical_id in self._imports:
            self._take_over(kind, resource, needs, self._imports[resource.logical_id])
            return
        recorded = self._state.resources.get(resource.logical_id)
        if recorded and recorded.keeps_name and recorded.type == resource.type:
            resource = named_as(kind, resource, recorded.properties)
        now = self._live.get(resource.logical_id) if recorded else None
        if recorded is None or now is None:
            self._remade.add(resource.logical_id)
        properties = resolve(resource.properties, self._known)
        self._claim(kind, resource, properties)
        rows: tuple[PropertyChange, ...] = ()
        if recorded is None or now is None:
            if kind.type not in self._bare:  # nothing is there yet that could be in the way
                self._bare[kind.type] = replace(kind, defaults={}, immutable=frozenset())
            bare = self._bare[kind.type]
            rows = property_changes(bare, desired=properties, recorded={}, live={}, secret_key=self._secret_key)
            rows += tag_changes(desired=resource.tags, recorded={}, live={})
        change = Change(
            stack=resource.stack,
            logical_id=resource.logical_id,
            type=resource.type,
            action=Action.CREATE,
            reason=Reason.DELETED_OUTSIDE if recorded else Reason.NEW,
            properties=rows,
            physical_id=now.physical_id if now else None,
            notes=_notes(kind, resource, now.properties if now else {}, properties),
            cost_before=_cost(kind, None),
            cost_after=_cost(kind, properties),
            target=self._target(resource, needs),
            dependencies=needs,
            used=recorded.dependencies if recorded and now else (),
            agent=resource.agent,
        )
        if recorded and now:
            change = self._compared(change, kind, resource, recorded, now, properties)
        self._changes[resource.logical_id] = change

    def drop(self, recorded: StateResource, plan_kind: PlanKind) -> None:
        """Plans a resource that is recorded and no longer desired."""
        kind = _kind(self._kinds, recorded)
        now = self._live[recorded.logical_id]
        action, reason = Action.DELETE, Reason.DESTROY if plan_kind is PlanKind.DESTROY else Reason.REMOVED
        if plan_kind is not PlanKind.DESTROY and replacer_of(recorded.logical_id):
            reason = Reason.REPLACED
        if now is None:
            reason = Reason.ALREADY_GONE
        elif recorded.retain:
            action, reason = Action.NO_CHANGE, Reason.RETAINED
        before = _cost(kind, now.properties if now else None)
        self._changes[recorded.logical_id] = Change(
            stack=recorded.stack,
            logical_id=recorded.logical_id,
            type=recorded.type,
            action=action,
            reason=reason,
            physical_id=recorded.physical_id,
            data_loss=kind.stateful and action is Action.DELETE and now is not None,
            notes=_notes(kind, recorded, now.properties if now else {}, {}) if action is Action.DELETE else (),
            cost_before=before,
            cost_after=before if action is Action.NO_CHANGE else _cost(kind, None),
            dependencies=recorded.dependencies,
            agent=recorded.agent,
        )

    def done(self) -> tuple[Change, ...]:
        """The changes, once it is certain that no two resources fight over a physical name, and what awaits what."""
        for logical_id, recorded in self._state.resources.items():
            holder = self._names.get((recorded.type, _name(_kind(self._kinds, recorded), recorded.properties)))
            if holder in (None, logical_id) or self._live[logical_id] is None:
                continue
            change = self._changes[logical_id]
            taker = self._changes[holder]
            if change.action not in (Action.DELETE, Action.REPLACE):
                raise NotPlannable(f"{holder} wants the name of {logical_id}, {recorded.physical_id}, which stays")
            self._changes[holder] = replace(taker, awaits=(*taker.awaits, logical_id))
        for change in [change for change in self._changes.values() if change.action is Action.REPLACE]:
            pictures = self._kinds[change.type].pictures
            gone = tuple(name for name in change.used if name in self._changes and self._is_going(name, pictures))
            self._changes[change.logical_id] = replace(change, awaits=(*change.awaits, *gone))
        return tuple(self._changes.values())

    def _is_going(self, logical_id: str, types: frozenset[str]) -> bool:
        change = self._changes[logical_id]
        return change.type in types and change.action in (Action.DELETE, Action.REPLACE)

    def _take_over(self, kind: Kind, resource: Resource, needs: tuple[str, ...], now: Live) -> None:
        """Plans an import: the resource keeps its name, and what differs otherwise must be changeable in place."""
        resource = named_as(kind, resource, now.properties)
        properties = resolve(resource.properties, self._known)
        self._claim(kind, resource, properties)
        rows = import_rows(kind, resource, properties, now, self._secret_key)
        self._changes[resource.logical_id] = Change(
            stack=resource.stack,
            logical_id=resource.logical_id,
            type=resource.type,
            action=Action.IMPORT,
            reason=Reason.IMPORTED,
            properties=rows,
            physical_id=now.physical_id,
            notes=_notes(kind, resource, now.properties, properties),
            cost_before=_cost(kind, now.properties),
            cost_after=_cost(kind, properties),
            target=self._target(resource, needs),
            dependencies=needs,
            agent=resource.agent,
        )

    def _compared(
        self,
        change: Change,
        kind: Kind,
        resource: Resource,
        recorded: StateResource,
        now: Live,
        properties: Mapping[str, Any],
    ) -> Change:
        """The change of a resource that exists."""
        was = _kind(self._kinds, recorded)
        cost = _cost(was, now.properties)
        change = replace(change, cost_before=cost) if cost != change.cost_before else change
        if recorded.type != resource.type:
            self._remade.add(resource.logical_id)
            row = PropertyChange(path="Type", before=recorded.type, after=resource.type, replaces=True)
            return self._replaced(change, (row,), was, creates_first=True)
        rows = property_changes(
            kind,
            desired=properties,
            recorded=recorded.properties,
            live=now.properties,
            secret_key=self._secret_key,
        )
        rows += tag_changes(desired=resource.tags, recorded=recorded.tags, live=now.tags)
        if recorded.retain != resource.retain:
            before, after = (("Delete", "Retain")[flag] for flag in (recorded.retain, resource.retain))
            rows += (PropertyChange(path="DeletionPolicy", before=before, after=after),)
        if not rows:
            if self._imports and references(resource.properties) & self._imports.keys():
                # The state is brought up to date before the first step, and so before the import is recorded.
                change = replace(
                    change, target=replace(self._target(resource, change.dependencies), properties=properties)
                )
            return replace(change, action=Action.NO_CHANGE, reason=Reason.UNCHANGED)
        if any(row.replaces for row in rows):
            self._remade.add(resource.logical_id)
            return self._replaced(change, rows, kind, creates_first=kind.can_coexist(now.properties, properties))
        return replace(change, action=Action.UPDATE, reason=self._reason(rows, recorded, resource), properties=rows)

    def _replaced(self, change: Change, rows: tuple[PropertyChange, ...], was: Kind, *, creates_first: bool) -> Change:
        return replace(
            change,
            action=Action.REPLACE,
            reason=Reason.IMMUTABLE,
            properties=rows,
            data_loss=was.stateful,
            replaced_as=replaced_id(change.logical_id, self._state.resources) if creates_first else None,
        )

    def _reason(self, rows: tuple[PropertyChange, ...], recorded: StateResource, resource: Resource) -> Reason:
        """A reference that was there before is a reason of its own; a new one is the configuration's doing."""
        told = rows
        if any(row.unknown for row in rows) and references(resource.properties) & self._remade <= set(
            recorded.dependencies
        ):
            told = tuple(row for row in rows if not row.unknown)
        origins = {row.origin for row in told}
        if not origins:
            return Reason.REFERENCE
        if origins == {Origin.CONFIGURATION}:
            return Reason.CONFIGURATION
        return Reason.OUTSIDE if origins == {Origin.OUTSIDE} else Reason.CONFIGURATION_AND_OUTSIDE

    def _target(self, resource: Resource, needs: tuple[str, ...]) -> Resource:
        """The resource with its references kept, but for those that the state could not answer when it runs."""
        if self._completed.isdisjoint(needs):
            return resource
        try:
            resolve(resource.properties, self._recorded)
        except UnknownReference:
            return replace(resource, properties=resolve(resource.properties, self._known))
        return resource

    def _claim(self, kind: Kind, resource: Resource, properties: Mapping[str, Any]) -> None:
        """Refuses a physical name that another desired resource of the type has."""
        name = _name(kind, properties)
        if name and self._names.setdefault((resource.type, name), resource.logical_id) != resource.logical_id:
            other = self._names[resource.type, name]
            raise NotPlannable(f"{other} and {resource.logical_id} ({resource.type}) both want the name {name}")


def _kind(kinds: Kinds, resource: Resource | StateResource) -> Kind:
    if resource.type not in kinds:
        raise NotPlannable(f"{resource.logical_id}: there is no provisioner for {resource.type}")
    return kinds[resource.type]


def _name(kind: Kind, properties: Mapping[str, Any]) -> str:
    """The physical name the properties ask for, "" where the kind has none or it is not known."""
    name = properties.get(kind.name_property or "")
    return name if isinstance(name, str) else ""


def _cost(kind: Kind, properties: Mapping[str, Any] | None) -> float | None:
    """US dollars a month; 0 for what is not there; None where the kind costs by use."""
    if kind.fixed_monthly_usd is None:
        return None
    return kind.fixed_monthly_usd(properties) if properties is not None else 0.0


def _notes(
    kind: Kind, resource: Resource | StateResource, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[str, ...]:
    """What its policies newly allow and no longer allow."""
    if not kind.policies:
        return ()
    was, will = kind.normalise(before), kind.normalise(after)
    return tuple(
        sentence
        for name in sorted(kind.policies)
        if was.get(name) != will.get(name)
        for sentence in sentences(
            resource.agent or resource.logical_id,
            documents(was.get(name)).values(),
            documents(will.get(name)).values(),
        )
    )


def _with_live_attributes(recorded: StateResource, now: Live | None) -> StateResource:
    if now is None or now.attributes.keys() <= recorded.attributes.keys():
        return recorded
    return replace(recorded, attributes={**now.attributes, **recorded.attributes})
