"""Service Quotas: AWS's default values for what deployments use; nobody here has asked for more.

The values are those of https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html (2026), those of VPC
are moto's own list.
"""

from __future__ import annotations

from typing import Any, cast

from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS

from strandsweb.sandbox.emulations.store import page
from strandsweb.sandbox.operations import OPERATIONS, Operation, Place, Refused

# Service code: name, and (code, name, value, unit, adjustable, global) of its quotas.
_SERVICES: dict[str, tuple[str, tuple[tuple[str, str, float, str, bool, bool], ...]]] = {
    "apigateway": (
        "Amazon API Gateway",
        (
            ("L-AA0FF27B", "Regional APIs", 600, "None", False, False),
            ("L-65B5C802", "Routes per HTTP API", 300, "None", True, False),
            ("L-01C8A9E0", "Resources/Routes per REST/WebSocket API", 300, "None", True, False),
            ("L-379E48B0", "Stages per API", 10, "None", True, False),
            ("L-8A5B8E43", "Throttle rate", 10_000, "None", True, False),
            ("L-CDF5615A", "Throttle burst rate", 5_000, "None", False, False),
        ),
    ),
    "dynamodb": (
        "Amazon DynamoDB",
        (
            ("L-F98FE922", "Maximum number of tables", 2_500, "None", True, False),
            ("L-1BB77E89", "Concurrent control plane operations", 500, "None", True, False),
            ("L-F7858A77", "Global Secondary Indexes per table", 20, "None", True, False),
        ),
    ),
    "ec2": (
        "Amazon Elastic Compute Cloud (Amazon EC2)",
        (("L-0263D0A3", "EC2-VPC Elastic IPs", 5, "None", True, False),),
    ),
    "ecr": (
        "Amazon Elastic Container Registry (Amazon ECR)",
        (("L-CFEB8E8D", "Registered repositories", 100_000, "None", True, False),),
    ),
    "iam": (
        "AWS Identity and Access Management (IAM)",
        (
            ("L-FE177D64", "Roles per account", 1_000, "None", True, True),
            ("L-E95E4862", "Customer managed policies per account", 1_500, "None", True, True),
            ("L-0DA4ABF3", "Managed policies per role", 10, "None", True, True),
            ("L-C07B4B0D", "Role trust policy length", 2_048, "None", True, True),
        ),
    ),
    "kms": (
        "AWS Key Management Service (AWS KMS)",
        (("L-C2F1777E", "Customer Master Keys (CMKs)", 100_000, "None", True, False),),
    ),
    "lambda": (
        "AWS Lambda",
        (
            ("L-B99A9384", "Concurrent executions", 1_000, "None", True, False),
            ("L-2ACBD22F", "Function and layer storage", 75, "Gigabytes", True, False),
            ("L-9FEE3D26", "Elastic network interfaces per VPC", 500, "None", True, False),
        ),
    ),
    "logs": (
        "Amazon CloudWatch Logs",
        (("L-D2832119", "CreateLogGroup throttle limit in transactions per second", 10, "None", True, False),),
    ),
    "s3": ("Amazon Simple Storage Service (Amazon S3)", (("L-DC2B2D3D", "Buckets", 10_000, "None", True, True),)),
    "sns": (
        "Amazon Simple Notification Service (Amazon SNS)",
        (("L-61103206", "Topics per Account", 100_000, "None", True, False),),
    ),
    "vpc": (
        "Amazon Virtual Private Cloud (Amazon VPC)",
        tuple(
            (one["QuotaCode"], one["QuotaName"], one["Value"], one["Unit"], one["Adjustable"], one["GlobalQuota"])
            for one in cast("list[dict[str, Any]]", VPC_DEFAULT_QUOTAS)
        ),
    ),
}


def _quotas(place: Place, service: str, *, default: bool) -> list[dict[str, Any]]:
    if service not in _SERVICES:
        raise Refused("NoSuchResourceException", f"The service {service} is not known.")
    name, quotas = _SERVICES[service]
    account = "" if default else place.account
    return [
        {
            "ServiceCode": service,
            "ServiceName": name,
            "QuotaArn": f"arn:aws:servicequotas:{place.region}:{account}:{service}/{code}",
            "QuotaCode": code,
            "QuotaName": title,
            "Value": float(value),
            "Unit": unit,
            "Adjustable": adjustable,
            "GlobalQuota": everywhere,
        }
        for code, title, value, unit, adjustable, everywhere in quotas
    ]


def _list(*, default: bool) -> Operation:
    def perform(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
        return page(_quotas(place, parameters["ServiceCode"], default=default), parameters, "Quotas")

    return perform


def _get(*, default: bool) -> Operation:
    def perform(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
        for quota in _quotas(place, parameters["ServiceCode"], default=default):
            if quota["QuotaCode"] == parameters["QuotaCode"]:
                return {"Quota": quota}
        raise Refused("NoSuchResourceException", f"The quota {parameters['QuotaCode']} is not known.")

    return perform


def _list_services(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    services = [{"ServiceCode": code, "ServiceName": name} for code, (name, _) in _SERVICES.items()]
    return page(services, parameters, "Services")


def install() -> None:
    OPERATIONS.update(
        {
            ("service-quotas", "ListServices"): _list_services,
            ("service-quotas", "ListServiceQuotas"): _list(default=False),
            ("service-quotas", "GetServiceQuota"): _get(default=False),
            ("service-quotas", "ListAWSDefaultServiceQuotas"): _list(default=True),
            ("service-quotas", "GetAWSDefaultServiceQuota"): _get(default=True),
        }
    )
