"""Trust policies, and the reading half of a deploy policy."""

from __future__ import annotations

import pytest

from deployments.aws.deploy_policy import deploy_policy
from deployments.aws.registry import KINDS
from deployments.aws.trust import only_reading, principal, trust_policy, with_preflight


@pytest.mark.parametrize(
    ("identity", "named"),
    [
        ("arn:aws:iam::123456789012:user/ci", "arn:aws:iam::123456789012:user/ci"),
        ("arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root"),
        ("arn:aws:sts::123456789012:assumed-role/web/i-0abc", "arn:aws:iam::123456789012:role/web"),
        ("arn:aws-cn:sts::123456789012:assumed-role/web/a/b", "arn:aws-cn:iam::123456789012:role/web"),
    ],
)
def test_a_session_is_named_by_its_role(identity: str, named: str) -> None:
    assert principal(identity) == named


def test_a_trust_policy_asks_for_the_external_id_and_the_environment() -> None:
    [statement] = trust_policy(principal="p", external_id="x", project="desk", environment="prod")["Statement"]
    assert statement["Principal"] == {"AWS": "p"}
    assert statement["Condition"]["StringEquals"] == {
        "sts:ExternalId": "x",
        "aws:RequestTag/strands:project": "desk",
        "aws:RequestTag/strands:environment": "prod",
    }


def test_the_reading_role_may_change_nothing() -> None:
    whole = with_preflight(
        deploy_policy(KINDS, project="desk", environment="dev", account="123456789012", region="us-east-1")
    )
    reading = only_reading(whole)
    actions = {action for statement in reading["Statement"] for action in statement["Action"]}
    assert {"lambda:GetFunction", "apigateway:GET", "iam:SimulatePrincipalPolicy"} <= actions
    changing = ("Create", "Delete", "Update", "Put", "Set", "Tag", "Untag", "Pass", "POST", "PATCH")
    assert not [action for action in actions if action.partition(":")[2].startswith(changing)]
