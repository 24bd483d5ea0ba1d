"""Kinds whose tags AWS tells by a call of their own: what is live can be described without them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from deployments.aws.provisioner import AwsProvisioner
from deployments.engine.ports import Live, Target
from deployments.engine.state import StateResource


class TaggedApart(AwsProvisioner):
    """Subclasses say how one is described, and how its tags are read at the service itself."""

    @abstractmethod
    def describe(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        """The resource as it is now but for its tags, or None."""

    @abstractmethod
    def tags_of(self, physical_id: str) -> dict[str, str]:
        """Its tags as the service itself tells them; none of what does not exist."""

    @abstractmethod
    def arn_of(self, physical_id: str) -> str:
        """The ARN that the index of all tags knows it by."""

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        live, found = self.aws.together(
            partial(self.describe, physical_id, properties), partial(self.tags_of, physical_id)
        )
        return None if live is None else replace(live, tags=found)

    def find(self, target: Target) -> Live | None:
        # Before a creation there usually is nothing, and so nothing to ask tags of.
        physical_id = self.locate(target)
        live = None if physical_id is None else self.describe(physical_id, target.properties)
        return None if live is None else replace(live, tags=self.tags_of(live.physical_id))

    def described(self, resources: Sequence[StateResource]) -> Mapping[str, Live]:
        found = {entry.logical_id: self.describe(entry.physical_id, entry.properties) for entry in resources}
        return {logical_id: live for logical_id, live in found.items() if live is not None}
