"""From an environment's facts to a session of its account: role assumed, account verified, nothing secret shown."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from deployments.aws.failures import cloud_error
from deployments.engine.errors import Category, CloudError

ROLE_SECONDS = 3600
CODE_SECONDS = 3600
"""How long a code of an MFA device is good for once it was shown."""
_CONFIG = Config(retries={"total_max_attempts": 3, "mode": "standard"}, connect_timeout=5, read_timeout=15)
_REFUSALS = frozenset({"AccessDenied", "AccessDeniedException"})
TRUST_ADVICE = (
    "The role's trust policy must let strandsweb assume it with the environment's external id and tag the session "
    "(sts:TagSession). The environment's access page prints the policy, and tests it."
)

CODE_ADVICE = (
    "Enter the device's next code. strandsweb must run as the IAM user whose device it is: a role has no MFA device."
)

# Reading service models is what makes a first client slow (200 ms); with one loader the second costs 2 to 6 ms.
_LOADER = botocore.loaders.create_loader()
_CREATING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Keys:
    """Base credentials given explicitly; without them boto3's own chain is asked (environment, profile, instance)."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Base credentials of somebody who showed a code of an MFA device; they assume roles that ask for one."""

    keys: Keys
    expires_at: datetime


SANDBOX_KEYS = Keys("sandbox", "sandbox")
"""What the AWS sandbox takes: it answers anybody, as its default account."""


@dataclass(frozen=True, slots=True)
class Access:
    """How an environment is reached.

    `session_name` appears in CloudTrail (the deployment's id), and so do `tags`, which the role's session carries.
    `role_arn` None means: the base credentials as they are; `profile` names those of the machine's AWS configuration.
    """

    account: str
    region: str
    session_name: str
    role_arn: str | None = None
    external_id: str | None = field(default=None, repr=False)
    endpoint_url: str | None = None
    keys: Keys | None = None
    profile: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def session_for(access: Access) -> boto3.Session:
    """A session whose calls land in the environment's account; role credentials renew themselves.

    Raises:
        CloudError: no credentials, the role cannot be assumed, or they belong to another account
            (category credentials).
    """
    base = core = _base(access)
    if access.role_arn is not None:
        core = _session(access)
        core._credentials = RefreshableCredentials.create_from_metadata(
            metadata=_assume_role(base, access),
            refresh_using=lambda: _assume_role(base, access),
            method="sts-assume-role",
        )
    _verify_account(core, access)
    return boto3.Session(botocore_session=core, region_name=access.region)


def caller(access: Access) -> str:
    """The ARN of who we are before any role is assumed: whom a role's trust policy has to name.

    Raises:
        CloudError: there are no usable credentials.
    """
    return _identity(_base(access), access)["Arn"]


def with_code(access: Access, *, serial: str, code: str) -> SecondFactor:
    """Our own credentials again, with the mark that a code was shown; a code is good once, and for half a minute.

    Raises:
        CloudError: the code is wrong or used, or our credentials are not an IAM user's (category credentials).
    """
    try:
        given = _sts(_base(access), access).get_session_token(
            DurationSeconds=CODE_SECONDS, SerialNumber=serial, TokenCode=code
        )["Credentials"]
    except (ClientError, BotoCoreError) as error:
        failure = cloud_error(error, service="sts", operation="GetSessionToken", parameters={"TokenCode": code})
        if failure.code in _REFUSALS:
            failure.category, failure.advice = Category.CREDENTIALS, CODE_ADVICE
        raise failure from None
    keys = Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return SecondFactor(keys, given["Expiration"])


def needs_external_id(access: Access) -> bool:
    """Whether the role refuses to be assumed by us without the external id, as it must; by trying it.

    Raises:
        CloudError: nobody could say.
    """
    assert access.role_arn is not None, "only a role has an external id"
    try:
        _assume_role(_base(access), replace(access, external_id=None))
    except CloudError as error:
        if error.code in _REFUSALS:
            return True
        raise
    return False


def _base(access: Access) -> Any:
    """A session with the credentials we have before any role is assumed."""
    base = _session(access, access.profile)
    if access.keys is not None:
        keys = access.keys
        base.set_credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    return base


def _session(access: Access, profile: str | None = None) -> Any:
    with _CREATING:
        core = botocore.session.Session(profile=profile)
        core.register_component("data_loader", _LOADER)
        core.set_config_variable("region", access.region)
        core.get_component("credential_provider").get_provider("assume-role")._prompter = _nobody_to_ask
    return core


def _nobody_to_ask(prompt: str) -> str:
    """A profile with an `mfa_serial` of its own would ask on the terminal of a server."""
    raise CloudError(
        "The profile wants a code of an MFA device, and there is nobody here to ask.",
        service="sts",
        operation="AssumeRole",
        code="CodeNeeded",
        category=Category.CREDENTIALS,
        advice="Name the role and the MFA device in the environment's settings instead.",
    )


def _sts(core: Any, access: Access) -> Any:
    return core.create_client("sts", region_name=access.region, endpoint_url=access.endpoint_url, config=_CONFIG)


def _assume_role(base: Any, access: Access) -> dict[str, str]:
    parameters: dict[str, Any] = {
        "RoleArn": access.role_arn,
        # STS takes 2 to 64 characters.
        "RoleSessionName": access.session_name[:64],
        "DurationSeconds": ROLE_SECONDS,
    }
    if access.external_id:
        parameters["ExternalId"] = access.external_id
    if access.tags:
        parameters["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(access.tags.items())]
    try:
        given = _sts(base, access).assume_role(**parameters)["Credentials"]
    except (ClientError, BotoCoreError) as error:
        failure = cloud_error(error, service="sts", operation="AssumeRole", parameters={})
        if failure.code in _REFUSALS:
            failure.category, failure.advice = Category.CREDENTIALS, TRUST_ADVICE
        raise failure from None
    return {
        "access_key": given["AccessKeyId"],
        "secret_key": given["SecretAccessKey"],
        "token": given["SessionToken"],
        "expiry_time": given["Expiration"].isoformat(),
    }


def _verify_account(core: Any, access: Access) -> None:
    account = _identity(core, access)["Account"]
    if account != access.account:
        raise CloudError(
            f"The credentials belong to account {account}, but the environment is account {access.account}.",
            service="sts",
            operation="GetCallerIdentity",
            code="WrongAccount",
            category=Category.CREDENTIALS,
            advice=f"Give the environment a role to assume in account {access.account}, or correct its account.",
        )


def _identity(core: Any, access: Access) -> dict[str, str]:
    try:
        identity: dict[str, str] = _sts(core, access).get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        raise cloud_error(error, service="sts", operation="GetCallerIdentity", parameters={}) from None
    return identity
