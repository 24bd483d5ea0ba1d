"""What EC2's resources share: ids that EC2 makes up, so that each is found again by its `Name` and its owner's tags."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from deployments.aws import tags
from deployments.aws.calls import Answer
from deployments.aws.provisioner import AwsProvisioner
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

TAGGING = ("ec2:CreateTags", "ec2:DeleteTags")
IN_USE = "DependencyViolation"
# Lambda gives its network interfaces back up to 20 minutes after the last function in a subnet has gone.
RELEASED_SECONDS = 1500


class Ec2Provisioner(AwsProvisioner):
    """Subclasses name EC2's words: `noun` tags it, `describe` lists it under `entries`, each with its id in `id_name`.

    A resource in a state of `dead` is as good as gone, although EC2 shows it for a while.
    """

    service = "ec2"
    looks_first = True
    at_once = 200  # values in one filter
    noun: ClassVar[str]
    describe: ClassVar[str]
    entries: ClassVar[str]
    id_name: ClassVar[str]
    absent: ClassVar[tuple[str, ...]]
    filters: ClassVar[str] = "Filters"
    remove: ClassVar[str]
    dead: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def properties_of(self, entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
        """CloudFormation's properties of what EC2 describes."""

    @abstractmethod
    def attributes_of(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """What `Fn::GetAtt` answers."""

    def locate(self, target: Target) -> str | None:
        entry = self.tagged(target)
        return None if entry is None else str(entry[self.id_name])

    def find(self, target: Target) -> Live | None:
        entry = self.tagged(target)
        return None if entry is None else self.live(entry, target.properties)

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        entry = next(iter(self._listed({f"{self.id_name}s": [physical_id]})), None)
        return None if entry is None else self.live(entry, properties)

    def described(self, resources: Sequence[StateResource]) -> Mapping[str, Live]:
        # By a filter: asked for by id, one that is gone would be an error for all.
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", self.id_name).lower()
        asked = {"Name": name, "Values": [entry.physical_id for entry in resources]}
        found = {str(entry[self.id_name]): entry for entry in self._listed({self.filters: [asked]})}
        return {
            entry.logical_id: self.live(found[entry.physical_id], entry.properties)
            for entry in resources
            if entry.physical_id in found
        }

    def settle(self, physical_id: str) -> None:
        """Waits until what an interrupted attempt made can be used; most can be at once."""

    def _finish(self, target: Target, live: Live) -> Made:
        if self.owns(target, live):
            self.settle(live.physical_id)
        return super()._finish(target, live)

    def live(self, entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> Live:
        """What EC2 describes, as the engine compares it."""
        live = {**self.kind.defaults, **self.properties_of(entry, recorded)}
        return Live(str(entry[self.id_name]), live, self.attributes_of(entry), tags.from_list(entry.get("Tags")))

    def tagged(self, target: Target) -> Answer | None:
        """What an earlier attempt made: same name, project and environment, and not what it takes the place of."""
        keys = [key for key in ("Name", *tags.OWNER) if key in target.tags]
        wanted = [{"Name": f"tag:{key}", "Values": [target.tags[key]]} for key in keys]
        listed = self._listed({self.filters: wanted}) if keys else []
        found = [entry for entry in listed if str(entry[self.id_name]) not in target.besides]
        return min(found, key=lambda entry: str(entry[self.id_name]), default=None)

    def specification(self, target: Target) -> list[dict[str, Any]]:
        """The `TagSpecifications` of a create call: tags come into being with the resource."""
        return [{"ResourceType": self.noun, "Tags": tags.to_list(target.tags)}]

    def update(self, target: Target, live: Live) -> Made:
        calls = [*self.changes(target, live, self.changed(target, live)), *self.retag(target, live)]
        self.aws.together(*calls)
        return Made(live.physical_id, live.attributes)

    def changes(self, target: Target, live: Live, changed: frozenset[str]) -> list[Callable[[], Any]]:
        """The calls that change the properties in `changed`; none where all of a kind's are immutable."""
        return []

    def retag(self, target: Target, live: Live, resource_id: str | None = None) -> list[Callable[[], Any]]:
        """The calls that bring the tags from live to wanted."""
        resources = [resource_id or live.physical_id]
        return self._retag(
            target,
            live,
            lambda put: self.aws.call("ec2", "create_tags", Resources=resources, Tags=tags.to_list(put)),
            lambda keys: self.aws.call(
                "ec2", "delete_tags", Resources=resources, Tags=[{"Key": key} for key in sorted(keys)]
            ),
        )

    def delete(self, recorded: StateResource) -> None:
        """Deletes it as soon as nothing hangs on it any more."""

        def deleted() -> bool:
            answer = self.aws.attempt(
                "ec2", self.remove, (IN_USE, *self.absent), **{self.id_name: recorded.physical_id}
            )
            return getattr(answer, "code", "") != IN_USE

        self.aws.wait(
            deleted,
            what=f"Deletion of {self.kind.label} {recorded.physical_id}, which is still in use,",
            seconds=RELEASED_SECONDS,
            first=0.5,
            cap=20,
        )

    def _listed(self, which: Mapping[str, Any]) -> list[Answer]:
        listed = self.aws.pages("ec2", self.describe, self.entries, absent=self.absent, **which) or []
        return [entry for entry in listed if entry.get("State") not in self.dead]
