"""How much of what an account may have is used, for the kinds whose quotas people run into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from deployments.aws.calls import Aws


@dataclass(frozen=True, slots=True)
class Usage:
    """`used` of `allowed` exist already."""

    used: int
    allowed: int


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit of an account: what people call it, and how to ask."""

    label: str
    look: Callable[[Aws], Usage]


def _allowed(aws: Aws, service: str, code: str) -> int:
    answer = aws.call("service-quotas", "get_service_quota", ServiceCode=service, QuotaCode=code)
    return int(answer["Quota"]["Value"])


def _roles(aws: Aws) -> Usage:
    summary = aws.call("iam", "get_account_summary")["SummaryMap"]  # quotas of IAM are kept in one region only
    return Usage(summary["Roles"], summary["RolesQuota"])


def _buckets(aws: Aws) -> Usage:
    return Usage(len(aws.call("s3", "list_buckets")["Buckets"]), _allowed(aws, "s3", "L-DC2B2D3D"))


def _tables(aws: Aws) -> Usage:
    names = aws.pages(
        "dynamodb", "list_tables", "TableNames", token=("ExclusiveStartTableName", "LastEvaluatedTableName")
    )
    return Usage(len(names or ()), _allowed(aws, "dynamodb", "L-F98FE922"))


def _vpcs(aws: Aws) -> Usage:
    return Usage(len(aws.pages("ec2", "describe_vpcs", "Vpcs") or ()), _allowed(aws, "vpc", "L-F678F1CE"))


def _addresses(aws: Aws) -> Usage:
    return Usage(len(aws.call("ec2", "describe_addresses")["Addresses"]), _allowed(aws, "ec2", "L-0263D0A3"))


QUOTAS: Mapping[str, Quota] = {
    "AWS::DynamoDB::Table": Quota("DynamoDB tables in the region", _tables),
    "AWS::EC2::EIP": Quota("elastic IP addresses in the region", _addresses),
    "AWS::EC2::VPC": Quota("VPCs in the region", _vpcs),
    "AWS::IAM::Role": Quota("IAM roles in the account", _roles),
    "AWS::S3::Bucket": Quota("S3 buckets in the account", _buckets),
}
"""By CloudFormation type."""
