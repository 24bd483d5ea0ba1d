"""What the policies on buckets, queues and topics share: each is one document that its owner holds, or does not."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from deployments.aws.provisioner import AwsProvisioner
from deployments.engine.canonical import dumps
from deployments.engine.errors import Category, CloudError
from deployments.engine.policies import same_meaning
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

DOCUMENT = "PolicyDocument"


def documents_parsed(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties with the policy as structure, however it was written."""
    if isinstance(properties.get(DOCUMENT), str):
        return {**properties, DOCUMENT: json.loads(properties[DOCUMENT])}
    return properties


class ResourcePolicy(AwsProvisioner):
    """Physical id: what the policy is on, as that is all AWS knows it by.

    Putting a policy overwrites. One that is there already and says something else is somebody's: it is imported, or
    taken away by hand, but never lost unseen.
    """

    taggable = False
    looks_first = True

    @abstractmethod
    def written(self, physical_id: str) -> Any:
        """The document as AWS tells it, or None."""

    @abstractmethod
    def write(self, physical_id: str, document: str) -> None:
        """Puts the document in the place of any other."""

    @abstractmethod
    def remove(self, physical_id: str) -> None:
        """Takes it away; what it is on may be gone."""

    @abstractmethod
    def holder(self, physical_id: str) -> Mapping[str, Any]:
        """The property that names what the policy is on."""

    def only(self, target: Target, name: str) -> str:
        """The one entry of the list that names what the policy is on.

        Raises:
            CloudError: there are several, and each may end differently; or none.
        """
        entries = target.properties[name]
        if len(entries) != 1:
            raise CloudError(
                f"{target.type} {target.logical_id}: {name} names {len(entries)}, and can name one only.",
                service=self.service,
                operation="Create",
                code="UnsupportedProperty",
                category=Category.INVALID,
                advice="Write one policy for each.",
            )
        return str(entries[0])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        document = self.written(physical_id)
        if document is None:
            return None
        return Live(physical_id, {**self.holder(physical_id), DOCUMENT: document})

    def make(self, target: Target) -> Made:
        physical_id = self.locate(target)
        assert physical_id is not None, "the name of what it is on is known"
        self.write(physical_id, _text(target.properties[DOCUMENT]))
        return Made(physical_id)

    def update(self, target: Target, live: Live) -> Made:
        if self.changed(target, live):
            self.write(live.physical_id, _text(target.properties[DOCUMENT]))
        return Made(live.physical_id)

    def delete(self, recorded: StateResource) -> None:
        self.remove(recorded.physical_id)

    def changed(self, target: Target, live: Live) -> frozenset[str]:
        """The document alone can differ, and does when it means something else."""
        same = same_meaning(target.properties[DOCUMENT], live.properties[DOCUMENT])
        return frozenset() if same else frozenset({DOCUMENT})

    def _finish(self, target: Target, live: Live) -> Made:
        if self.changed(target, live):
            raise self._conflict(
                target,
                f"{live.physical_id} has a policy already, which says something else.",
                "Import it to see in the plan what would change, or delete it if nobody needs it.",
            )
        return Made(live.physical_id)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else dumps(document)
