"""The configurations of an S3 bucket: each with its calls, in CloudFormation's shape and in the API's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.aws import s3_rules
from deployments.aws.provisioner import picked

_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def _encryption_to_api(value: Mapping[str, Any]) -> dict[str, Any]:
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        api = {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
        rules.append({**api, **picked(rule, "BucketKeyEnabled")})
    return {"Rules": rules}


def _encryption_from_api(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ServerSideEncryptionConfiguration": [
            {
                "ServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"],
                "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
            }
            for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]
        ]
    }


@dataclass(frozen=True, slots=True)
class Part:
    """One configuration of a bucket: its property, its calls, and the ways between the two shapes.

    `absent` is the error code for "not configured", `missing` what that means; `remove` None: going back means
    putting the default.
    """

    name: str
    get: str
    put: str
    argument: str
    absent: str
    to_api: Callable[[Mapping[str, Any]], dict[str, Any]]
    from_api: Callable[[Mapping[str, Any]], dict[str, Any]]
    missing: Mapping[str, Any] | None = None
    remove: str | None = None


PARTS = (
    Part(
        "PublicAccessBlockConfiguration",
        "get_public_access_block",
        "put_public_access_block",
        "PublicAccessBlockConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        dict,
        lambda answer: dict(answer["PublicAccessBlockConfiguration"]),
        missing=dict.fromkeys(_BLOCKS, False),
    ),
    Part(
        "BucketEncryption",
        "get_bucket_encryption",
        "put_bucket_encryption",
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
        _encryption_to_api,
        _encryption_from_api,
        missing={"ServerSideEncryptionConfiguration": []},
    ),
    Part(
        "VersioningConfiguration",
        "get_bucket_versioning",
        "put_bucket_versioning",
        "VersioningConfiguration",
        "",
        dict,
        lambda answer: {"Status": answer.get("Status", "Suspended")},
    ),
    Part(
        "OwnershipControls",
        "get_bucket_ownership_controls",
        "put_bucket_ownership_controls",
        "OwnershipControls",
        "OwnershipControlsNotFoundError",
        dict,
        lambda answer: dict(answer["OwnershipControls"]),
        missing={"Rules": []},
    ),
    Part(
        "LifecycleConfiguration",
        "get_bucket_lifecycle_configuration",
        "put_bucket_lifecycle_configuration",
        "LifecycleConfiguration",
        "NoSuchLifecycleConfiguration",
        s3_rules.lifecycle_to_api,
        s3_rules.lifecycle_from_api,
        remove="delete_bucket_lifecycle",
    ),
    Part(
        "CorsConfiguration",
        "get_bucket_cors",
        "put_bucket_cors",
        "CORSConfiguration",
        "NoSuchCORSConfiguration",
        s3_rules.cors_to_api,
        s3_rules.cors_from_api,
        remove="delete_bucket_cors",
    ),
    Part(
        "NotificationConfiguration",
        "get_bucket_notification_configuration",
        "put_bucket_notification_configuration",
        "NotificationConfiguration",
        "",
        s3_rules.notifications_to_api,
        s3_rules.notifications_from_api,
    ),
)
# What S3 gives every new bucket.
DEFAULTS: Mapping[str, Any] = {
    "PublicAccessBlockConfiguration": dict.fromkeys(_BLOCKS, True),
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
        ]
    },
    "VersioningConfiguration": {"Status": "Suspended"},
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    "NotificationConfiguration": {"LambdaConfigurations": []},
}


def normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Says what S3 reports where rules and blocks leave it out."""
    normal = dict(properties)
    if "PublicAccessBlockConfiguration" in normal:
        normal["PublicAccessBlockConfiguration"] = {
            **dict.fromkeys(_BLOCKS, False),
            **normal["PublicAccessBlockConfiguration"],
        }
    if "BucketEncryption" in normal:
        rules = normal["BucketEncryption"].get("ServerSideEncryptionConfiguration", [])
        normal["BucketEncryption"] = {
            "ServerSideEncryptionConfiguration": [{"BucketKeyEnabled": False, **rule} for rule in rules]
        }
    if "LifecycleConfiguration" in normal:
        rules = normal["LifecycleConfiguration"].get("Rules", [])
        normal["LifecycleConfiguration"] = {
            "Rules": [{name: value for name, value in rule.items() if value not in ("", [])} for rule in rules]
        }
    return normal
