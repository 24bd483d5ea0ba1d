"""AWS::SecretsManager::RotationSchedule: how often a function gives a secret a new value, which only it ever sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Answer
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("ResourceNotFoundException",)
_PROPERTIES = ("SecretId", "RotationLambdaARN", "RotationRules")


class SecretsManagerRotationSchedule(AwsProvisioner):
    """Physical id: the secret's ARN. A secret whose rotation is turned off has no schedule."""

    service = "secretsmanager"
    supported = frozenset(_PROPERTIES) | {"RotateImmediatelyOnUpdate"}
    taggable = False
    kind = Kind(
        type="AWS::SecretsManager::RotationSchedule",
        label="rotation schedule",
        immutable=frozenset({"SecretId"}),
        side_by_side=lambda before, after: True,  # as they are of different secrets
        write_only=frozenset({"RotateImmediatelyOnUpdate"}),
        permissions=(
            "lambda:InvokeFunction",  # RotateSecret asks for it, of whoever asks for the rotation
            "secretsmanager:CancelRotateSecret",
            "secretsmanager:DescribeSecret",
            "secretsmanager:RotateSecret",
        ),
    )

    def locate(self, target: Target) -> str:
        return str(target.properties["SecretId"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        secret = self.aws.look("secretsmanager", "describe_secret", _ABSENT, SecretId=physical_id)
        if secret is None or not secret.get("RotationEnabled") or "DeletedDate" in secret:
            return None
        live = {"SecretId": physical_id, **picked(secret, *_PROPERTIES)}
        return Live(physical_id, live)

    def make(self, target: Target) -> Made:
        self._rotate(target)
        return Made(self.locate(target))

    def update(self, target: Target, live: Live) -> Made:
        if self.changed(target, live):
            self._rotate(target)
        return Made(live.physical_id)

    def delete(self, recorded: StateResource) -> None:
        # A secret that waits for its deletion rotates no more, and answers InvalidRequestException.
        self.aws.look(
            "secretsmanager",
            "cancel_rotate_secret",
            (*_ABSENT, "InvalidRequestException"),
            SecretId=recorded.physical_id,
        )

    def _rotate(self, target: Target) -> Answer:
        """Safe to repeat: the token is the same for every attempt, so that no attempt rotates again."""
        return self.aws.call(
            "secretsmanager",
            "rotate_secret",
            RotateImmediately=bool(target.properties.get("RotateImmediatelyOnUpdate", True)),
            ClientRequestToken=target.token,
            **picked(target.properties, *_PROPERTIES),
        )
