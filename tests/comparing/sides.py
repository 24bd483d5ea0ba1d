"""Sides made up for comparisons: an environment of the sample's kind, without any store or cloud."""

from __future__ import annotations

from typing import Any

from deployments.comparing.references import Kind, Reference
from deployments.comparing.sides import Place, Side

DEV = Place("support-desk", "dev", "123456789012", "us-east-1")
PROD = Place("support-desk", "prod", "987654321098", "eu-west-1")


def entry(type_name: str, physical_id: str, stack: str = "shared-infrastructure", **more: Any) -> dict[str, Any]:
    """A resource of a state file; `attributes`, `tags` and `agent` are its own, everything else a property."""
    own = {key: more.pop(key) for key in ("attributes", "tags", "agent") if key in more}
    base = {"type": type_name, "physicalId": physical_id, "stack": stack, "attributes": {}, "dependencies": []}
    return base | {"properties": more} | own


def side(place: Place = DEV, number: int = 1, **fields: Any) -> Side:
    """A record of a place."""
    reference = Reference(Kind.RECORD, f"{place.environment}-{number}")
    return Side(**({"reference": reference, "place": place, "sequence": number, "stands_for": reference} | fields))


def policy(*statements: tuple[Any, Any], effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """A document that allows actions on resources."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": action, "Resource": where} | more for action, where in statements],
    }


def deployed(place: Place) -> dict[str, dict[str, Any]]:
    """A bucket, a queue, a network, a role and an agent that uses them, named and numbered as in that place."""
    name = f"strands-{place.project}-{place.environment}"
    arn = f"{place.region}:{place.account}"
    bucket, role = f"{name}-uploads-{place.account}-{place.region}", f"{name}-shared"
    vpc = f"vpc-0{place.account[:8]}"
    return {
        "Uploads": entry("AWS::S3::Bucket", bucket, BucketName=bucket, attributes={"Arn": f"arn:aws:s3:::{bucket}"}),
        "Jobs": entry(
            "AWS::SQS::Queue",
            f"https://sqs.{place.region}.amazonaws.com/{place.account}/{name}-jobs",
            QueueName=f"{name}-jobs",
            attributes={"Arn": f"arn:aws:sqs:{arn}:{name}-jobs"},
            tags={"strands:environment": place.environment, "strands:version": place.account, "team": "a"},
        ),
        "Vpc": entry("AWS::EC2::VPC", vpc, CidrBlock="10.0.0.0/16"),
        "Subnet": entry("AWS::EC2::Subnet", f"subnet-0{place.account}", VpcId=vpc, AvailabilityZone=f"{place.region}a"),
        "Shared": entry(
            "AWS::IAM::Role",
            role,
            RoleName=role,
            Description=f"What the agents of {place.project} may do in {place.environment}",
            AssumeRolePolicyDocument=policy(("sts:AssumeRole", []), Principal={"Service": "lambda.amazonaws.com"}),
            Policies=[
                {
                    "PolicyName": "permissions",
                    "PolicyDocument": policy(
                        ("s3:GetObject", f"arn:aws:s3:::{bucket}/incoming/*"),
                        (["sqs:SendMessage"], f"arn:aws:sqs:{arn}:{name}-jobs"),
                    ),
                }
            ],
            attributes={"Arn": f"arn:aws:iam::{place.account}:role/{role}"},
        ),
        "Support": entry(
            "AWS::Lambda::Function",
            f"{name}-support",
            "support",
            FunctionName=f"{name}-support",
            Role=f"arn:aws:iam::{place.account}:role/{role}",
            MemorySize=512,
            Environment={"Variables": {"STAGE": place.environment, "QUEUE": f"{name}-jobs"}},
            LoggingConfig={"LogGroup": f"/aws/lambda/{name}-support"},
            agent="support",
        ),
    }
