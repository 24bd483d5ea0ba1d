"""AWS::ApiGateway::Stage: one deployment of a REST API under an address, with its logs and limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import tags
from deployments.aws.apigateway_part import ABSENT, PERMISSIONS, made_once, replacement, replacements
from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, in_order, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_PATHS = {"DeploymentId": "/deploymentId", "Description": "/description", "TracingEnabled": "/tracingEnabled"}
_DEFAULTS: Mapping[str, Any] = {"Description": "", "TracingEnabled": False, "Variables": {}, "MethodSettings": []}
# CloudFormation's name of a method's setting, API Gateway's, and where a patch finds it.
_SETTINGS = {
    "DataTraceEnabled": ("dataTraceEnabled", "logging/dataTrace"),
    "LoggingLevel": ("loggingLevel", "logging/loglevel"),
    "MetricsEnabled": ("metricsEnabled", "metrics/enabled"),
    "ThrottlingBurstLimit": ("throttlingBurstLimit", "throttling/burstLimit"),
    "ThrottlingRateLimit": ("throttlingRateLimit", "throttling/rateLimit"),
}
_NOISE: Mapping[str, Any] = {"DataTraceEnabled": False, "LoggingLevel": "OFF", "MetricsEnabled": False}


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    normal = dict(properties)
    access = normal.get("AccessLogSetting")
    if isinstance(access, Mapping) and isinstance(access.get("DestinationArn"), str):
        # A log group's ARN ends in ":*"; API Gateway keeps it without.
        normal["AccessLogSetting"] = {**access, "DestinationArn": access["DestinationArn"].removesuffix(":*")}
    settings = normal.get("MethodSettings")
    if isinstance(settings, list):
        normal["MethodSettings"] = in_order(
            [{name: value for name, value in entry.items() if _NOISE.get(name) != value} for entry in settings]
        )
    return normal


class ApiGatewayStage(AwsProvisioner):
    """Physical id: the stage's name."""

    service = "apigateway"
    supported = frozenset(_PATHS) | {"AccessLogSetting", "MethodSettings", "RestApiId", "StageName", "Variables"}
    kind = Kind(
        type="AWS::ApiGateway::Stage",
        label="API stage",
        immutable=frozenset({"RestApiId", "StageName"}),
        defaults=_DEFAULTS,
        maps=frozenset({"Variables"}),
        normalise=_normalise,
        permissions=PERMISSIONS,
    )

    def locate(self, target: Target) -> str:
        return str(target.properties["StageName"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        api_id = properties["RestApiId"]
        stage = self.aws.look("apigateway", "get_stage", ABSENT, restApiId=api_id, stageName=physical_id)
        if stage is None:
            return None
        live: dict[str, Any] = {
            "RestApiId": api_id,
            "StageName": physical_id,
            "DeploymentId": stage.get("deploymentId"),
            "Description": stage.get("description") or "",
            "TracingEnabled": stage.get("tracingEnabled", False),
            "Variables": stage.get("variables") or {},
            "MethodSettings": [_setting(key, entry) for key, entry in (stage.get("methodSettings") or {}).items()],
        }
        if access := stage.get("accessLogSettings"):
            live["AccessLogSetting"] = {
                name: access[key]
                for name, key in (("DestinationArn", "destinationArn"), ("Format", "format"))
                if access.get(key)
            }
        return Live(physical_id, live, {}, tags.own(stage.get("tags")))

    def make(self, target: Target) -> Made | Refusal:
        wanted = target.properties
        given = picked(wanted, "StageName", "DeploymentId", "Description", "TracingEnabled", "Variables")
        made = made_once(
            self.aws,
            "create_stage",
            restApiId=wanted["RestApiId"],
            tags=dict(target.tags),
            **{name[0].lower() + name[1:]: value for name, value in given.items()},
        )
        if isinstance(made, Refusal):
            return made
        # Logs and limits cannot be given when a stage is created.
        self._patch(wanted, _access({}, wanted) + _limits([], wanted.get("MethodSettings", [])))
        return Made(made["stageName"])

    def update(self, target: Target, live: Live) -> Made:
        wanted, there = target.properties, live.properties
        changed = self.changed(target, live)
        operations = replacements(picked({**_DEFAULTS, **wanted}, *changed), _PATHS)
        if "Variables" in changed:
            variables = wanted.get("Variables", {})
            operations += [replacement(f"/variables/{name}", value) for name, value in variables.items()]
            gone = there["Variables"].keys() - variables.keys()
            operations += [{"op": "remove", "path": f"/variables/{name}"} for name in sorted(gone)]
        if "AccessLogSetting" in changed:
            operations += _access(there, wanted)
        if "MethodSettings" in changed:
            operations += _limits(there["MethodSettings"], wanted.get("MethodSettings", []))
        calls: list[Callable[[], Any]] = []
        if operations:
            calls.append(lambda: self._patch(wanted, operations))
        place = f"/restapis/{wanted['RestApiId']}/stages/{live.physical_id}"
        arn = f"arn:{self.aws.partition}:apigateway:{self.aws.region}::{place}"
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("apigateway", "tag_resource", resourceArn=arn, tags=put),
            lambda keys: self.aws.call("apigateway", "untag_resource", resourceArn=arn, tagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        where = {"restApiId": recorded.properties["RestApiId"], "stageName": recorded.physical_id}
        self.aws.look("apigateway", "delete_stage", ABSENT, **where)

    def _patch(self, wanted: Mapping[str, Any], operations: list[dict[str, str]]) -> None:
        if operations:
            where = {"restApiId": wanted["RestApiId"], "stageName": wanted["StageName"]}
            self.aws.call("apigateway", "update_stage", **where, patchOperations=operations)


def _setting(key: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """`*/*` or `~1pets/GET` -> CloudFormation's entry."""
    path, _, method = key.rpartition("/")
    named = {name: entry[own] for name, (own, _) in _SETTINGS.items() if own in entry}
    return {"HttpMethod": method, "ResourcePath": _written(path), **named}


def _written(path: str) -> str:
    return "/*" if path == "*" else path.replace("~1", "/")


def _place(entry: Mapping[str, Any]) -> str:
    """Where patches find the settings of a method: a path's slashes are `~1` there, and `/*` is `*`."""
    path = entry["ResourcePath"]
    return f"/{'*' if path == '/*' else path.replace('/', '~1')}/{entry['HttpMethod']}"


def _limits(there: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> list[dict[str, str]]:
    places = {_place(entry) for entry in wanted}
    operations = [{"op": "remove", "path": place} for place in map(_place, there) if place not in places]
    for entry in wanted:
        filled = {**_NOISE, **entry} if there else entry
        operations += replacements(filled, {name: f"{_place(entry)}/{path}" for name, (_, path) in _SETTINGS.items()})
    return operations


def _access(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[dict[str, str]]:
    access = _normalise(wanted).get("AccessLogSetting")
    if access is None:
        return [{"op": "remove", "path": "/accessLogSettings"}] if "AccessLogSetting" in there else []
    paths = {"DestinationArn": "/accessLogSettings/destinationArn", "Format": "/accessLogSettings/format"}
    return replacements(access, paths)
