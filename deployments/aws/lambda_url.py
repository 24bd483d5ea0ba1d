"""AWS::Lambda::Url: an address of its own for a function or one of its aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("ResourceNotFoundException",)
_KEY = ("TargetFunctionArn", "Qualifier")
_MUTABLE: Mapping[str, Any] = {"AuthType": None, "Cors": {}, "InvokeMode": "BUFFERED"}


class LambdaUrl(AwsProvisioner):
    """Physical id: the ARN of the function (with its alias), as CloudFormation's; a function has one address."""

    service = "lambda"
    taggable = False
    looks_first = True
    supported = frozenset({*_KEY, *_MUTABLE})
    kind = Kind(
        type="AWS::Lambda::Url",
        label="Function URL",
        immutable=frozenset(_KEY),
        defaults={"Cors": {}, "InvokeMode": "BUFFERED"},
        permissions=(
            "lambda:CreateFunctionUrlConfig",
            "lambda:DeleteFunctionUrlConfig",
            "lambda:GetFunctionUrlConfig",
            "lambda:UpdateFunctionUrlConfig",
        ),
    )

    def locate(self, target: Target) -> str | None:
        answer = self.aws.look("lambda", "get_function_url_config", _ABSENT, **_where(target.properties))
        return None if answer is None else str(answer["FunctionArn"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer = self.aws.look("lambda", "get_function_url_config", _ABSENT, **_where(properties))
        if answer is None:
            return None
        live = {**self.kind.defaults, **picked(properties, *_KEY), **picked(answer, "AuthType")}
        live["Cors"] = answer.get("Cors") or {}
        live["InvokeMode"] = str(answer.get("InvokeMode", "BUFFERED")).upper()
        return Live(physical_id, live, _attributes(answer))

    def make(self, target: Target) -> Made | Refusal:
        answer = self.aws.attempt(
            "lambda",
            "create_function_url_config",
            ("ResourceConflictException",),
            **_where(target.properties),
            **picked(target.properties, *_MUTABLE),
        )
        return answer if isinstance(answer, Refusal) else Made(answer["FunctionArn"], _attributes(answer))

    def update(self, target: Target, live: Live) -> Made:
        changed = self.changed(target, live)
        if changed:
            parameters = {name: target.properties.get(name, _MUTABLE[name]) for name in sorted(changed)}
            where = _where(target.properties)
            self.aws.call("lambda", "update_function_url_config", **where, **parameters)
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("lambda", "delete_function_url_config", _ABSENT, **_where(recorded.properties))


def _where(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"FunctionName": properties["TargetFunctionArn"], **picked(properties, "Qualifier")}


def _attributes(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"FunctionArn": answer["FunctionArn"], "FunctionUrl": answer["FunctionUrl"]}
