"""Any CloudFormation type without a provisioner of its own, over the Cloud Control API.

What a kind of its own says in code, the type's schema says here. Cloud Control works in the background: every write
answers with a request whose progress is asked for, and a client token makes a repeated creation the same request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from deployments.aws import resource_schemas, tags
from deployments.aws.calls import Answer, Aws, Refusal
from deployments.aws.catalogue import meaning
from deployments.aws.provisioner import Artifacts, AwsProvisioner
from deployments.engine.canonical import dumps
from deployments.engine.errors import CloudError
from deployments.engine.kinds import Kind, SideBySide
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

SETTLED_SECONDS = 3600
_ABSENT = ("ResourceNotFoundException", "NotFound")
_ENDED = frozenset({"SUCCESS", "FAILED", "CANCEL_COMPLETE"})
_ACTIONS = ("CreateResource", "DeleteResource", "GetResource", "GetResourceRequestStatus", "UpdateResource")


@cache
def generic_kind(type_name: str) -> Kind | None:
    """The facts of a type from its schema, or None for one that CloudFormation does not know."""
    schema = resource_schemas.schema_of(type_name)
    if schema is None:
        return None
    handlers = schema.get("handlers", {})
    own = {action for handler in handlers.values() for action in handler.get("permissions", ())}
    known = schema["properties"]
    return Kind(
        type=type_name,
        label=type_name.removeprefix("AWS::").replace("::", " "),
        immutable=resource_schemas.paths(schema, "createOnlyProperties"),
        stateful=True,  # nobody knows: better one warning too many
        name_property=resource_schemas.name_property(schema),
        side_by_side=_side_by_side(resource_schemas.naming(schema)),
        write_only=resource_schemas.touched(schema, "writeOnlyProperties"),
        unordered=frozenset(name for name, shape in known.items() if shape.get("insertionOrder") is False),
        permissions=tuple(sorted({*own, *(f"cloudformation:{action}" for action in _ACTIONS)})),
    )


def _side_by_side(naming: frozenset[str]) -> SideBySide:
    """Two can exist at once where they share no name that somebody chose; AWS makes up the others."""
    return lambda before, after: not any(name in after and before.get(name) == after[name] for name in naming)


class CloudControl(AwsProvisioner):
    """Physical id: Cloud Control's identifier.

    Where AWS makes it up, an interrupted creation is found again by its client token alone.
    """

    service = "cloudcontrol"

    def __init__(self, aws: Aws, artifacts: Artifacts, type_name: str) -> None:
        super().__init__(aws, artifacts)
        kind, schema = generic_kind(type_name), resource_schemas.schema_of(type_name)
        assert kind is not None and schema is not None, type_name
        self._type = type_name
        self._read_only = resource_schemas.names(schema, "readOnlyProperties")
        tagging = schema.get("tagging", {})
        self._tag_property = str(tagging.get("tagProperty", "/properties/Tags")).rpartition("/")[2]
        self._tags_are_map = schema["properties"].get(self._tag_property, {}).get("type") == "object"
        # Instances of one class serve many types: these are facts of the instance here.
        self.kind = kind
        self.taggable = bool(tagging.get("taggable", self._tag_property in schema["properties"]))  # type: ignore[misc]
        self.supported = frozenset(schema["properties"]) - self._read_only - {self._tag_property}  # type: ignore[misc]

    def locate(self, target: Target) -> str | None:
        name = self.kind.name_property
        return str(target.properties[name]) if name and name in target.properties else None

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer = self.aws.look("cloudcontrol", "get_resource", _ABSENT, TypeName=self._type, Identifier=physical_id)
        if answer is None:
            return None
        model = json.loads(answer["ResourceDescription"]["Properties"])
        # A schema does not say what AWS fills in: only what somebody manages is told, and what is told and no longer
        # wanted is taken out.
        told = self.supported & properties.keys() if properties else self.supported
        live = {name: value for name, value in model.items() if name in told}
        return Live(physical_id, live, self._attributes(model), self._tags_of(model))

    def make(self, target: Target) -> Made | Refusal:
        wanted = dict(target.properties)
        if self.taggable and target.tags:
            wanted[self._tag_property] = self._tags_as_property(target.tags)
        answer = self.aws.attempt(
            "cloudcontrol",
            "create_resource",
            ("AlreadyExistsException",),
            TypeName=self._type,
            ClientToken=target.token,
            DesiredState=dumps(wanted),
        )
        event = answer if isinstance(answer, Refusal) else self._ended(answer["ProgressEvent"], "AlreadyExists")
        if isinstance(event, Refusal):
            return event
        physical_id = str(event["Identifier"])
        live = self.read(physical_id, target.properties)
        return Made(physical_id, live.attributes if live else {})

    def update(self, target: Target, live: Live) -> Made:
        changed = sorted(self.changed(target, live))
        patch: list[dict[str, Any]] = [
            {"op": "add", "path": f"/{name}", "value": target.properties[name]}
            if name in target.properties
            else {"op": "remove", "path": f"/{name}"}
            for name in changed
            if name in target.properties or name in live.properties
        ]
        if self.taggable and dict(live.tags) != dict(target.tags):
            value = self._tags_as_property(target.tags)
            patch.append({"op": "add", "path": f"/{self._tag_property}", "value": value})
        if patch:
            answer = self.aws.call(
                "cloudcontrol",
                "update_resource",
                TypeName=self._type,
                Identifier=live.physical_id,
                PatchDocument=dumps(patch),
            )
            self._ended(answer["ProgressEvent"])
            live = self.read(live.physical_id, target.properties) or live
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        answer = self.aws.look(
            "cloudcontrol", "delete_resource", _ABSENT, TypeName=self._type, Identifier=recorded.physical_id
        )
        if answer is not None:
            self._ended(answer["ProgressEvent"], "NotFound")

    def _ended(self, event: Answer, *expected: str) -> Answer | Refusal:
        """Waits for a request's end; an error code in `expected` is an answer.

        Raises:
            CloudError: the request failed.
        """
        last = dict(event)

        def ended() -> bool:
            if last["OperationStatus"] not in _ENDED:
                token = last["RequestToken"]
                answer = self.aws.call("cloudcontrol", "get_resource_request_status", RequestToken=token)
                last.update(answer["ProgressEvent"])
            return last["OperationStatus"] in _ENDED

        self.aws.wait(ended, what=f"{last.get('Operation', 'Change')} of a {self._type}", seconds=SETTLED_SECONDS)
        if last["OperationStatus"] == "SUCCESS":
            return last
        code, said = str(last.get("ErrorCode", "GeneralServiceException")), str(last.get("StatusMessage", ""))
        if code in expected:
            return Refusal(code, said)
        failure = meaning(code, said, 400)
        raise CloudError(
            f"{failure.cause[0].upper()}{failure.cause[1:]} ({self._type}, {code}): {said.rstrip('.')}.",
            service="cloudcontrol",
            operation=str(last.get("Operation", "")).title() + "Resource",
            code=code,
            category=failure.category,
            advice=failure.advice,
        )

    def _attributes(self, model: Mapping[str, Any]) -> dict[str, Any]:
        return {name: model[name] for name in sorted(self._read_only) if name in model}

    def _tags_as_property(self, wanted: Mapping[str, str]) -> Any:
        return dict(sorted(wanted.items())) if self._tags_are_map else tags.to_list(wanted)

    def _tags_of(self, model: Mapping[str, Any]) -> dict[str, str]:
        found = model.get(self._tag_property) or []
        return tags.own(found) if isinstance(found, Mapping) else tags.from_list(found)
