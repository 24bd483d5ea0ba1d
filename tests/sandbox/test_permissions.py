"""Policies decide as IAM says: in simulations, and in who may assume a role."""

from __future__ import annotations

import json

import pytest

from strandsweb.sandbox.policies import Asked, decide
from tests.sandbox.conftest import ROLE, client, make_function
from tests.sandbox.test_functions import invoke
from tests.sandbox.test_ipam import refused


def statement(effect="Allow", action="s3:*", resource="*", **more):
    return {"Effect": effect, "Action": action, "Resource": resource} | more


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([], "implicitDeny"),
        ([statement()], "allowed"),
        ([statement(action="S3:get*")], "allowed"),
        ([statement(action=["sqs:*", "s3:GetObjec?"])], "allowed"),
        ([statement(action="s3:PutObject")], "implicitDeny"),
        ([statement(), statement("Deny", resource="arn:aws:s3:::b/secret/*")], "explicitDeny"),
        ([statement(), statement("Deny", resource="arn:aws:s3:::other/*")], "allowed"),
        ([{"Effect": "Allow", "NotAction": "s3:Delete*", "Resource": "*"}], "allowed"),
        ([{"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}], "implicitDeny"),
        ([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::b/*"}], "implicitDeny"),
        ([statement(resource="arn:aws:s3:::b/${aws:username}/*")], "allowed"),
        ([statement(resource="arn:aws:s3:::b/${aws:unknown}/*")], "implicitDeny"),
    ],
)
def test_decisions(statements, decision):
    asked = Asked("s3:GetObject", "arn:aws:s3:::b/secret/1", {"aws:username": ["secret"]})
    assert decide(statements, asked)[0] == decision


@pytest.mark.parametrize(
    ("operator", "wanted", "holds"),
    [
        ("StringEquals", ["x", "blue"], True),
        ("StringEquals", "BLUE", False),
        ("StringEqualsIgnoreCase", "BLUE", True),
        ("StringNotEquals", "blue", False),
        ("StringNotEquals", "red", True),
        ("StringLike", "b*e", True),
        ("StringNotLike", "b*e", False),
        ("Null", "true", False),
        ("Null", "false", True),
        ("NumericLessThan", "3", False),
        ("NoSuchOperator", "blue", False),
        ("ForAllValues:StringEquals", ["blue", "red"], True),
        ("ForAnyValue:StringLike", ["g*"], False),
    ],
)
def test_conditions(operator, wanted, holds):
    one = statement(Condition={operator: {"aws:RequestTag/Colour": wanted}})
    given = {"aws:requesttag/colour": ["blue"]}
    assert (decide([one], Asked("s3:GetObject", context=given))[0] == "allowed") is holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"k": "v"}}, False),
        ({"StringEqualsIfExists": {"k": "v"}}, True),
        ({"StringNotEquals": {"k": "v"}}, True),
        ({"ForAllValues:StringEquals": {"k": "v"}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, True),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, False),
    ],
)
def test_conditions_on_what_is_not_given(condition, holds):
    asked = Asked("s3:GetObject", context={"aws:sourceip": ["127.0.0.1"]})
    assert (decide([statement(Condition=condition)], asked)[0] == "allowed") is holds


def make_role(iam, name, principal, condition=None, actions=("sts:AssumeRole",), **more):
    trust = {"Effect": "Allow", "Principal": principal, "Action": list(actions)}
    if condition:
        trust["Condition"] = condition
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **more)["Role"]["Arn"]


@pytest.mark.processes
def test_a_simulation_reads_the_principals_policies(sandbox):
    iam = client("iam", sandbox)
    arn = make_role(iam, "simulated", {"Service": "lambda.amazonaws.com"})
    queue = "arn:aws:sqs:us-east-1:123456789012:jobs"
    inline = {"Version": "2012-10-17", "Statement": [statement(action="sqs:SendMessage", resource=queue)]}
    iam.put_role_policy(RoleName="simulated", PolicyName="inline", PolicyDocument=json.dumps(inline))
    managed = {"Version": "2012-10-17", "Statement": [statement("Deny", "sqs:Purge*")]}
    policy = iam.create_policy(PolicyName="managed", PolicyDocument=json.dumps(managed))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="simulated", PolicyArn=policy)

    def simulate(**more):
        asked = {"PolicySourceArn": arn, "ActionNames": ["sqs:SendMessage", "sqs:PurgeQueue"], "ResourceArns": [queue]}
        results = iam.simulate_principal_policy(**asked | more)["EvaluationResults"]
        return {(one["EvalActionName"], one["EvalResourceName"]): one for one in results}

    results = simulate(ResourceArns=[queue, queue + "2"])
    assert {key: one["EvalDecision"] for key, one in results.items()} == {
        ("sqs:SendMessage", queue): "allowed",
        ("sqs:SendMessage", queue + "2"): "implicitDeny",
        ("sqs:PurgeQueue", queue): "explicitDeny",
        ("sqs:PurgeQueue", queue + "2"): "explicitDeny",
    }
    assert results["sqs:PurgeQueue", queue]["MatchedStatements"][0]["SourcePolicyId"] == "managed"
    boundary = json.dumps({"Statement": [statement(action="s3:*")]})
    fenced = simulate(PermissionsBoundaryPolicyInputList=[boundary])["sqs:SendMessage", queue]
    assert fenced["EvalDecision"] == "implicitDeny"
    assert fenced["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    extra = json.dumps(
        {"Statement": [statement("Deny", Condition={"StringEquals": {"aws:RequestedRegion": "x"}}, action="*")]}
    )
    entry = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": ["x"], "ContextKeyType": "string"}
    denied = simulate(PolicyInputList=[extra], ContextEntries=[entry])["sqs:SendMessage", queue]
    assert denied["EvalDecision"] == "explicitDeny"
    asked = {"ActionNames": ["sqs:SendMessage"], "PolicySourceArn": f"{arn}-gone"}
    refused("NoSuchEntity", iam.simulate_principal_policy, **asked)
    refused("InvalidInput", iam.simulate_principal_policy, **asked | {"PolicySourceArn": "arn:aws:s3:::bucket/thing"})


def as_session(sandbox, keys):
    return client(
        "sts", sandbox, aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )  # fmt: skip


@pytest.mark.processes
def test_a_trust_policy_decides_who_assumes_a_role(sandbox):
    iam, sts = client("iam", sandbox), client("sts", sandbox)
    external = make_role(
        iam, "external", {"AWS": "arn:aws:iam::123456789012:root"}, {"StringEquals": {"sts:ExternalId": "agreed"}}
    )
    asked = {"RoleArn": external, "RoleSessionName": "test"}
    refused("AccessDenied", sts.assume_role, **asked)
    refused("AccessDenied", sts.assume_role, **asked, ExternalId="guessed")
    keys = sts.assume_role(**asked, ExternalId="agreed")["Credentials"]
    tags = [{"Key": "run", "Value": "1"}]
    refused("AccessDenied", sts.assume_role, **asked, ExternalId="agreed", Tags=tags)
    refused("ValidationError", sts.assume_role, **asked, ExternalId="agreed", DurationSeconds=7200)
    tagged = make_role(
        iam,
        "tagged",
        {"AWS": external},
        {"StringEquals": {"aws:RequestTag/run": "1"}},
        ["sts:AssumeRole", "sts:TagSession"],
    )
    next_one = {"RoleArn": tagged, "RoleSessionName": "test", "Tags": tags}
    refused("AccessDenied", sts.assume_role, **next_one)
    chained = as_session(sandbox, keys)
    assert chained.assume_role(**next_one)["AssumedRoleUser"]["Arn"].endswith("assumed-role/tagged/test")
    refused("AccessDenied", chained.assume_role, **next_one | {"Tags": [{"Key": "run", "Value": "2"}]})
    careful = make_role(iam, "careful", {"AWS": "123456789012"}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    asked = {"RoleArn": careful, "RoleSessionName": "test"}
    refused("AccessDenied", sts.assume_role, **asked)
    device = "arn:aws:iam::123456789012:mfa/me"
    refused("AccessDenied", sts.assume_role, **asked, SerialNumber=device, TokenCode="abcdef")
    assert sts.assume_role(**asked, SerialNumber=device, TokenCode="123456")
    refused("AccessDenied", sts.assume_role, **asked, SerialNumber=device, TokenCode="123456")
    shown = sts.get_session_token(SerialNumber=device, TokenCode="654321")["Credentials"]
    refused("AccessDenied", sts.get_session_token, SerialNumber=device, TokenCode="654321")
    assert as_session(sandbox, shown).assume_role(**asked)
    refused("AccessDenied", as_session(sandbox, sts.get_session_token()["Credentials"]).assume_role, **asked)
    refused("AccessDenied", chained.get_session_token)


@pytest.mark.processes
def test_a_role_that_never_was_can_be_assumed_and_one_that_is_gone_cannot(sandbox):
    iam, sts = client("iam", sandbox), client("sts", sandbox)
    asked = {"RoleArn": "arn:aws:iam::123456789012:role/never-made", "RoleSessionName": "test"}
    assert sts.assume_role(**asked)
    make_role(iam, "never-made", {"AWS": "arn:aws:iam::999999999999:root"})
    refused("AccessDenied", sts.assume_role, **asked)
    iam.delete_role(RoleName="never-made")
    refused("AccessDenied", sts.assume_role, **asked)


@pytest.mark.processes
def test_lambda_runs_only_under_a_role_that_trusts_it(sandbox):
    closed = make_role(client("iam", sandbox), "closed", {"Service": "ec2.amazonaws.com"})
    make_function(sandbox, "distrusted", "def handler(e, c): return 1")
    client("lambda", sandbox).update_function_configuration(FunctionName="distrusted", Role=closed)
    refused("AccessDeniedException", client("lambda", sandbox).invoke, FunctionName="distrusted")
    client("lambda", sandbox).update_function_configuration(FunctionName="distrusted", Role=ROLE)
    assert invoke(sandbox, "distrusted", {})[1] == 1


@pytest.mark.processes
def test_quotas_have_their_default_values(sandbox):
    quotas = client("service-quotas", sandbox)
    codes = {("lambda", "L-B99A9384"): 1000, ("vpc", "L-F678F1CE"): 5, ("iam", "L-FE177D64"): 1000}
    codes |= {("s3", "L-DC2B2D3D"): 10_000, ("apigateway", "L-AA0FF27B"): 600}
    for (service, code), value in codes.items():
        quota = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
        assert quota["Value"] == value and f":123456789012:{service}/{code}" in quota["QuotaArn"]
        assert quotas.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"] == value
    pages = list(
        quotas.get_paginator("list_service_quotas").paginate(ServiceCode="vpc", PaginationConfig={"PageSize": 10})
    )
    assert len(pages) == 3 and len({one["QuotaCode"] for page in pages for one in page["Quotas"]}) > 20
    assert "lambda" in {one["ServiceCode"] for one in quotas.list_services()["Services"]}
    refused("NoSuchResourceException", quotas.get_service_quota, ServiceCode="lambda", QuotaCode="L-00000000")
    refused("NoSuchResourceException", quotas.list_service_quotas, ServiceCode="nothing")
