"""AWS::ApiGateway::Account: the role with which REST APIs write logs, one for all of an account and region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_PATIENCE_SECONDS = 60


class ApiGatewayAccount(AwsProvisioner):
    """Physical id: the account's, as there is one. Whatever role is set serves the REST APIs of all environments.

    So a role that is there is left there, is no drift when it is another's, and goes only with the environment whose
    role it is; whoever needs one then finds it missing, and sets its own.
    """

    service = "apigateway"
    taggable = False
    supported = frozenset({"CloudWatchRoleArn"})
    looks_first = True
    kind = Kind(
        type="AWS::ApiGateway::Account",
        label="API logging role",
        immutable=frozenset({"CloudWatchRoleArn"}),
        write_only=frozenset({"CloudWatchRoleArn"}),
        permissions=("apigateway:GET", "apigateway:PATCH", "iam:PassRole"),
    )

    def locate(self, target: Target) -> str:
        return self.aws.account

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        return Live(physical_id, {}, {"Id": physical_id}) if self._role() else None

    def make(self, target: Target) -> Made:
        role = target.properties["CloudWatchRoleArn"]

        def is_set() -> bool:
            # A role that was just made is not known everywhere at once: "The role ARN does not have required
            # permissions configured."
            answer = self.aws.attempt(
                "apigateway", "update_account", ("BadRequestException",), patchOperations=_set(role)
            )
            return not isinstance(answer, Refusal)

        self.aws.wait(is_set, what=f"API Gateway's acceptance of {role}", seconds=_PATIENCE_SECONDS, first=1.0)
        return Made(self.aws.account, {"Id": self.aws.account})

    def update(self, target: Target, live: Live) -> Made:
        # Another role is as good as ours.
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        if self._role() == recorded.properties["CloudWatchRoleArn"]:
            self.aws.call("apigateway", "update_account", patchOperations=_set(""))

    def _role(self) -> str | None:
        return self.aws.call("apigateway", "get_account").get("cloudwatchRoleArn") or None


def _set(role: str) -> list[dict[str, str]]:
    return [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
