"""What a role must say to be assumed by us and nobody else, and what it takes only to read (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import is_write

PREFLIGHT_ACTIONS = (
    "dynamodb:ListTables",
    "ec2:DescribeAddresses",
    "ec2:DescribeRegions",
    "ec2:DescribeVpcs",
    "iam:GetAccountSummary",
    "iam:SimulatePrincipalPolicy",
    "s3:ListAllMyBuckets",
    "servicequotas:GetServiceQuota",
)
"""What looking ahead takes; without one of them its check is left out, with a note."""


def principal(identity_arn: str) -> str:
    """Whom a trust policy names for an identity as STS tells it: for a role's session, the role.

    A role's path is not in its sessions' ARN; a role below a path has to be written into the policy by hand.
    """
    session = re.fullmatch(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.+", identity_arn)
    return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else identity_arn


def trust_policy(
    *, principal: str, external_id: str, project: str, environment: str, with_code: bool = False
) -> dict[str, Any]:
    """The trust policy of an environment's role: us, with the external id, for this environment only.

    `with_code`: and only after a code of an MFA device was shown.

    Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    """
    shown = {"Bool": {"aws:MultiFactorAuthPresent": "true"}} if with_code else {}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "StrandsAssume",
                "Effect": "Allow",
                "Principal": {"AWS": principal},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {
                    "StringEquals": {
                        "sts:ExternalId": external_id,
                        "aws:RequestTag/strands:project": project,
                        "aws:RequestTag/strands:environment": environment,
                    },
                    **shown,
                },
            }
        ],
    }


def with_preflight(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The policy, and what looking ahead takes."""
    statement = {
        "Sid": "StrandsPreflight",
        "Effect": "Allow",
        "Action": list(PREFLIGHT_ACTIONS),
        "Resource": ["*"],
    }
    return {**policy, "Statement": [*policy["Statement"], statement]}


def with_secret_values(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The policy, and what giving its secrets their values takes; deploying them does not."""
    statements = [
        {**statement, "Action": [*statement["Action"], "secretsmanager:PutSecretValue"]}
        if "secretsmanager:CreateSecret" in statement["Action"]
        else statement
        for statement in policy["Statement"]
    ]
    return {**policy, "Statement": statements}


def only_reading(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The policy without what changes anything: for the role that plans and looks for drift."""
    statements = []
    for statement in policy["Statement"]:
        actions = [action for action in statement["Action"] if _reads(action)]
        if actions:
            statements.append({**statement, "Action": actions})
    return {**policy, "Statement": statements}


def _reads(action: str) -> bool:
    """Whether an IAM action only looks. A generated password is nothing that exists."""
    _, _, name = action.partition(":")
    return name == "GET" or not is_write(name)
