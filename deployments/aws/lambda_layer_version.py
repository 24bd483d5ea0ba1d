"""AWS::Lambda::LayerVersion: files that several functions share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws import lambda_code
from deployments.aws.calls import Answer
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind, always
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("ResourceNotFoundException",)
_PLAIN = ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")


class LambdaLayerVersion(AwsProvisioner):
    """Physical id: the version's ARN; found again as the newest of its layer, when its content is the same."""

    service = "lambda"
    taggable = False
    looks_first = True
    supported = frozenset({"Content", "LayerName", *_PLAIN})
    kind = Kind(
        type="AWS::Lambda::LayerVersion",
        label="Lambda layer",
        immutable=supported,
        side_by_side=always,
        unordered=frozenset({"CompatibleArchitectures", "CompatibleRuntimes"}),
        defaults={"CompatibleArchitectures": [], "CompatibleRuntimes": [], "Description": "", "LicenseInfo": ""},
        permissions=(
            "lambda:DeleteLayerVersion",
            "lambda:GetLayerVersion",
            "lambda:ListLayerVersions",
            "lambda:PublishLayerVersion",
            "s3:GetObject",
            "s3:PutObject",
        ),
    )

    def locate(self, target: Target) -> str | None:
        live = self.find(target)
        return None if live is None else live.physical_id

    def find(self, target: Target) -> Live | None:
        versions = self.aws.look(
            "lambda", "list_layer_versions", _ABSENT, LayerName=target.properties["LayerName"], MaxItems=1
        )
        for newest in (versions or {}).get("LayerVersions", ()):
            if newest["LayerVersionArn"] in target.besides:
                continue
            live = self.read(newest["LayerVersionArn"], target.properties)
            if live is not None and live.properties["Content"] == target.properties["Content"]:
                return live
        return None

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer = self._version("get_layer_version", physical_id)
        if answer is None:
            return None
        live = {
            **self.kind.defaults,
            **picked(answer, *_PLAIN),
            "LayerName": properties["LayerName"],
            "Content": lambda_code.live_code(properties["Content"], answer["Content"]["CodeSha256"]),
        }
        return Live(physical_id, live, {"LayerVersionArn": physical_id})

    def make(self, target: Target) -> Made:
        lambda_code.upload(self.aws, self.artifacts, target.properties["Content"])
        answer = self.aws.call(
            "lambda",
            "publish_layer_version",
            recover=lambda: self._recovered(target),
            **picked(target.properties, "Content", "LayerName", *_PLAIN),
        )
        arn = answer["LayerVersionArn"]
        return Made(arn, {"LayerVersionArn": arn})

    def update(self, target: Target, live: Live) -> Made:
        # A version never changes: there is nothing that an update could do.
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self._version("delete_layer_version", recorded.physical_id)

    def _recovered(self, target: Target) -> Answer | None:
        live = self.find(target)
        return None if live is None else {"LayerVersionArn": live.physical_id}

    def _version(self, method: str, arn: str) -> Answer | None:
        layer, _, number = arn.rpartition(":")
        return self.aws.look("lambda", method, _ABSENT, LayerName=layer, VersionNumber=int(number))
