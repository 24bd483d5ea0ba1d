"""Values of secrets: from a person straight to Secrets Manager, in the request itself; nothing of ours keeps them.

They are no Celery argument, no row, no event and no part of a plan. What is shown of a secret is what AWS says about
it without its value.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from deployments import clouds, second_factor
from deployments.aws.credentials import Keys, session_for
from deployments.aws.failures import cloud_error
from deployments.engine.errors import CloudError
from deployments.errors import WorkflowError
from deployments.models import StateEntry
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.models import Environment, User

TYPE = "AWS::SecretsManager::Secret"
MAX_BYTES = 65_536
"""What Secrets Manager takes: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html"""
_BRIEFLY = Config(connect_timeout=3, read_timeout=8, retries={"total_max_attempts": 2, "mode": "standard"})


@dataclass(frozen=True, slots=True)
class Secret:
    """A deployed secret as AWS describes it; `unknown` says why nobody could ask.

    `has_value` is whether somebody gave it one: the random first value it is made with is none.
    """

    logical_id: str
    name: str
    has_value: bool = False
    changed_at: datetime | None = None
    rotates: bool = False
    rotated_at: datetime | None = None
    unknown: str = ""


def secrets_of(environment: Environment) -> list[Secret]:
    """The environment's deployed secrets, asked at the same time; a bounded while at most."""
    entries = _entries(environment)
    if not entries:
        return []
    try:
        client = _client(environment, reading=True)
    except (CloudError, WorkflowError) as error:
        return [Secret(entry.logical_id, _name(entry), unknown=str(error)) for entry in entries]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda entry: _described(client, entry), entries))


@sensitive_variables("value", "code")
def put(*, environment: Environment, logical_id: str, value: str, actor: User, code: str = "") -> None:
    """Makes `value` the secret's current one. Whoever reads the secret from now on gets it.

    `code`: of the MFA device, where the environment asks for one.

    Raises:
        WorkflowError: there is no such secret, the value is empty or too long, or AWS refused it; the words never
            hold the value.
    """
    entry = next((each for each in _entries(environment) if logical_id in (each.logical_id, _short(each))), None)
    if entry is None:
        raise WorkflowError(f"No secret {logical_id} is deployed in {environment.name}. Deploy it first.")
    if not value or len(value.encode()) > MAX_BYTES:
        raise WorkflowError(f"A secret's value has 1 to {MAX_BYTES} bytes.")
    keys = second_factor.shown(environment, code).keys if environment.asks_for_code else None
    try:
        _client(environment, keys=keys).put_secret_value(SecretId=entry.physical_id, SecretString=value)
    except (ClientError, BotoCoreError) as error:
        failure = cloud_error(
            error, service="secretsmanager", operation="PutSecretValue", parameters={"SecretString": value}
        )
        raise WorkflowError(f"{failure} {failure.advice}".strip()) from None
    except CloudError as failure:
        raise WorkflowError(f"{failure} {failure.advice}".strip()) from None
    audit(Deed.SECRET_SET, actor=actor, environment=environment, target_type="secret", target=entry.logical_id)


def deployed_names(environment: Environment) -> dict[str, str]:
    """The logical ids of the deployed secrets by the names that strands.yaml has for them; AWS is not asked."""
    return {_short(entry): entry.logical_id for entry in _entries(environment)}


def _client(environment: Environment, *, reading: bool = False, keys: Keys | None = None) -> Any:
    session = session_for(clouds.access_of(environment, "secrets", reading=reading, keys=keys))
    return session.client("secretsmanager", endpoint_url=settings.AWS_ENDPOINT_URL or None, config=_BRIEFLY)


def _entries(environment: Environment) -> list[StateEntry]:
    return list(StateEntry.objects.filter(environment=environment, type=TYPE))


def _described(client: Any, entry: StateEntry) -> Secret:
    try:
        told = client.describe_secret(SecretId=entry.physical_id)
    except (ClientError, BotoCoreError) as error:
        failure = cloud_error(error, service="secretsmanager", operation="DescribeSecret", parameters={})
        return Secret(entry.logical_id, _name(entry), unknown=str(failure))
    stages = {stage for stages in told.get("VersionIdsToStages", {}).values() for stage in stages}
    generated = "GenerateSecretString" in entry.body["properties"] and "AWSPREVIOUS" not in stages
    return Secret(
        logical_id=entry.logical_id,
        name=told.get("Name", _name(entry)),
        has_value="AWSCURRENT" in stages and not generated,
        changed_at=told.get("LastChangedDate"),
        rotates=told.get("RotationEnabled", False),
        rotated_at=told.get("LastRotatedDate"),
    )


def _name(entry: StateEntry) -> str:
    return str(entry.body["properties"].get("Name", entry.physical_id))


def _short(entry: StateEntry) -> str:
    """What strands.yaml calls it."""
    return _name(entry).rpartition("/")[2]
