"""AWS::S3::Bucket: a bucket and its configurations, each of which is a call of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Answer, Refusal
from deployments.aws.provisioner import AwsProvisioner
from deployments.aws.s3_configurations import DEFAULTS, PARTS, Part, normalise
from deployments.engine.errors import Category, CloudError
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_GONE = ("NoSuchBucket", "404")
_BATCH = 1000  # keys per DeleteObjects


class S3Bucket(AwsProvisioner):
    """Physical id: the bucket's name."""

    service = "s3"
    supported = frozenset({"BucketName", *(part.name for part in PARTS)})
    # In us-east-1 creating a bucket one has already is answered with success.
    looks_first = True
    kind = Kind(
        type="AWS::S3::Bucket",
        label="S3 bucket",
        immutable=frozenset({"BucketName"}),
        stateful=True,
        holds="the objects",
        name_property="BucketName",
        defaults=DEFAULTS,
        normalise=normalise,
        permissions=(
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:GetBucketCORS",
            "s3:GetBucketNotification",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:ListBucket",
            "s3:ListBucketVersions",
            "s3:PutBucketCORS",
            "s3:PutBucketNotification",
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
        parts = [part for part in PARTS if part.name in properties or not properties]
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
            *(partial(self._put, part, name, target) for part in PARTS if part.name in target.properties),
        )
        return Made(name, self._attributes(name))

    def update(self, target: Target, live: Live) -> Made:
        name, changed = live.physical_id, self.changed(target, live)
        # What was not read is not ours to change either.
        touched = changed & (target.properties.keys() | live.properties.keys())
        calls: list[Callable[[], Any]] = [
            partial(self._put, part, name, target) for part in PARTS if part.name in touched
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

    def _get(self, part: Part, name: str) -> Mapping[str, Any] | None:
        answer = self.aws.attempt("s3", part.get, (part.absent, *_GONE), Bucket=name)
        return part.missing if isinstance(answer, Refusal) else part.from_api(answer)

    def _put(self, part: Part, name: str, target: Target) -> Answer:
        value = target.properties.get(part.name, DEFAULTS.get(part.name))
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
