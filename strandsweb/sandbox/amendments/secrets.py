"""Secrets Manager: a rotation needs a function that may be called, and ends when that function says so.

moto calls all four steps at the same moment, and names the new value the current one before the function has made it.
The steps themselves are taken by `rotations`. Source: the API reference of RotateSecret.
"""

from __future__ import annotations

from typing import Any

from moto.moto_api._internal import mock_random
from moto.secretsmanager.exceptions import InvalidRequestException, ResourceNotFoundException
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

from strandsweb.sandbox import determinism
from strandsweb.sandbox.functions.spec import FunctionNotFound, find, policy_of
from strandsweb.sandbox.operations import Refused
from strandsweb.sandbox.permissions import allows

SERVICE = "secretsmanager.amazonaws.com"
DAY_SECONDS = 86_400


def rotating(secret: Any) -> str | None:
    """The version that a rotation under way is making, if there is one."""
    token: str | None = vars(secret).get("rotating")
    version = secret.versions.get(token)
    return token if version is not None and "AWSCURRENT" not in version["version_stages"] else None


def install() -> None:
    original = SecretsManagerBackend.rotate_secret

    def rotate_secret(
        self: Any,
        secret_id: str,
        client_request_token: str | None = None,
        rotation_lambda_arn: str | None = None,
        rotation_rules: dict[str, Any] | None = None,
        rotate_immediately: bool = True,
    ) -> str:
        secret = self.secrets[secret_id] if self._is_valid_identifier(secret_id) else None
        days = (rotation_rules or {}).get("AutomaticallyAfterDays")
        if not isinstance(secret, FakeSecret) or secret.is_deleted() or not 1 <= (days or 1) <= 1000:
            return original(self, secret_id, client_request_token, rotation_lambda_arn, rotation_rules)
        function = rotation_lambda_arn or secret.rotation_lambda_arn
        if not function:
            raise InvalidRequestException("No Lambda rotation function ARN is associated with this secret.")
        _refuse_strangers(self, secret, function)
        secret.rotation_requested = secret.rotation_enabled = True
        secret.rotation_lambda_arn = function
        secret.auto_rotate_after_days = int(days or secret.auto_rotate_after_days)
        now = int(determinism.now())
        secret.next_rotation_date = now + secret.auto_rotate_after_days * DAY_SECONDS
        token = client_request_token or str(mock_random.uuid4())
        if rotate_immediately and token not in secret.versions:
            secret.remove_version_stages_from_old_versions(["AWSPENDING"])
            secret.versions[token] = {"createdate": now, "version_id": token, "version_stages": ["AWSPENDING"]}
            secret.last_rotation_date = now
            vars(secret)["rotating"] = token
        return secret.to_short_dict()

    SecretsManagerBackend.rotate_secret = rotate_secret  # type: ignore[method-assign]


def _refuse_strangers(backend: Any, secret: FakeSecret, function: str) -> None:
    try:
        spec = find(backend.account_id, backend.region_name, function)
    except FunctionNotFound as missing:
        raise ResourceNotFoundException(f"Resource not found for ARN '{function}'.") from missing
    if not allows(policy_of(spec), service=SERVICE, account=backend.account_id, source_arns=[secret.arn]):
        raise Refused(
            "AccessDeniedException",
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
            f"access to the principal {SERVICE}.",
        )
