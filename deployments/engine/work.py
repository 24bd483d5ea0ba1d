"""One step, carried out in a worker thread: resolve, call the provisioner, say how it ended. Never raises."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from deployments.engine.differences import property_changes, tag_changes
from deployments.engine.errors import Category, CloudError, EngineError, PlanMismatch
from deployments.engine.importing import import_changes
from deployments.engine.inbox import Ended, Inbox
from deployments.engine.intrinsics import Lookup, resolve
from deployments.engine.plan import ABSENT, Change, Origin, PropertyChange, Reason
from deployments.engine.ports import OWNER_TAGS, Clock, Live, Made, Provisioners, Target
from deployments.engine.resources import Resource
from deployments.engine.state import StateResource
from deployments.engine.steps import Operation, Step


@dataclass(frozen=True, slots=True)
class Bench:
    """What every step of a run is carried out with.

    `resources` is the state so far; `gone` what the plan deletes; `former` what earlier runs replaced and did not
    delete, by the logical id of what took its place.
    """

    provisioners: Provisioners
    resources: Mapping[str, StateResource]
    lookup: Lookup
    gone: frozenset[str]
    former: Mapping[str, Sequence[StateResource]]
    inbox: Inbox
    clock: Clock
    run_token: str


def carry_out(step: Step, bench: Bench, *, repeated: bool) -> None:
    """Does the step and tells the inbox; `repeated` when an earlier worker may have done some of it."""
    began = bench.clock.monotonic()
    made: dict[str, Any] = {}
    with bench.inbox.during(step):
        try:
            made = _OPERATIONS[step.operation](step, bench, repeated)
        except CloudError as error:
            made = {"error": error.as_dict()}
        except EngineError as error:
            made = {"error": {"message": str(error), "category": Category.INVALID.value}}
        except Exception as error:
            # The error's own text may hold values that must not be shown; where it happened does not.
            bench.inbox.log("error", _where(error))
            message = f"{type(error).__name__} in strandsweb itself; the log says where"
            made = {"error": {"message": message, "category": Category.INTERNAL.value}}
        except BaseException as death:
            made = {"death": death}
    seconds = round(bench.clock.monotonic() - began, 4)
    bench.inbox.end(Ended(step=step, time=bench.clock.now(), seconds=seconds, **made))


def token_of(run_token: str, step_id: str) -> str:
    """The client token of a step: the same for every attempt, 32 hex digits."""
    return hashlib.sha256(f"{run_token}/{step_id}".encode()).hexdigest()[:32]


def recorded_as(
    resource: Resource, made: Made, *, properties: Mapping[str, Any], dependencies: tuple[str, ...]
) -> StateResource:
    """The state's entry of a resource; volatile tags are written to the cloud, but are no part of the state."""
    return StateResource(
        stack=resource.stack,
        logical_id=resource.logical_id,
        type=resource.type,
        physical_id=made.physical_id,
        properties=properties,
        attributes=made.attributes,
        dependencies=dependencies,
        tags=resource.tags,
        retain=resource.retain,
        agent=resource.agent,
        keeps_name=resource.keeps_name,
    )


def _create(step: Step, bench: Bench, repeated: bool) -> dict[str, Any]:
    target = _target(step, bench)
    provisioner = bench.provisioners[target.type]
    adopted = repeated and provisioner.find(target) is not None
    try:
        made = provisioner.create(target)
    except CloudError as error:
        return {**_left_behind(step, bench, target), "error": error.as_dict()}
    return {**_made(step, bench, target, made), "adopted": adopted}


def _left_behind(step: Step, bench: Bench, target: Target) -> dict[str, Any]:
    """What a creation that failed half-way left, if it is ours: unless it is recorded nobody would ever remove it."""
    try:
        live = bench.provisioners[target.type].find(target)
    except CloudError:  # the creation's own error says more
        return {}
    if live is None or live.physical_id in target.besides:
        return {}
    if any(live.tags.get(key) != target.tags.get(key) for key in OWNER_TAGS):
        return {}
    there = {name: value for name, value in live.properties.items() if name in target.properties}
    return _made(step, bench, replace(target, properties=there), Made(live.physical_id, live.attributes))


def _update(step: Step, bench: Bench, repeated: bool) -> dict[str, Any]:
    target = _target(step, bench)
    provisioner = bench.provisioners[target.type]
    recorded = _recorded(step, bench)
    live = provisioner.read(recorded.physical_id, recorded.properties)
    if live is None:
        raise PlanMismatch(f"{step.logical_id} was deleted after the plan was made; a new plan is needed")
    rows = property_changes(
        provisioner.kind, desired=target.properties, recorded=recorded.properties, live=live.properties
    )
    rows += tag_changes(desired=wanted(step.change).tags, recorded=recorded.tags, live=live.tags)
    # What only the configuration wants otherwise was agreed to: a reference may lead elsewhere since an earlier step.
    agreed = [*step.change.properties, *(row for row in rows if row.origin is Origin.CONFIGURATION)]
    return _made(step, bench, target, provisioner.update(_adjusted(target, live, rows, agreed), live))


def _import(step: Step, bench: Bench, repeated: bool) -> dict[str, Any]:
    """Takes over what exists; writes what the plan shows, as far as it is still needed, and nothing else."""
    target = _target(step, bench)
    provisioner = bench.provisioners[target.type]
    live = provisioner.read(step.change.physical_id or "", target.properties)
    if live is None:
        raise PlanMismatch(f"{step.change.physical_id} was deleted after the plan was made; a new plan is needed")
    rows = import_changes(provisioner.kind, target.properties, wanted(step.change).tags, live)
    adjusted = _adjusted(target, live, rows, step.change.properties)
    made = provisioner.update(adjusted, live) if step.change.properties else Made(live.physical_id, live.attributes)
    return _made(step, bench, target, made)


def _adjusted(target: Target, live: Live, rows: Sequence[PropertyChange], agreed: Sequence[PropertyChange]) -> Target:
    """What `live` is to become, given what differs: tags of others, and what nobody asked for, stay as they are.

    Raises:
        PlanMismatch: something differs that nobody agreed to write.
    """
    shown = tuple(f"{row.path}." for row in agreed)
    if unseen := sorted(row.path for row in rows if not f"{row.path}.".startswith(shown)):
        raise PlanMismatch(
            f"{live.physical_id} was changed after the plan was made ({', '.join(unseen)}); a new plan is needed"
        )
    differing = {row.path.partition(".")[0] for row in rows}
    kept = {name: value for name, value in live.properties.items() if name not in differing}
    dropped = {row.path.removeprefix("Tags.") for row in rows if row.path.startswith("Tags.") and row.after is ABSENT}
    tags = {key: value for key, value in live.tags.items() if key not in dropped}
    return replace(target, properties={**target.properties, **kept}, tags={**tags, **target.tags})


def _delete(step: Step, bench: Bench, repeated: bool) -> dict[str, Any]:
    if step.change.replaced_as and step.entry not in bench.resources:
        return {"physical_id": step.change.physical_id}  # the cloud answered the creation with the old resource
    recorded = _recorded(step, bench)
    if step.change.reason is not Reason.ALREADY_GONE:  # then nobody agreed to delete anything
        bench.provisioners[recorded.type].delete(recorded)
    return {"physical_id": recorded.physical_id}


_OPERATIONS = {
    Operation.CREATE: _create,
    Operation.IMPORT: _import,
    Operation.UPDATE: _update,
    Operation.DELETE: _delete,
}


def _target(step: Step, bench: Bench) -> Target:
    resource = wanted(step.change)
    return Target(
        logical_id=resource.logical_id,
        type=resource.type,
        properties=resolve(resource.properties, bench.lookup),
        tags={**resource.tags, **resource.volatile_tags},
        token=token_of(bench.run_token, step.id),
        besides=frozenset(former.physical_id for former in _former(step, bench) if former.type == resource.type),
    )


def _former(step: Step, bench: Bench) -> list[StateResource]:
    """What a creation makes another one of."""
    replaced = [_recorded(step, bench)] if step.change.replaced_as else []
    return [*bench.former.get(step.logical_id, ()), *replaced]


def _made(step: Step, bench: Bench, target: Target, made: Made) -> dict[str, Any]:
    dependencies = tuple(name for name in step.change.dependencies if name not in bench.gone)
    put = recorded_as(wanted(step.change), made, properties=target.properties, dependencies=dependencies)
    return {"put": put, "physical_id": made.physical_id}


def wanted(change: Change) -> Resource:
    """The target of a change that has one."""
    assert change.target is not None, f"{change.action} of {change.logical_id} has no target"
    return change.target


def _recorded(step: Step, bench: Bench) -> StateResource:
    if step.entry not in bench.resources:
        raise PlanMismatch(f"{step.entry} is not in the state; a new plan is needed")
    return bench.resources[step.entry]


def _where(error: Exception) -> str:
    """The error's type and the way there, file by file, without any value and without paths of this machine."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"  {'/'.join(PurePath(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}" for frame in frames]
    return "\n".join([type(error).__name__, *lines])
