"""A history store in an S3 bucket, written once by conditional puts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from history.store.port import AlreadyExists, Archived, NotThere, StoreUnavailable, checked

CONFLICT_ATTEMPTS = 5
DOCUMENT = ("strandsweb", "document")
"""Key and value of the tag of objects that may be moved to cheaper storage."""
RESTORED_DAYS = 7
"""How long a copy of an archived object is there once it was asked for."""


class S3Store:
    """Keeps every object in `bucket` below `prefix` (which may be empty).

    `client` is a boto3 S3 client. The bucket belongs to the people who run the installation: it is never created
    or configured here, except by `ensure_bucket` for the embedded sandbox. With `retention_days`, new objects are
    retained so long (compliance mode) where the bucket has Object Lock and no rule of its own. With `tags_documents`,
    documents get the tag that the rules of history.lifecycle go by.
    """

    def __init__(
        self, client: Any, bucket: str, prefix: str = "", retention_days: int = 0, *, tags_documents: bool = False
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._retention_days = retention_days
        self._tags_documents = tags_documents

    def put_new(self, key: str, data: bytes, *, document: bool = False) -> None:
        """See `Store.put_new`."""
        with self._talking(key):
            for attempt in range(1, CONFLICT_ATTEMPTS + 1):
                try:
                    self._client.put_object(
                        Bucket=self._bucket,
                        Key=self._prefix + checked(key),
                        Body=data,
                        IfNoneMatch="*",
                        **self._retention(),
                        **({"Tagging": "=".join(DOCUMENT)} if document and self._tags_documents else {}),
                    )
                except ClientError as error:
                    # 409: another conditional put of this key is under way, and which one wins is not decided yet.
                    if _status(error) == 409 and attempt < CONFLICT_ATTEMPTS:
                        time.sleep(0.05 * attempt)
                        continue
                    if _status(error) != 412:
                        raise
                    if self.get(key) != data:
                        raise AlreadyExists(key) from None
                return

    def put(self, key: str, data: bytes) -> None:
        """See `Store.put`."""
        with self._talking(key):
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + checked(key), Body=data)

    def get(self, key: str) -> bytes:
        """See `Store.get`."""
        with self._talking(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + checked(key))
            data: bytes = answer["Body"].read()
            return data

    def delete(self, key: str) -> None:
        """See `Store.delete`; a bucket with versions keeps the old one, until its lifecycle ends that too."""
        with self._talking(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + checked(key))

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """See `Store.keys`."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix, **({"StartAfter": self._prefix + after} if after else {})
        )
        with self._talking(prefix):
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield entry["Key"][len(self._prefix) :]

    def check(self) -> None:
        """See `Store.check`: asks for the bucket."""
        with self._talking(""):
            self._client.head_bucket(Bucket=self._bucket)

    def ensure_bucket(self) -> None:
        """Makes the bucket if it is missing. Only for the sandbox; a real bucket comes with rules of its own."""
        with self._talking(""):
            try:
                self._client.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if _status(error) != 404:
                    raise
                region = self._client.meta.region_name
                place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
                self._client.create_bucket(Bucket=self._bucket, **place)

    @property
    def prefix(self) -> str:
        """What all keys in the bucket begin with: empty, or with a slash at its end."""
        return self._prefix

    def rules(self) -> list[dict[str, Any]]:
        """The bucket's lifecycle rules, whoever made them."""
        with self._talking(""):
            try:
                found: list[dict[str, Any]] = self._client.get_bucket_lifecycle_configuration(Bucket=self._bucket)[
                    "Rules"
                ]
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
                    raise
                return []
            return found

    def set_rules(self, rules: list[dict[str, Any]]) -> None:
        """Makes these the bucket's lifecycle rules, all of them."""
        with self._talking(""):
            if rules:
                self._client.put_bucket_lifecycle_configuration(
                    Bucket=self._bucket, LifecycleConfiguration={"Rules": rules}
                )
            else:
                self._client.delete_bucket_lifecycle(Bucket=self._bucket)

    def tag_document(self, key: str) -> None:
        """Gives an object that is there the tag of documents."""
        tags = {"TagSet": [{"Key": DOCUMENT[0], "Value": DOCUMENT[1]}]}
        with self._talking(key):
            self._client.put_object_tagging(Bucket=self._bucket, Key=self._prefix + checked(key), Tagging=tags)

    def restore(self, key: str) -> bool:
        """Asks for an archived object, for some days; answers whether it was asked for: others are there already."""
        asked = {"Days": RESTORED_DAYS, "GlacierJobParameters": {"Tier": "Standard"}}
        with self._talking(key):
            try:
                self._client.restore_object(Bucket=self._bucket, Key=self._prefix + checked(key), RestoreRequest=asked)
            except ClientError as error:
                if error.response["Error"]["Code"] in ("InvalidObjectState", "RestoreAlreadyInProgress"):
                    return False
                raise
        return True

    def _retention(self) -> dict[str, Any]:
        """What is said of retention when an object is written; a rule of the bucket speaks for itself."""
        if not (self._retention_days and self._locks):
            return {}
        until = datetime.now(UTC) + timedelta(days=self._retention_days)
        return {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}

    @cached_property
    def _locks(self) -> bool:
        """Whether the bucket has Object Lock without a rule of its own; not where we may not ask."""
        try:
            found = self._client.get_object_lock_configuration(Bucket=self._bucket)["ObjectLockConfiguration"]
        except ClientError as error:
            if _status(error) in (403, 404):
                return False
            raise
        return found.get("ObjectLockEnabled") == "Enabled" and "Rule" not in found

    @contextmanager
    def _talking(self, key: str) -> Iterator[None]:
        """Turns what boto3 raises into what the port promises."""
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                raise NotThere(key) from None
            if error.response["Error"]["Code"] == "InvalidObjectState":
                raise Archived(key) from None
            raise StoreUnavailable(f"the history bucket {self._bucket} answered: {error}") from error
        except BotoCoreError as error:
            raise StoreUnavailable(f"the history bucket {self._bucket} cannot be reached: {error}") from error


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
