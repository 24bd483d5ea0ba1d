"""What all provisioners share: finishing an interrupted creation, ownership, and what differs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from deployments.aws import tags
from deployments.aws.calls import Answer, Aws, Refusal
from deployments.engine.canonical import dumps
from deployments.engine.errors import Category, CloudError
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

Artifacts = Callable[[str], bytes]
"""SHA-256 (hex) of a code zip -> its bytes; raises LookupError when it is not kept."""


def in_order(entries: Any) -> Any:
    """A list that is a set, in one order; anything else (an intrinsic, None) as it is."""
    return sorted(entries, key=dumps) if isinstance(entries, list) else entries


def present(**values: Any) -> dict[str, Any]:
    """The arguments that are not None."""
    return {key: value for key, value in values.items() if value is not None}


def picked(source: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Those of the names that are in `source`."""
    return {name: source[name] for name in names if name in source}


class AwsProvisioner(ABC):
    """A kind of resource over `Aws`; subclasses say how it is located, read, made, updated and deleted.

    `supported` are the properties it can write; a target with any other is refused instead of half made.
    `taggable` kinds belong to whom their tags name; the others to whoever owns what they are attached to.
    `looks_first`: AWS's create call would silently overwrite or double what is there.
    `at_once`: how many AWS describes by one call; more than one where `described` asks for many.
    """

    kind: Kind
    supported: ClassVar[frozenset[str]]
    service: ClassVar[str]
    taggable: ClassVar[bool] = True
    looks_first: ClassVar[bool] = False
    at_once: ClassVar[int] = 1

    def __init__(self, aws: Aws, artifacts: Artifacts) -> None:
        self.aws = aws
        self.artifacts = artifacts

    @abstractmethod
    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        """The resource as it is now, or None."""

    @abstractmethod
    def locate(self, target: Target) -> str | None:
        """The physical id this target has or would have; None when only AWS could know it and it is not there."""

    @abstractmethod
    def make(self, target: Target) -> Made | Refusal:
        """Creates it with as few calls as can be; a `Refusal` when AWS says that it is there already."""

    @abstractmethod
    def update(self, target: Target, live: Live) -> Made:
        """Brings `live` to `target`, calling only what differs."""

    @abstractmethod
    def delete(self, recorded: StateResource) -> None:
        """Removes it and returns when it is gone."""

    def listed_in(self, recorded: StateResource) -> str:
        """Where AWS lists it together with others, if it lists them place by place: the function, the API, the bus."""
        return ""

    def described(self, resources: Sequence[StateResource]) -> Mapping[str, Live]:
        """By logical id those of up to `at_once` recorded resources, all listed in one place, that AWS shows.

        Each as `read` gives it, but for tags that are told apart (`TaggedApart`). One that is left out need not be
        gone: `read` knows.
        """
        found = {entry.logical_id: self.read(entry.physical_id, entry.properties) for entry in resources}
        return {logical_id: live for logical_id, live in found.items() if live is not None}

    def find(self, target: Target) -> Live | None:
        """What an earlier `create` of this target made, or None."""
        physical_id = self.locate(target)
        return None if physical_id is None else self.read(physical_id, target.properties)

    def create(self, target: Target) -> Made:
        """Makes it, or finishes what an interrupted attempt left behind.

        Raises:
            CloudError: CONFLICT when the name belongs to somebody else; whatever AWS refuses for good.
        """
        self._refuse_unsupported(target)
        if self.looks_first and (live := self.find(target)) is not None:
            return self._finish(target, live)
        made = self.make(target)
        if isinstance(made, Made):
            return made
        found = self.find(target)
        if found is None:
            raise self._conflict(target, made.message, "Try again: it may have been deleted at the same moment.")
        return self._finish(target, found)

    def changed(self, target: Target, live: Live) -> frozenset[str]:
        """Names of the top-level properties whose value differs; what AWS never reads back is left out."""
        wanted, there = self._comparable(target.properties), self._comparable(live.properties)
        # What AWS reports beyond what we can write is not ours to change.
        names = (wanted.keys() | there.keys()) & self.supported - self.kind.write_only
        return frozenset(name for name in names if wanted.get(name) != there.get(name))

    def owns(self, target: Target, live: Live) -> bool:
        """Whether what was found under the target's name is ours to finish."""
        return not self.taggable or tags.is_ours(live.tags, target.tags)

    def _comparable(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        full = {**self.kind.defaults, **self.kind.normalise(properties)}
        return {
            name: in_order(value) if name in self.kind.unordered else value
            for name, value in full.items()
            if value is not None
        }

    def _finish(self, target: Target, live: Live) -> Made:
        if not self.owns(target, live):
            raise self._conflict(
                target,
                f"{self.kind.label} {live.physical_id} exists and is not tagged as this environment's.",
                "Rename the resource in the configuration, or delete the other one if nobody needs it.",
            )
        wanted, there = self._comparable(target.properties), self._comparable(live.properties)
        changed = sorted(self.changed(target, live))
        stuck = [name for name in changed if self.kind.fixes(name, there.get(name), wanted.get(name))]
        if stuck:
            raise self._conflict(
                target,
                f"{self.kind.label} {live.physical_id} exists with another {', '.join(stuck)}.",
                "Delete it if nobody needs it; then run the deployment again.",
            )
        return self.update(target, live)

    def _refuse_unsupported(self, target: Target) -> None:
        unknown = sorted(set(target.properties) - self.supported)
        if unknown:
            raise CloudError(
                f"{target.type} {target.logical_id}: {', '.join(unknown)} cannot be deployed by this version.",
                service=self.service,
                operation="Create",
                code="UnsupportedProperty",
                category=Category.INVALID,
                advice="Take the property out of the configuration.",
            )

    def _conflict(self, target: Target, message: str, advice: str) -> CloudError:
        return CloudError(
            f"{target.logical_id}: {message}",
            service=self.service,
            operation="Create",
            code="AlreadyExists",
            category=Category.CONFLICT,
            advice=advice,
        )

    def _retag(
        self,
        target: Target,
        live: Live,
        put: Callable[[dict[str, str]], Answer],
        remove: Callable[[list[str]], Answer],
    ) -> list[Callable[[], Any]]:
        """The calls that bring tags from live to wanted: none, one or two; together with others', where there are."""
        differing = tags.changes(live.tags, target.tags)
        arn = str(live.attributes.get("Arn", live.physical_id))
        batches = self.aws.tagging
        calls: list[Callable[[], Any]] = []
        if differing.put:
            calls.append(lambda: batches.put(arn, differing.put, lambda: put(dict(differing.put))))
        if differing.remove:
            calls.append(lambda: batches.remove(arn, differing.remove, lambda: remove(list(differing.remove))))
        return calls
