"""AWS::S3::BucketPolicy: who may do what with a bucket, whatever their own policies say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployments.aws.resource_policy import DOCUMENT, ResourcePolicy, documents_parsed
from deployments.engine.kinds import Kind
from deployments.engine.ports import Target

_ABSENT = ("NoSuchBucketPolicy", "NoSuchBucket")


class S3BucketPolicy(ResourcePolicy):
    """Physical id: the bucket's name."""

    service = "s3"
    supported = frozenset({"Bucket", DOCUMENT})
    kind = Kind(
        type="AWS::S3::BucketPolicy",
        label="bucket policy",
        immutable=frozenset({"Bucket"}),
        policies=frozenset({DOCUMENT}),
        side_by_side=lambda before, after: True,  # as they are on different things
        normalise=documents_parsed,
        permissions=("s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"),
    )

    def locate(self, target: Target) -> str:
        return str(target.properties["Bucket"])

    def holder(self, physical_id: str) -> Mapping[str, Any]:
        return {"Bucket": physical_id}

    def written(self, physical_id: str) -> Any:
        answer = self.aws.look("s3", "get_bucket_policy", _ABSENT, Bucket=physical_id)
        return answer and json.loads(answer["Policy"])

    def write(self, physical_id: str, document: str) -> None:
        self.aws.call("s3", "put_bucket_policy", Bucket=physical_id, Policy=document)

    def remove(self, physical_id: str) -> None:
        self.aws.look("s3", "delete_bucket_policy", _ABSENT, Bucket=physical_id)
