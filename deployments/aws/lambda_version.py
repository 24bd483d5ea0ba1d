"""AWS::Lambda::Version: a function's code and configuration as they were at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

READY_SECONDS = 300
_ABSENT = ("ResourceNotFoundException",)
_PUBLISHED = ("CodeSha256", "Description")


class LambdaVersion(AwsProvisioner):
    """Physical id: the version's ARN; found again by its description, which has to tell versions apart.

    Lambda publishes nothing twice: a function that is as in its last version answers with that version.
    """

    service = "lambda"
    taggable = False
    looks_first = True
    supported = frozenset({"FunctionName", *_PUBLISHED})
    kind = Kind(
        type="AWS::Lambda::Version",
        label="Lambda version",
        immutable=supported,
        defaults={"Description": ""},
        permissions=(
            "lambda:DeleteFunction",
            "lambda:GetFunctionConfiguration",
            "lambda:ListVersionsByFunction",
            "lambda:PublishVersion",
        ),
    )

    def locate(self, target: Target) -> str | None:
        versions = self.aws.pages(
            "lambda",
            "list_versions_by_function",
            "Versions",
            token=("Marker", "NextMarker"),
            absent=_ABSENT,
            FunctionName=target.properties["FunctionName"],
        )
        said = target.properties.get("Description", "")
        found = [entry for entry in versions or () if entry["Version"] != "$LATEST" and entry["Description"] == said]
        return str(found[-1]["FunctionArn"]) if found else None

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer = self.aws.look("lambda", "get_function_configuration", _ABSENT, FunctionName=physical_id)
        if answer is None:
            return None
        # The digest is a condition of publishing: it stands in a version only where somebody set it.
        reported = [name for name in _PUBLISHED if name == "Description" or name in properties]
        live = {"FunctionName": properties["FunctionName"], **picked(answer, *reported)}
        return Live(physical_id, live, _attributes(physical_id))

    def make(self, target: Target) -> Made:
        answer = self.aws.call("lambda", "publish_version", **picked(target.properties, "FunctionName", *_PUBLISHED))
        arn = answer["FunctionArn"]
        if answer.get("State", "Active") != "Active":
            self.aws.wait(
                lambda: (
                    self.aws.call("lambda", "get_function_configuration", FunctionName=arn).get("State") == "Active"
                ),
                what=f"Lambda version {arn} becoming active",
                seconds=READY_SECONDS,
            )
        return Made(arn, _attributes(arn))

    def update(self, target: Target, live: Live) -> Made:
        # A version never changes: there is nothing that an update could do.
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("lambda", "delete_function", _ABSENT, FunctionName=recorded.physical_id)


def _attributes(arn: str) -> dict[str, Any]:
    return {"FunctionArn": arn, "Version": arn.rpartition(":")[2]}
