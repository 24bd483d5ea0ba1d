"""AWS::S3::Bucket: a bucket and its configurations, each of which is a call of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from deployments.aws import s3_lifecycle, tags
from deployments.aws.calls import Answer, Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.errors import Category, CloudError
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_GONE = ("NoSuchBucket", "404")
_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_BATCH = 1000  # keys per DeleteObjects


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
class _Part:
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


_PARTS = (
    _Part(
        "PublicAccessBlockConfiguration",
        "get_public_access_block",
        "put_public_access_block",
        "PublicAccessBlockConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        dict,
        lambda answer: dict(answer["PublicAccessBlockConfiguration"]),
        missing=dict.fromkeys(_BLOCKS, False),
    ),
    _Part(
        "BucketEncryption",
        "get_bucket_encryption",
        "put_bucket_encryption",
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
        _encryption_to_api,
        _encryption_from_api,
        missing={"ServerSideEncryptionConfiguration": []},
    ),
    _Part(
        "VersioningConfiguration",
        "get_bucket_versioning",
        "put_bucket_versioning",
        "VersioningConfiguration",
        "",
        dict,
        lambda answer: {"Status": answer.get("Status", "Suspended")},
    ),
    _Part(
        "OwnershipControls",
        "get_bucket_ownership_controls",
        "put_bucket_ownership_controls",
        "OwnershipControls",
        "OwnershipControlsNotFoundError",
        dict,
        lambda answer: dict(answer["OwnershipControls"]),
        missing={"Rules": []},
    ),
    _Part(
        "LifecycleConfiguration",
        "get_bucket_lifecycle_configuration",
        "put_bucket_lifecycle_configuration",
        "LifecycleConfiguration",
        "NoSuchLifecycleConfiguration",
        s3_lifecycle.lifecycle_to_api,
        s3_lifecycle.lifecycle_from_api,
        remove="delete_bucket_lifecycle",
    ),
    _Part(
        "CorsConfiguration",
        "get_bucket_cors",
        "put_bucket_cors",
        "CORSConfiguration",
        "NoSuchCORSConfiguration",
        s3_lifecycle.cors_to_api,
        s3_lifecycle.cors_from_api,
        remove="delete_bucket_cors",
    ),
)
# What S3 gives every new bucket.
_DEFAULTS: Mapping[str, Any] = {
    "PublicAccessBlockConfiguration": dict.fromkeys(_BLOCKS, True),
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
        ]
    },
    "VersioningConfiguration": {"Status": "Suspended"},
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
}


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
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


class S3Bucket(AwsProvisioner):
    """Physical id: the bucket's name."""

    service = "s3"
    supported = frozenset({"BucketName", *(part.name for part in _PARTS)})
    # In us-east-1 creating a bucket one has already is answered with success.
    looks_first = True
    kind = Kind(
        type="AWS::S3::Bucket",
        label="S3 bucket",
        immutable=frozenset({"BucketName"}),
        stateful=True,
        name_property="BucketName",
        defaults=_DEFAULTS,
        normalise=_normalise,
        permissions=(
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:GetBucketCORS",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:ListBucket",
            "s3:ListBucketVersions",
            "s3:PutBucketCORS",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
        ),
    )

    def locate(self, target: Target) -> str | None:
        name = str(target.properties["BucketName"])
        # A bucket of another account answers 403: then nothing more can be read, and it is not ours.
        answer = self.aws.attempt("s3", "head_bucket", (*_GONE, "403"), Bucket=name)
        if isinstance(answer, Refusal) and answer.code == "403":
            raise self._conflict(
                target, f"The bucket name {name} belongs to another account.", "Rename the bucket in the configuration."
            )
        return None if isinstance(answer, Refusal) else name

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        # Every configuration is a call: only those that somebody manages are asked for.
        parts = [part for part in _PARTS if part.name in properties or not properties]
        tagging, *found = self.aws.together(
            lambda: self.aws.attempt("s3", "get_bucket_tagging", ("NoSuchTagSet", *_GONE), Bucket=physical_id),
            *(partial(self._get, part, physical_id) for part in parts),
        )
        if isinstance(tagging, Refusal) and tagging.code in _GONE:
            return None
        live = {part.name: value for part, value in zip(parts, found, strict=True) if value is not None}
        tag_set = {} if isinstance(tagging, Refusal) else tags.from_list(tagging["TagSet"])
        return Live(physical_id, {"BucketName": physical_id, **live}, self._attributes(physical_id), tag_set)

    def make(self, target: Target) -> Made | Refusal:
        name = target.properties["BucketName"]
        parameters: dict[str, Any] = {"Bucket": name}
        # us-east-1 is the one region that must not be named.
        if self.aws.region != "us-east-1":
            parameters["CreateBucketConfiguration"] = {"LocationConstraint": self.aws.region}
        answer = self.aws.attempt("s3", "create_bucket", ("BucketAlreadyOwnedByYou",), **parameters)
        if isinstance(answer, Refusal):
            return answer
        self.aws.together(
            partial(self._put_tags, name, target.tags),
            *(partial(self._put, part, name, target) for part in _PARTS if part.name in target.properties),
        )
        return Made(name, self._attributes(name))

    def update(self, target: Target, live: Live) -> Made:
        name, changed = live.physical_id, self.changed(target, live)
        # What was not read is not ours to change either.
        touched = changed & (target.properties.keys() | live.properties.keys())
        calls: list[Callable[[], Any]] = [
            partial(self._put, part, name, target) for part in _PARTS if part.name in touched
        ]
        if dict(live.tags) != dict(target.tags):
            calls.append(partial(self._put_tags, name, target.tags))
        self.aws.together(*calls)
        return Made(name, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        name = recorded.physical_id
        for _ in range(3):
            answer = self.aws.attempt("s3", "delete_bucket", ("BucketNotEmpty", *_GONE), Bucket=name)
            if not isinstance(answer, Refusal) or answer.code != "BucketNotEmpty":
                return
            self._empty(name)
        # Somebody keeps writing into it: say so in AWS's own words.
        self.aws.look("s3", "delete_bucket", _GONE, Bucket=name)

    def owns(self, target: Target, live: Live) -> bool:
        """A bucket without any tag and object is what an attempt cut off before its tags leaves behind."""
        if live.tags:
            return super().owns(target, live)
        return not self.aws.call("s3", "list_object_versions", Bucket=live.physical_id, MaxKeys=1).get("Versions")

    def _attributes(self, name: str) -> dict[str, Any]:
        suffix = "amazonaws.com.cn" if self.aws.partition == "aws-cn" else "amazonaws.com"
        return {
            "Arn": f"arn:{self.aws.partition}:s3:::{name}",
            "DomainName": f"{name}.s3.{suffix}",
            "RegionalDomainName": f"{name}.s3.{self.aws.region}.{suffix}",
        }

    def _get(self, part: _Part, name: str) -> Mapping[str, Any] | None:
        answer = self.aws.attempt("s3", part.get, (part.absent, *_GONE), Bucket=name)
        return part.missing if isinstance(answer, Refusal) else part.from_api(answer)

    def _put(self, part: _Part, name: str, target: Target) -> Answer:
        value = target.properties.get(part.name, _DEFAULTS.get(part.name))
        if value is None:
            assert part.remove is not None, part
            return self.aws.call("s3", part.remove, Bucket=name)
        parameters: dict[str, Any] = {"Bucket": name, part.argument: part.to_api(value)}
        return self.aws.call("s3", part.put, **parameters)

    def _put_tags(self, name: str, wanted: Mapping[str, str]) -> Answer:
        # S3 has no call for single tags of a bucket: the set is replaced.
        return self.aws.call("s3", "put_bucket_tagging", Bucket=name, Tagging={"TagSet": tags.to_list(wanted)})

    def _empty(self, name: str) -> None:
        """Deletes every version of every object; the plan has shown the loss and people approved it."""
        while page := self.aws.look("s3", "list_object_versions", _GONE, Bucket=name, MaxKeys=_BATCH):
            keys = [
                {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
            if not keys:
                return
            self.aws.log("info", f"Deleting {len(keys)} object versions of bucket {name}.")
            answer = self.aws.call("s3", "delete_objects", Bucket=name, Delete={"Objects": keys, "Quiet": True})
            if errors := answer.get("Errors"):
                raise CloudError(
                    f"{len(errors)} objects of bucket {name} could not be deleted, first {errors[0].get('Key')}.",
                    service="s3",
                    operation="DeleteObjects",
                    code=errors[0].get("Code", "Unknown"),
                    category=Category.CONFLICT,
                    advice="A retention lock or a bucket policy may hold them.",
                )
