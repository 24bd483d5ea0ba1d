"""An in-memory cloud and a provisioner for it, for tests and for whoever writes a new kind of resource.

It fills in defaults, refuses names that are taken and references to what does not exist, fails and dies where it
is told to, and counts every call.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from deployments.engine.errors import Category, CloudError
from deployments.engine.fakes import Killed
from deployments.engine.kinds import Kind, Kinds
from deployments.engine.ports import OWNER_TAGS, Call, Listener, Live, Made, Provisioners, Target
from deployments.engine.state import StateResource

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FakeCall:
    """One call the fake cloud was asked for: `operation` is Describe, Create, Configure, Tag, Untag or Delete."""

    operation: str
    type: str
    name: str

    @property
    def write(self) -> bool:
        """Whether it may change something."""
        return self.operation != "Describe"


@dataclass(slots=True)
class Thing:
    """What exists in the fake cloud under one physical id."""

    type: str
    name: str
    physical_id: str
    properties: dict[str, Any]
    tags: dict[str, str]


@dataclass(slots=True)
class _Failure:
    operation: str
    name: str
    error: CloudError | Exception
    times: int


class FakeCloud:
    """Resources by type and name, with failures, delays and death on demand; safe to call from many threads.

    Args:
        seconds_per_call: handed to `sleep` for every call (`time.sleep`, or a fake clock's `advance`).
        strict: a property that mentions an ARN of this cloud (`arn:fake:...`) that does not exist is refused.
        guarded: types that cannot be deleted while a property of something else mentions their ARN.

    Physical ids are the name where the kind has a name property, else `name-1`, `name-2` ... by how often that
    name was created, so that they do not depend on timing. Without a name of its own there can be several of a name.
    """

    def __init__(
        self,
        *,
        seconds_per_call: float = 0.0,
        sleep: Callable[[float], None] | None = None,
        strict: bool = True,
        guarded: Collection[str] = (),
    ) -> None:
        self.calls: list[FakeCall] = []
        self._things: dict[tuple[str, str], Thing] = {}
        self._names: dict[tuple[str, str], list[Thing]] = {}
        self._arns: set[str] = set()
        self._births: dict[tuple[str, str], int] = {}
        self._failures: list[_Failure] = []
        self._die_at: tuple[int, bool] | None = None
        self._dead = False
        self._seconds_per_call = seconds_per_call
        self._sleep = sleep
        self._strict = strict
        self._guarded = guarded
        self._lock = threading.Lock()

    # What a test arranges.

    def fail(self, operation: str, name: str, error: CloudError | Exception | None = None, *, times: int = 1) -> None:
        """The next `times` calls of this operation on this name fail, before they do anything."""
        failure = error or refusal("AccessDenied", Category.DENIED, f"{operation} of {name} is denied")
        self._failures.append(_Failure(operation, name, failure, times))

    def die_at(self, number: int, *, after: bool = False) -> None:
        """The call of this number (from 1), and all that follow, raise `Killed`: before or after its effect."""
        self._die_at = (number, after)

    def revive(self) -> None:
        """A new worker: calls work again and are counted from 1."""
        self._die_at, self._dead = None, False
        self.calls.clear()

    def change(self, type: str, name: str, **properties: Any) -> None:
        """Somebody changes properties outside of strandsweb."""
        self._named(type, name).properties.update(properties)

    def retag(self, type: str, name: str, tags: Mapping[str, str]) -> None:
        """Somebody sets tags outside of strandsweb."""
        self._named(type, name).tags.update(tags)

    def remove(self, type: str, name: str) -> None:
        """Somebody deletes it outside of strandsweb."""
        self._forget(self._named(type, name))

    def inventory(self) -> dict[str, dict[str, Any]]:
        """Everything that exists, by `type/physical id`: name, properties, tags."""
        return {
            f"{thing.type}/{thing.physical_id}": {
                "name": thing.name,
                "properties": copied(thing.properties),
                "tags": dict(thing.tags),
            }
            for _, thing in sorted(self._things.items())
        }

    @property
    def writes(self) -> list[FakeCall]:
        """The calls that may have changed something."""
        return [call for call in self.calls if call.write]

    # What a provisioner calls.

    def describe(
        self, type: str, *, physical_id: str = "", name: str = "", besides: Collection[str] = ()
    ) -> Thing | None:
        """One thing by its physical id or its name; `besides` are physical ids it must not have."""

        def effect() -> Thing | None:
            if physical_id:
                return self._things.get((type, physical_id))
            return next(
                (thing for thing in self._names.get((type, name), ()) if thing.physical_id not in besides), None
            )

        return self._call(FakeCall("Describe", type, name or physical_id), effect)

    def create(
        self,
        type: str,
        name: str,
        properties: Mapping[str, Any],
        tags: Mapping[str, str],
        *,
        named: bool,
        besides: Collection[str] = (),
    ) -> Thing:
        """Makes it; the name must be free, but for things without a name of their own in `besides`."""

        def effect() -> Thing:
            there = self._names.get((type, name), ())
            if any(named or thing.physical_id not in besides for thing in there):
                raise refusal("AlreadyExists", Category.CONFLICT, f"{type} {name} exists already")
            self._check(properties)
            births = self._births[type, name] = self._births.get((type, name), 0) + 1
            physical_id = name if named else f"{name}-{births}"
            thing = Thing(type, name, physical_id, copied(properties), dict(tags))
            self._things[type, physical_id] = thing
            self._names.setdefault((type, name), []).append(thing)
            self._arns.add(arn(type, physical_id))
            return thing

        return self._call(FakeCall("Create", type, name), effect)

    def configure(self, thing: Thing, properties: Mapping[str, Any]) -> None:
        """Its properties become these."""

        def effect() -> None:
            self._check(properties)
            self._existing(thing).properties = copied(properties)

        self._call(FakeCall("Configure", thing.type, thing.name), effect)

    def tag(self, thing: Thing, tags: Mapping[str, str]) -> None:
        """Sets these tags, leaving others."""
        self._call(FakeCall("Tag", thing.type, thing.name), lambda: self._existing(thing).tags.update(tags))

    def untag(self, thing: Thing, keys: Iterable[str]) -> None:
        """Takes these tags away."""

        def effect() -> None:
            for key in keys:
                self._existing(thing).tags.pop(key, None)

        self._call(FakeCall("Untag", thing.type, thing.name), effect)

    def delete(self, type: str, physical_id: str) -> None:
        """Removes it; it must exist."""

        def effect() -> None:
            thing = self._things.get((type, physical_id))
            if thing is None:
                raise refusal("NotFound", Category.NOT_FOUND, f"{type} {physical_id} does not exist")
            if users := self._users(thing):
                raise refusal("InUse", Category.CONFLICT, f"{type} {physical_id} is used by {', '.join(users)}")
            self._forget(thing)

        self._call(FakeCall("Delete", type, physical_id), effect)

    def _call(self, call: FakeCall, effect: Callable[[], T]) -> T:
        if self._sleep and self._seconds_per_call:
            self._sleep(self._seconds_per_call)
        with self._lock:
            self.calls.append(call)
            at, after = self._die_at or (0, False)
            dies = len(self.calls) == at
            self._dead = self._dead or (dies and not after)
            if self._dead:
                raise Killed(call)
            for failure in self._failures:
                if failure.times and (failure.operation, failure.name) == (call.operation, call.name):
                    failure.times -= 1
                    raise failure.error
            result = effect()
            if dies:
                self._dead = True
                raise Killed(call)
            return result

    def _named(self, type: str, name: str) -> Thing:
        return self._names[type, name][-1]

    def _users(self, thing: Thing) -> list[str]:
        """Physical ids of what keeps it from being deleted."""
        mention = arn(thing.type, thing.physical_id)
        others = self._things.values() if thing.type in self._guarded else ()
        return sorted(other.physical_id for other in others if mention in _texts(other.properties))

    def _forget(self, thing: Thing) -> None:
        del self._things[thing.type, thing.physical_id]
        self._names[thing.type, thing.name].remove(thing)
        self._arns.discard(arn(thing.type, thing.physical_id))

    def _existing(self, thing: Thing) -> Thing:
        if (thing.type, thing.physical_id) not in self._things:
            raise refusal("NotFound", Category.NOT_FOUND, f"{thing.type} {thing.physical_id} does not exist")
        return thing

    def _check(self, properties: Mapping[str, Any]) -> None:
        for text in _texts(properties) if self._strict else ():
            if text.startswith("arn:fake:") and text not in self._arns:
                raise refusal("ValidationError", Category.INVALID, f"{text} does not exist")


class FakeProvisioner:
    """Any kind, in a `FakeCloud`: `ports.Provisioner` with as many calls as real ones need.

    A creation is two writes where the resource has properties beside its name (`Create`, `Configure`), so that it
    can be interrupted half-way. Reading answers the kind's defaults, and a `LastModified` nobody asked for.
    Attributes: `Arn` (from the physical id) and `Id` (the physical id).
    """

    def __init__(self, kind: Kind, cloud: FakeCloud, listener: Listener | None = None) -> None:
        self._kind = kind
        self._cloud = cloud
        self._listener = listener

    @property
    def kind(self) -> Kind:
        """The facts the planner needs."""
        return self._kind

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        """One call."""
        thing = self._told("Describe", lambda: self._cloud.describe(self._kind.type, physical_id=physical_id))
        return self._live(thing) if thing else None

    def find(self, target: Target) -> Live | None:
        """One call, by name."""
        thing = self._told(
            "Describe",
            lambda: self._cloud.describe(self._kind.type, name=self._name(target), besides=target.besides),
        )
        return self._live(thing) if thing else None

    def create(self, target: Target) -> Made:
        """Finishes what is there under the name if it is ours, else makes it."""
        type, name = self._kind.type, self._name(target)
        first = {key: value for key, value in target.properties.items() if key == self._kind.name_property}
        try:
            thing = self._told(
                "Create",
                lambda: self._cloud.create(
                    type,
                    name,
                    first,
                    target.tags,
                    named=bool(self._kind.name_property),
                    besides=target.besides,
                ),
                write=True,
            )
        except CloudError as error:
            if error.category is not Category.CONFLICT:
                raise
            live = self.find(target)
            if live is None or any(live.tags.get(key) != target.tags.get(key) for key in OWNER_TAGS):
                raise
            return self.update(target, live)
        if dict(target.properties) != first:
            self._told("Configure", lambda: self._cloud.configure(thing, target.properties), write=True)
        return _made(thing)

    def update(self, target: Target, live: Live) -> Made:
        """One call for properties, one for tags, and only where they differ."""
        thing = self._told("Describe", lambda: self._cloud.describe(self._kind.type, physical_id=live.physical_id))
        if thing is None:
            raise refusal("NotFound", Category.NOT_FOUND, f"{self._kind.type} {live.physical_id} does not exist")
        # What it reports beside what it was told (defaults, a time stamp) need not be told to it.
        reported = self._live(thing).properties
        told = {
            name: value
            for name, value in target.properties.items()
            if name in thing.properties or name not in reported or value != reported[name]
        }
        told.pop("LastModified", None)
        if thing.properties != told:
            self._told("Configure", lambda: self._cloud.configure(thing, told), write=True)
        if any(thing.tags.get(key) != value for key, value in target.tags.items()):
            self._told("Tag", lambda: self._cloud.tag(thing, target.tags), write=True)
        if surplus := sorted(set(thing.tags) - set(target.tags)):
            self._told("Untag", lambda: self._cloud.untag(thing, surplus), write=True)
        return _made(thing)

    def delete(self, recorded: StateResource) -> None:
        """One call; absent is success."""
        try:
            self._told("Delete", lambda: self._cloud.delete(self._kind.type, recorded.physical_id), write=True)
        except CloudError as error:
            if error.category is not Category.NOT_FOUND:
                raise

    def _name(self, target: Target) -> str:
        return str(target.properties.get(self._kind.name_property or "", target.logical_id))

    def _live(self, thing: Thing) -> Live:
        seen = {
            key: value
            for key, value in {**self._kind.defaults, **thing.properties}.items()
            if key not in self._kind.write_only
        }
        seen["LastModified"] = f"call {len(self._cloud.calls)}"
        return Live(thing.physical_id, copied(seen), _made(thing).attributes, dict(thing.tags))

    def _told(self, operation: str, call: Callable[[], T], *, write: bool = False) -> T:
        error = ""
        try:
            return call()
        except CloudError as failure:
            error = failure.code
            raise
        finally:
            if self._listener:
                status = 400 if error else 200
                self._listener.call_ended(Call("fake", operation, 0.001, status, 1, "request-1", write, error))


def fake_provisioners(kinds: Kinds, cloud: FakeCloud, listener: Listener | None = None) -> Provisioners:
    """One `FakeProvisioner` for every kind."""
    return {type: FakeProvisioner(kind, cloud, listener) for type, kind in kinds.items()}


def refusal(code: str, category: Category, message: str) -> CloudError:
    """An error as the fake cloud answers it."""
    return CloudError(message, service="fake", operation="", code=code, category=category, request_id="request-1")


def arn(type: str, physical_id: str) -> str:
    """`arn:fake:AWS::SQS::Queue/jobs`."""
    return f"arn:fake:{type}/{physical_id}"


def copied(value: Any) -> Any:
    """A deep copy of plain JSON, as if it had gone over a wire."""
    return json.loads(json.dumps(value))


def _made(thing: Thing) -> Made:
    return Made(thing.physical_id, {"Arn": arn(thing.type, thing.physical_id), "Id": thing.physical_id})


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)
