"""STS: a role that exists is assumed only by whom its trust policy names, under its conditions.

moto lets everybody assume every role, existing or not. Here a role that was never made can still be assumed, so that
an empty account can be deployed to; once a role of that name has been made its trust policy decides, and after it was
deleted nobody can. The caller's own identity policies are not asked.

Every MFA device exists, and its codes are any six digits, each of them good only once.
"""

from __future__ import annotations

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import IAMBackend, Role, iam_backends
from moto.moto_api._internal import mock_random
from moto.sts.models import STSBackend, sts_backends
from moto.sts.responses import TokenResponse
from moto.sts.utils import random_session_token

from strandsweb.sandbox.insider import ACCESS_KEY
from strandsweb.sandbox.operations import Refused
from strandsweb.sandbox.policies import ALLOWED, Asked, decide, statements_of


def install() -> None:
    create, assume = IAMBackend.create_role, TokenResponse.assume_role

    def create_role(self: Any, *args: Any, **kwargs: Any) -> Role:
        role = create(self, *args, **kwargs)
        self.names_of_roles = getattr(self, "names_of_roles", frozenset()) | {role.name}
        return role

    def assume_role(self: TokenResponse) -> Any:
        _check(self)
        return assume(self)

    IAMBackend.create_role = create_role  # type: ignore[method-assign]
    TokenResponse.assume_role = assume_role  # type: ignore[method-assign]
    TokenResponse.get_session_token = _session_token  # type: ignore[method-assign]


def _session_token(self: TokenResponse) -> ActionResult:
    """Credentials of the caller itself; those of a caller that showed a code are known by their key."""
    backend = self.backend
    seconds = int(self._get_param("DurationSeconds") or 43200)
    if backend.get_assumed_role_from_access_key(self.access_key):
        raise Refused("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
    key = "ASIA" + mock_random.get_random_string(length=16).upper()
    if _shows_code(self, backend):
        _with_code(backend).add(key)
    given = {
        "AccessKeyId": key,
        "SecretAccessKey": mock_random.get_random_string(length=40),
        "SessionToken": random_session_token(),
        "Expiration": backend.get_session_token(duration=seconds).expiration,
    }
    return ActionResult({"Credentials": given})


def _with_code(backend: STSBackend) -> set[str]:
    """The access keys of those who showed a code."""
    keys: set[str] = backend.__dict__.setdefault("keys_with_code", set())
    return keys


def _shows_code(response: TokenResponse, backend: STSBackend) -> bool:
    """Whether the call carries a code of an MFA device; raises Refused when it is not, or no longer, a good one."""
    serial, code = response._get_param("SerialNumber"), response._get_param("TokenCode")
    if code is None and not serial:
        return False
    used: dict[str, str] = backend.__dict__.setdefault("last_codes", {})
    if not serial or not re.fullmatch(r"\d{6}", str(code)) or used.get(serial) == code:
        message = "MultiFactorAuthentication failed with invalid MFA one time pass code."
        raise Refused("AccessDenied", message, 403)
    used[str(serial)] = str(code)
    return True


def _check(response: TokenResponse) -> None:
    """Raises Refused when the role exists, or existed, and may not be assumed so."""
    arn = str(response._get_param("RoleArn"))
    parts = re.fullmatch(r"arn:aws[\w-]*:iam::(\d{12}):role/(?:.+/)?([\w+=,.@-]+)", arn)
    if parts is None:
        raise Refused("ValidationError", f"{arn} is invalid")
    backend: Any = iam_backends[parts.group(1)]["aws"]
    role = next((one for one in backend.roles.values() if one.arn == arn), None)
    if role is None and parts.group(2) not in getattr(backend, "names_of_roles", frozenset()):
        return
    caller, principals = _caller(response)
    message = f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    denied = Refused("AccessDenied", message, 403)
    if role is None:
        raise denied
    actions = ["sts:AssumeRole"]
    actions += ["sts:TagSession"] if response._get_param("Tags") else []
    actions += ["sts:SetSourceIdentity"] if response._get_param("SourceIdentity") else []
    context = _context(response, caller)
    statements = statements_of(role.assume_role_policy_document)
    for action in actions:
        if decide(statements, Asked(action, arn, context, principals))[0] != ALLOWED:
            raise denied
    if int(response._get_param("DurationSeconds") or 3600) > int(role.max_session_duration or 3600):
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise Refused("ValidationError", message)


def _caller(response: TokenResponse) -> tuple[str, frozenset[tuple[str, str]]]:
    """The caller's ARN, and the principals it counts as: itself, its role, its account; or Lambda."""
    if response.access_key == ACCESS_KEY:  # the sandbox itself, on behalf of a function
        return "lambda.amazonaws.com", frozenset({("Service", "lambda.amazonaws.com")})
    account = response.current_account
    sessions = sts_backends[account]["aws"]
    _, arn, _ = sessions.get_caller_identity(response.access_key, response.region)
    session = sessions.get_assumed_role_from_access_key(response.access_key)
    names = {arn, account, f"arn:aws:iam::{account}:root"} | ({session.role_arn} if session else set())
    return arn, frozenset(("AWS", name) for name in names)


def _context(response: TokenResponse, caller: str) -> dict[str, list[str]]:
    """Condition keys in lower case: IAM user guide, "IAM and AWS STS condition context keys"."""
    context = {
        "sts:rolesessionname": [str(response._get_param("RoleSessionName"))],
        "aws:principalarn": [caller],
        "aws:principalaccount": [response.current_account],
        "aws:sourceip": ["127.0.0.1"],
    }
    for key, name in (("sts:externalid", "ExternalId"), ("sts:sourceidentity", "SourceIdentity")):
        if response._get_param(name):
            context[key] = [str(response._get_param(name))]
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in response._get_param("Tags") or []}
    if tags:
        context |= {f"aws:requesttag/{key.lower()}": [value] for key, value in tags.items()}
        context["aws:tagkeys"] = list(tags)
    backend = sts_backends[response.current_account]["aws"]
    if _shows_code(response, backend) or response.access_key in _with_code(backend):
        context |= {"aws:multifactorauthpresent": ["true"], "aws:multifactorauthage": ["0"]}
    return context
