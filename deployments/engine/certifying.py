"""Certifying: what is live now held against what a past deployment had made, and what will not come back (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployments.engine.canonical import digest
from deployments.engine.certificate import Certificate, Entry, Finding, Found
from deployments.engine.differences import conceal, managed
from deployments.engine.kinds import Kind, Kinds
from deployments.engine.plan import ABSENT, Action, Change, Plan, PlanKind, Reason
from deployments.engine.planner import make_changes
from deployments.engine.ports import Live
from deployments.engine.resources import Resource
from deployments.engine.state import State, StateResource, replacer_of


@dataclass(frozen=True, slots=True)
class Since:
    """What is known of the time between the past deployment and now, by logical id.

    `remade`: a run created or deleted it since. `values`: when its secret value was last set since. `undone`: a step of
    the run itself did not succeed. `left`: the failed run that is taken back had changed it.
    """

    remade: Collection[str] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    undone: Collection[str] = ()
    left: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class World:
    """The recorded state of then, that of now, and what is live of everything `to_read` names."""

    then: State
    now: State
    live: Mapping[str, Live | None]


def to_read(plan: Plan, *, before: State, now: State) -> tuple[StateResource, ...]:
    """What has to be read to certify the plan's run: what it wanted and recorded, and what it was to delete.

    What took over the physical id of something deleted is not that thing any more, which is gone.
    """
    there = {(entry.type, entry.physical_id) for entry in now.resources.values()}
    names = [change.logical_id for change in plan.changes if change.target or change.action is Action.DELETE]
    names += [name for name in now.resources if replacer_of(name) and name not in names]
    entries = []
    for name in names:
        entry = now.resources.get(name)
        if entry is None and name in before.resources:
            gone = before.resources[name]
            entry = None if (gone.type, gone.physical_id) in there else gone
        if entry is not None:
            entries.append(entry)
    return tuple(entries)


def certify(
    plan: Plan, world: World, since: Since, *, kinds: Kinds, deployment: str, read_at: str, secret_key: bytes = b""
) -> Certificate:
    """The certificate of a run of the plan, whatever became of the run.

    Raises:
        NotPlannable, Refused: see `planner.make_changes`.
    """
    return Certificate(
        deployment=deployment,
        target=plan.subject.rollback_to or "",
        read_at=read_at,
        entries=tuple(_entries(plan, world, since, kinds, secret_key)),
        parts=plan.subject.targets,
    )


def foresee(plan: Plan, then: State, since: Since, *, kinds: Kinds) -> tuple[Entry, ...]:
    """What the plan will not bring back, said before it runs; only the resources of which there is something to say."""
    entries = []
    for change in plan.changes:
        found: list[Found] = []
        if change.target is not None:
            new = change.action in (Action.CREATE, Action.REPLACE)
            kind = kinds[change.type]
            found += _contents(change.logical_id, kind, since, remade=new or change.logical_id in since.remade)
            if new and change.logical_id in then.resources and kind.name_property is None:
                found.append(Found(Finding.CREATED_AGAIN, "It is created again, and AWS gives it another id."))
        elif _stays(change, plan):
            found.append(_RETAINED)
        if found:
            entries.append(_entry(change, found=tuple(found)))
    return tuple(entries)


_RETAINED = Found(Finding.RETAINED, "It was not there then. It is protected, so it stays.")
_LEFT = Found(Finding.LEFT, "The failed run had changed it. Taking back only deletes, so it stays as that run left it.")

_LEFT_GONE = Found(Finding.LEFT, "The failed run had deleted it. Taking back only deletes, so it is not there.")


def _entries(plan: Plan, world: World, since: Since, kinds: Kinds, secret_key: bytes) -> Iterator[Entry]:
    wanted = {change.logical_id: change.target for change in plan.changes if change.target is not None}
    kept = world.now.with_resources(entry for name, entry in world.now.resources.items() if name in wanted)
    differing = make_changes(
        kind=PlanKind.DEPLOY,
        desired=list(wanted.values()),
        state=kept,
        live=world.live,
        kinds=kinds,
        secret_key=secret_key,
    )
    rows = {change.logical_id: tuple(row.path for row in change.properties) for change in differing}
    for change in plan.changes:
        name = change.logical_id
        if change.target is not None:
            yield _wanted(change, change.target, rows[name], world, since, kinds, secret_key)
        elif change.action is Action.DELETE:
            yield _unwanted(change, world, since)
        elif name in since.left:
            yield _entry(change, found=(_LEFT,))
        elif _stays(change, plan):
            yield _entry(change, found=(_RETAINED,))
    for name in sorted(set(since.left) - {change.logical_id for change in plan.changes}):
        was = world.then.resources[name]
        yield Entry(was.stack, name, was.type, found=(_LEFT_GONE,))
    for name, entry in world.now.resources.items():
        if replacer_of(name) in wanted and world.live.get(name) is not None:
            still = Found(Finding.STILL_THERE, "It was replaced, and the old one has not been deleted yet.")
            yield Entry(entry.stack, name, entry.type, entry.physical_id, found=(still,), wanted=False)


def _wanted(
    change: Change, target: Resource, differing: tuple[str, ...], world: World, since: Since, kinds: Kinds, key: bytes
) -> Entry:
    name = change.logical_id
    now, live, then = world.now.resources.get(name), world.live.get(name), world.then.resources.get(name)
    if now is None or live is None:
        why = "its step did not succeed" if name in since.undone else "somebody deleted it since"
        return _entry(change, gone=True, found=(Found(Finding.MISSING, f"It is not there: {why}."),))
    kind = kinds[now.type]
    past = then.properties if then and then.type == now.type else now.properties
    recorded, actual, generated = dict[str, Any](), dict[str, Any](), []
    for place in managed(kind, desired=past, recorded=now.properties, live=live.properties):
        equal = place.equal(place.desired, place.live)
        recorded[place.path] = place.desired
        actual[place.path] = place.desired if equal else place.live
        if not equal and place.path not in differing:
            generated.append(place.path)
    tags = {tag: live.tags[tag] for tag in target.tags if tag in live.tags}
    found = []
    if differing:
        found.append(_differs(differing, name in since.undone))
    if then and then.physical_id != now.physical_id:
        text = f"It had to be created again: it was {then.physical_id}, and is {now.physical_id}."
        found.append(Found(Finding.CREATED_AGAIN, text))
    if generated:
        text = "It holds ids or addresses that AWS made anew."
        found.append(Found(Finding.GENERATED, text, tuple(generated)))
    found += _contents(name, kind, since, remade=name in since.remade)
    if unread := tuple(sorted(kind.write_only & past.keys())):
        text = "AWS never gives this back; it is as it was written."
        found.append(Found(Finding.NOT_GIVEN_BACK, text, unread))
    return Entry(
        stack=change.stack,
        logical_id=name,
        type=now.type,
        physical_id=now.physical_id,
        target_digest=_digest(kind, recorded, target.tags, key),
        live_digest=_digest(kind, actual, tags, key),
        found=tuple(found),
    )


def _unwanted(change: Change, world: World, since: Since) -> Entry:
    live = world.live.get(change.logical_id)
    if live is None:
        return _entry(change, gone=True, wanted=False)
    why = "its deletion did not succeed" if change.logical_id in since.undone else "somebody made it again"
    still = Found(Finding.STILL_THERE, f"It should be gone, and is there: {why}.")
    return _entry(change, found=(still,), wanted=False)


def _differs(paths: tuple[str, ...], undone: bool) -> Found:
    if undone:
        return Found(Finding.DIFFERS, "It is not as it was then: its step did not succeed.", paths)
    return Found(Finding.OUTSIDE, "It is not as this run left it: somebody changed it since.", paths)


def _contents(name: str, kind: Kind, since: Since, *, remade: bool) -> Iterator[Found]:
    """What a resource holds is never brought back; said where that of then may not be in it."""
    if remade and kind.stateful:
        held = f"{kind.holds} of then" if kind.holds else "what it held"
        yield Found(Finding.DATA, f"It is not the one of then, and comes without {held}.")
    elif name in since.values:
        text = f"Its value was set {since.values[name]}, and stays; values are never recorded."
        yield Found(Finding.VALUE, text)


def _stays(change: Change, plan: Plan) -> bool:
    """It is no longer wanted, protected, and in the plan's scope."""
    targets = plan.subject.targets
    return change.reason is Reason.RETAINED and (not targets or bool({change.stack, change.logical_id} & set(targets)))


def _entry(change: Change, *, found: tuple[Found, ...] = (), gone: bool = False, wanted: bool | None = None) -> Entry:
    return Entry(
        stack=change.stack,
        logical_id=change.logical_id,
        type=change.type,
        physical_id=None if gone else change.physical_id,
        found=found,
        wanted=change.target is not None if wanted is None else wanted,
    )


def _digest(kind: Kind, properties: Mapping[str, Any], tags: Mapping[str, str], key: bytes) -> str:
    """Sensitive values are in it by their keyed digests, so that nobody can guess them."""
    said = {path: conceal(kind, path, value, key) for path, value in properties.items() if value is not ABSENT}
    return digest({"properties": said, "tags": dict(tags)})
