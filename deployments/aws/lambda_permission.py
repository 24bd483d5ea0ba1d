"""AWS::Lambda::Permission: one statement of a function's resource policy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("ResourceNotFoundException",)
_CONDITIONS = {
    "aws:sourcearn": "SourceArn",
    "aws:sourceaccount": "SourceAccount",
    "lambda:eventsourcetoken": "EventSourceToken",
    "aws:principalorgid": "PrincipalOrgID",
    "lambda:functionurlauthtype": "FunctionUrlAuthType",
    "lambda:invokedviafunctionurl": "InvokedViaFunctionUrl",
}
_PROPERTIES = ("Action", "FunctionName", "Principal", *_CONDITIONS.values())


class LambdaPermission(AwsProvisioner):
    """Physical id: the statement's id, which is the logical id."""

    service = "lambda"
    supported = frozenset(_PROPERTIES)
    taggable = False
    at_once = 100
    kind = Kind(
        type="AWS::Lambda::Permission",
        label="Lambda permission",
        immutable=frozenset(_PROPERTIES),
        # Only some policies tell of it: with a condition of the same name, or not at all.
        write_only=frozenset({"InvokedViaFunctionUrl"}),
        permissions=("lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission"),
    )

    def locate(self, target: Target) -> str:
        return target.logical_id

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        return self._live(self._statements(properties["FunctionName"]), physical_id, properties)

    def listed_in(self, recorded: StateResource) -> str:
        return str(recorded.properties["FunctionName"])

    def described(self, resources: Sequence[StateResource]) -> Mapping[str, Live]:
        statements = self._statements(self.listed_in(resources[0]))
        found = {entry.logical_id: self._live(statements, entry.physical_id, entry.properties) for entry in resources}
        return {logical_id: live for logical_id, live in found.items() if live is not None}

    def _statements(self, function: str) -> list[dict[str, Any]]:
        answer = self.aws.look("lambda", "get_policy", _ABSENT, FunctionName=function)
        return list(json.loads(answer["Policy"])["Statement"]) if answer else []

    @staticmethod
    def _live(statements: Sequence[Mapping[str, Any]], physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        for statement in statements:
            if statement["Sid"] == physical_id:
                live = {
                    "Action": statement["Action"],
                    "FunctionName": properties["FunctionName"],
                    "Principal": _principal(statement["Principal"], properties.get("Principal")),
                    **_conditions(statement),
                }
                return Live(physical_id, live, {"Id": physical_id})
        return None

    def make(self, target: Target) -> Made | Refusal:
        answer = self.aws.attempt(
            "lambda",
            "add_permission",
            ("ResourceConflictException",),
            StatementId=target.logical_id,
            **picked(target.properties, *_PROPERTIES),
        )
        if isinstance(answer, Refusal):
            return answer
        return Made(target.logical_id, {"Id": target.logical_id})

    def update(self, target: Target, live: Live) -> Made:
        # Every property is immutable: there is nothing that an update could change.
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look(
            "lambda",
            "remove_permission",
            _ABSENT,
            FunctionName=recorded.properties["FunctionName"],
            StatementId=recorded.physical_id,
        )


def _principal(live: Any, recorded: Any) -> Any:
    """`{"Service": ...}` or `{"AWS": arn}` as the property spells it: a service, an account or an ARN."""
    value = next(iter(live.values())) if isinstance(live, Mapping) else live
    # An account id is reported as the ARN of the account's root.
    if isinstance(recorded, str) and recorded.isdigit() and f"::{recorded}:root" in str(value):
        return recorded
    return value


def _conditions(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _CONDITIONS[key.lower()]: value == "true" if operator_name == "Bool" else value
        for operator_name, operator in statement.get("Condition", {}).items()
        for key, value in operator.items()
        if key.lower() in _CONDITIONS
    }
