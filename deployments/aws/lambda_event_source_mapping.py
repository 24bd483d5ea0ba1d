"""AWS::Lambda::EventSourceMapping: a queue or stream that Lambda polls for a function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deployments.aws.calls import Answer, Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

SETTLED_SECONDS = 180
_ABSENT = ("ResourceNotFoundException",)
_MUTABLE: Mapping[str, Any] = {
    "FunctionName": None,
    "BatchSize": None,
    "Enabled": True,
    "MaximumBatchingWindowInSeconds": 0,
    "FunctionResponseTypes": [],
    "FilterCriteria": {},
    "ScalingConfig": {},
}


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    normal = dict(properties)
    source = normal.get("EventSourceArn")
    if "BatchSize" not in normal and isinstance(source, str):
        normal["BatchSize"] = 10 if ":sqs:" in source else 100
    return normal


class LambdaEventSourceMapping(AwsProvisioner):
    """Physical id: the mapping's UUID; found again by its function and source, which AWS lets exist only once."""

    service = "lambda"
    supported = frozenset(_MUTABLE) | {"EventSourceArn", "StartingPosition"}
    taggable = False
    at_once = 100
    kind = Kind(
        type="AWS::Lambda::EventSourceMapping",
        label="Lambda event source",
        immutable=frozenset({"EventSourceArn", "StartingPosition"}),
        unordered=frozenset({"FunctionResponseTypes"}),
        defaults={name: value for name, value in _MUTABLE.items() if value is not None},
        normalise=_normalise,
        permissions=(
            "lambda:CreateEventSourceMapping",
            "lambda:DeleteEventSourceMapping",
            "lambda:GetEventSourceMapping",
            "lambda:ListEventSourceMappings",
            "lambda:UpdateEventSourceMapping",
        ),
    )

    def locate(self, target: Target) -> str | None:
        mappings = self._listed(**picked(target.properties, "FunctionName", "EventSourceArn"))
        return next((mapping["UUID"] for mapping in mappings if mapping.get("State") != "Deleting"), None)

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer = self.aws.look("lambda", "get_event_source_mapping", _ABSENT, UUID=physical_id)
        return None if answer is None else self._live(answer, properties)

    def listed_in(self, recorded: StateResource) -> str:
        return str(recorded.properties["FunctionName"])

    def described(self, resources: Sequence[StateResource]) -> Mapping[str, Live]:
        if len(resources) == 1:
            return super().described(resources)
        there = {mapping["UUID"]: mapping for mapping in self._listed(FunctionName=self.listed_in(resources[0]))}
        # Of encrypted filters only the call for one mapping tells what they are.
        plain = {entry for entry in there if "KMSKeyArn" not in there[entry]}
        found = {
            entry.logical_id: self._live(there[entry.physical_id], entry.properties)
            for entry in resources
            if entry.physical_id in plain
        }
        return {logical_id: live for logical_id, live in found.items() if live is not None}

    def _listed(self, **which: Any) -> list[Answer]:
        found = self.aws.pages(
            "lambda",
            "list_event_source_mappings",
            "EventSourceMappings",
            token=("Marker", "NextMarker"),
            absent=_ABSENT,
            **which,
        )
        return found or []

    def _live(self, mapping: Mapping[str, Any], properties: Mapping[str, Any]) -> Live | None:
        if mapping.get("State") == "Deleting":
            return None
        live = {
            **self.kind.defaults,
            **picked(mapping, "EventSourceArn", *_MUTABLE, "StartingPosition"),
            "FunctionName": _as_recorded(mapping["FunctionArn"], properties.get("FunctionName")),
            "Enabled": mapping.get("State") not in ("Disabled", "Disabling"),
        }
        return Live(mapping["UUID"], live, _attributes(mapping))

    def make(self, target: Target) -> Made | Refusal:
        answer = self.aws.attempt(
            "lambda",
            "create_event_source_mapping",
            ("ResourceConflictException",),
            **picked(target.properties, *self.supported),
        )
        if isinstance(answer, Refusal):
            return answer
        self._until_settled(answer)
        return Made(answer["UUID"], _attributes(answer))

    def update(self, target: Target, live: Live) -> Made:
        changed = self.changed(target, live)
        parameters = {
            name: target.properties.get(name, fallback) for name, fallback in _MUTABLE.items() if name in changed
        }
        if parameters:
            answer = self.aws.call("lambda", "update_event_source_mapping", UUID=live.physical_id, **parameters)
            self._until_settled(answer)
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        uuid = recorded.physical_id
        if self.aws.look("lambda", "delete_event_source_mapping", _ABSENT, UUID=uuid) is not None:
            # While it is being deleted, one of the same function and source cannot be made.
            self.aws.wait(
                lambda: self.aws.look("lambda", "get_event_source_mapping", _ABSENT, UUID=uuid) is None,
                what=f"Deletion of event source mapping {uuid}",
                seconds=SETTLED_SECONDS,
            )

    def _until_settled(self, answer: Mapping[str, Any]) -> None:
        if not _is_settled(answer):
            self.aws.wait(
                lambda: _is_settled(self.aws.call("lambda", "get_event_source_mapping", UUID=answer["UUID"])),
                what=f"Event source mapping {answer['UUID']} becoming ready",
                seconds=SETTLED_SECONDS,
            )


def _is_settled(mapping: Mapping[str, Any]) -> bool:
    return mapping.get("State") in (None, "Enabled", "Disabled")


def _as_recorded(arn: str, recorded: Any) -> Any:
    """The function as the property spells it: by name or by ARN."""
    name = arn.split(":")[6]
    return recorded if recorded in (arn, name) else name


def _attributes(mapping: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {"Id": mapping["UUID"]}
    if "EventSourceMappingArn" in mapping:
        attributes["EventSourceMappingArn"] = mapping["EventSourceMappingArn"]
    return attributes
