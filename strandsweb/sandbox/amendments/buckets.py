"""S3: a new bucket encrypts and is closed to the public, as every bucket made since April 2023 is."""

from __future__ import annotations

from typing import Any

from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend


def install() -> None:
    create, delete_encryption = FakeBucket.__init__, S3Backend.delete_bucket_encryption

    def init(self: FakeBucket, *args: Any, **kwargs: Any) -> None:
        create(self, *args, **kwargs)
        self.encryption = _own_keys()
        self.public_access_block = PublicAccessBlock("true", "true", "true", "true")

    def delete_bucket_encryption(self: S3Backend, bucket_name: str) -> None:
        delete_encryption(self, bucket_name)
        self.get_bucket(bucket_name).encryption = _own_keys()

    FakeBucket.__init__ = init  # type: ignore[method-assign]
    S3Backend.delete_bucket_encryption = delete_bucket_encryption  # type: ignore[method-assign]


def _own_keys() -> dict[str, Any]:
    """Encryption with S3's own keys, in the form moto keeps it in."""
    return {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}
