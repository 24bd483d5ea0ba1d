"""AWS::Lambda::Alias: a name for one version of a function, or for two with their shares of the calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("ResourceNotFoundException",)
_KEY = ("FunctionName", "Name")
_MUTABLE: Mapping[str, Any] = {"Description": "", "FunctionVersion": None, "RoutingConfig": {}}


class LambdaAlias(AwsProvisioner):
    """Physical id: the alias's ARN."""

    service = "lambda"
    taggable = False
    supported = frozenset({*_KEY, *_MUTABLE})
    kind = Kind(
        type="AWS::Lambda::Alias",
        label="Lambda alias",
        immutable=frozenset(_KEY),
        defaults={"Description": "", "RoutingConfig": {}},
        permissions=("lambda:CreateAlias", "lambda:DeleteAlias", "lambda:GetAlias", "lambda:UpdateAlias"),
    )

    def locate(self, target: Target) -> str | None:
        wanted = picked(target.properties, *_KEY)
        answer = self.aws.look("lambda", "get_alias", _ABSENT, **wanted)
        return None if answer is None else str(answer["AliasArn"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        function = properties["FunctionName"]
        name = physical_id.rpartition(":")[2]
        answer = self.aws.look("lambda", "get_alias", _ABSENT, FunctionName=function, Name=name)
        if answer is None:
            return None
        live = {"FunctionName": function, **picked(answer, "Name", "Description", "FunctionVersion")}
        if weights := (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights"):
            live["RoutingConfig"] = {
                "AdditionalVersionWeights": [
                    {"FunctionVersion": version, "FunctionWeight": weight} for version, weight in weights.items()
                ]
            }
        return Live(physical_id, live, {"AliasArn": physical_id})

    def make(self, target: Target) -> Made | Refusal:
        answer = self.aws.attempt(
            "lambda",
            "create_alias",
            ("ResourceConflictException", "ConflictException"),
            **picked(target.properties, *_KEY, "Description", "FunctionVersion"),
            **_routing(target.properties, always=False),
        )
        if isinstance(answer, Refusal):
            return answer
        return Made(answer["AliasArn"], {"AliasArn": answer["AliasArn"]})

    def update(self, target: Target, live: Live) -> Made:
        changed = self.changed(target, live)
        if changed:
            parameters = {
                name: target.properties.get(name, _MUTABLE[name]) for name in sorted(changed - {"RoutingConfig"})
            }
            routing = _routing(target.properties, always=True) if "RoutingConfig" in changed else {}
            wanted = picked(target.properties, *_KEY)
            self.aws.call("lambda", "update_alias", **wanted, **parameters, **routing)
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("lambda", "delete_alias", _ABSENT, **picked(recorded.properties, *_KEY))


def _routing(properties: Mapping[str, Any], *, always: bool) -> dict[str, Any]:
    """`RoutingConfig` as the API has it: a mapping of versions to weights."""
    entries = (properties.get("RoutingConfig") or {}).get("AdditionalVersionWeights", [])
    if not entries and not always:
        return {}
    weights = {entry["FunctionVersion"]: entry["FunctionWeight"] for entry in entries}
    return {"RoutingConfig": {"AdditionalVersionWeights": weights}}
