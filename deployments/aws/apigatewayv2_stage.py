"""AWS::ApiGatewayV2::Stage: a stage of an HTTP API, deployed by itself on every change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("NotFoundException",)
_MUTABLE: Mapping[str, Any] = {
    "AutoDeploy": False,
    "Description": "",
    "AccessLogSettings": None,
    "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
    "StageVariables": {},
}


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    normal = dict(properties)
    settings = normal.get("DefaultRouteSettings")
    if isinstance(settings, Mapping):
        noise = {"DataTraceEnabled": False, "LoggingLevel": "OFF"}
        normal["DefaultRouteSettings"] = {
            "DetailedMetricsEnabled": False,
            **{name: value for name, value in settings.items() if noise.get(name) != value},
        }
    access = normal.get("AccessLogSettings")
    if isinstance(access, Mapping) and isinstance(access.get("DestinationArn"), str):
        # A log group's ARN ends in ":*"; API Gateway reports it without.
        normal["AccessLogSettings"] = {**access, "DestinationArn": access["DestinationArn"].removesuffix(":*")}
    return normal


class ApiGatewayV2Stage(AwsProvisioner):
    """Physical id: the stage's name."""

    service = "apigatewayv2"
    supported = frozenset(_MUTABLE) | {"ApiId", "StageName"}
    kind = Kind(
        type="AWS::ApiGatewayV2::Stage",
        label="API stage",
        immutable=frozenset({"ApiId", "StageName"}),
        defaults={name: value for name, value in _MUTABLE.items() if value is not None},
        normalise=_normalise,
        permissions=(
            "apigateway:DELETE",
            "apigateway:GET",
            "apigateway:PATCH",
            "apigateway:POST",
            "apigateway:PUT",
            # What API Gateway asks of whoever has it write access logs.
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ),
    )

    def locate(self, target: Target) -> str:
        return str(target.properties["StageName"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        api_id = properties["ApiId"]
        stage = self.aws.look("apigatewayv2", "get_stage", _ABSENT, ApiId=api_id, StageName=physical_id)
        if stage is None:
            return None
        live = {**self.kind.defaults, **picked(stage, *_MUTABLE), "ApiId": api_id, "StageName": physical_id}
        return Live(physical_id, live, {}, tags.own(stage.get("Tags")))

    def make(self, target: Target) -> Made | Refusal:
        made = self.aws.attempt(
            "apigatewayv2",
            "create_stage",
            ("ConflictException",),
            Tags=dict(target.tags),
            **picked(target.properties, *self.supported),
        )
        return made if isinstance(made, Refusal) else Made(made["StageName"])

    def update(self, target: Target, live: Live) -> Made:
        where = {"ApiId": target.properties["ApiId"], "StageName": live.physical_id}
        changed = self.changed(target, live)
        parameters = {
            name: target.properties.get(name, fallback) for name, fallback in _MUTABLE.items() if name in changed
        }
        calls: list[Callable[[], Any]] = []
        if "AccessLogSettings" in parameters and parameters["AccessLogSettings"] is None:
            del parameters["AccessLogSettings"]
            calls.append(lambda: self.aws.call("apigatewayv2", "delete_access_log_settings", **where))
        if parameters:
            calls.append(lambda: self.aws.call("apigatewayv2", "update_stage", **where, **parameters))
        arn = (
            f"arn:{self.aws.partition}:apigateway:{self.aws.region}::/apis/{where['ApiId']}/stages/{where['StageName']}"
        )
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("apigatewayv2", "tag_resource", ResourceArn=arn, Tags=put),
            lambda keys: self.aws.call("apigatewayv2", "untag_resource", ResourceArn=arn, TagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look(
            "apigatewayv2",
            "delete_stage",
            _ABSENT,
            ApiId=recorded.properties["ApiId"],
            StageName=recorded.physical_id,
        )
