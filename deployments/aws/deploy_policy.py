"""The least-privilege IAM policy a deploy role needs, derived from what the provisioners declare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deployments.aws import tag_batches
from deployments.aws.naming import PREFIX
from deployments.engine.kinds import Kinds

# Services whose resources carry the environment's names in their ARNs: service -> resource part of the ARN.
_NAMED: dict[str, tuple[str, ...]] = {
    "cloudwatch": ("alarm:{start}*", "dashboard/{start}*"),
    "dynamodb": ("table/{start}*",),
    "ec2": ("*",),  # EC2 makes its ids up
    "events": ("event-bus/{start}*", "rule/{start}*", "rule/{start}*/*"),
    "iam": ("policy/{start}*", "role/{start}*"),
    "logs": ("log-group:/aws/lambda/{start}*", "log-group:/{path}/*"),
    "secretsmanager": ("secret:{path}/*",),
    "sns": ("{start}*",),
    "sqs": ("{start}*",),
    "xray": ("group/{short}*",),
}
# Actions AWS does not let be narrowed to a resource.
_UNSCOPED = frozenset(
    {
        "cloudwatch:DescribeAlarms",
        "ec2:DescribeAddresses",
        "ec2:DescribeFlowLogs",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNatGateways",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcAttribute",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
        "lambda:CreateEventSourceMapping",
        "lambda:DeleteEventSourceMapping",
        "lambda:GetEventSourceMapping",
        "lambda:GetLayerVersion",
        "lambda:ListEventSourceMappings",
        "lambda:UpdateEventSourceMapping",
        "lambda:ListLayerVersions",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "secretsmanager:GetRandomPassword",
        "tag:GetResources",
        *tag_batches.PERMISSIONS,
    }
)

_ROLES_ARE_FOR = ("apigateway.amazonaws.com", "lambda.amazonaws.com", "vpc-flow-logs.amazonaws.com")


def deploy_policy(
    kinds: Kinds,
    *,
    project: str,
    environment: str,
    account: str,
    region: str,
    partition: str = "aws",
    types: Iterable[str] | None = None,
) -> dict[str, Any]:
    """A policy document that allows what deploying the given types (all by default) into one environment takes.

    One statement per service; resources are the names `naming.Names` makes, `*` only where IAM knows nothing else.
    `iam:PassRole` is narrowed to the services our roles are for.
    """
    chosen = sorted(types if types is not None else kinds)
    actions = sorted({action for type_name in chosen for action in kinds[type_name].permissions})
    if any(action.endswith((":TagResource", ":TagQueue")) for action in actions):
        actions = sorted({*actions, *tag_batches.PERMISSIONS})
    services = sorted({action.partition(":")[0] for action in actions})
    path = f"{PREFIX}/{project}/{environment}"

    def arn(service: str, resource: str) -> str:
        where = {"iam": f":{account}", "s3": ":", "apigateway": f"{region}:"}.get(service, f"{region}:{account}")
        if resource.startswith("dashboard/"):  # dashboards are in no region
            where = f":{account}"
        # A name that is too long is cut and ends in a digest (`naming.fit`): only so much of its start is certain.
        kept = 63 - len(f"-{account}-{region}") - 9 if service == "s3" else 64 - 9
        start = f"{PREFIX}-{project}-{environment}-"[:kept]
        return f"arn:{partition}:{service}:{where}:{resource.format(start=start, short=start[:23], path=path)}"

    statements: list[dict[str, Any]] = []
    for service in services:
        of_service = [action for action in actions if action.startswith(f"{service}:")]
        scoped = [action for action in of_service if action not in _UNSCOPED and action != "iam:PassRole"]
        if scoped:
            # What goes through Cloud Control may be of any service, whose ARNs are not known here.
            resources = [arn(service, resource) for resource in _resources(service)] or ["*"]
            statements.append(_statement(service, scoped, resources))
    if unscoped := [action for action in actions if action in _UNSCOPED]:
        statements.append(_statement("unscoped", unscoped, ["*"]))
    if "iam:PassRole" in actions:
        passing = _statement("pass role", ["iam:PassRole"], [arn("iam", "role/{start}*")])
        statements.append({**passing, "Condition": {"StringEquals": {"iam:PassedToService": list(_ROLES_ARE_FOR)}}})
    return {"Version": "2012-10-17", "Statement": statements}


def _resources(service: str) -> tuple[str, ...]:
    match service:
        case "s3":
            return ("{start}*", "{start}*/*")
        case "lambda":
            return ("function:{start}*", "layer:{start}*")
        case "apigateway":
            return ("/account", "/apis", "/apis/*", "/restapis", "/restapis/*", "/tags/*")
        case _:
            return _NAMED.get(service, ())


def _statement(name: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {
        "Sid": "Strands" + name.title().replace(" ", ""),
        "Effect": "Allow",
        "Action": actions,
        "Resource": resources,
    }
