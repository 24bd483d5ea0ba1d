"""Where records live: one write-once port, and S3, the file system and memory behind it."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from history.store.files import FileStore
from history.store.memory import InMemoryStore
from history.store.port import AlreadyExists, Archived, NotThere, Store, StoreError, StoreUnavailable, folders
from history.store.s3 import S3Store

__all__ = [
    "WRITERS",
    "AlreadyExists",
    "Archived",
    "FileStore",
    "InMemoryStore",
    "NotThere",
    "S3Store",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "bucket",
    "folders",
    "store",
]

WRITERS = 64
"""How many objects are written at once; a record has one per resource, and S3 answers in tens of milliseconds."""


def store() -> Store:
    """The store the settings name.

    `HISTORY_STORE` is `s3` (in `HISTORY_BUCKET` below the optional `HISTORY_PREFIX`, at `AWS_ENDPOINT_URL` if set),
    `file` (in `DATA_DIR/history`) or `memory` (one for the process; for tests).

    Raises:
        ImproperlyConfigured: another word.
        StoreUnavailable: it is in the sandbox, and that does not answer.
    """
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    match settings.HISTORY_STORE:
        case "file":
            return FileStore(Path(settings.DATA_DIR) / "history")
        case "s3":
            return bucket(
                settings.HISTORY_BUCKET,
                getattr(settings, "HISTORY_PREFIX", ""),
                tags_documents=bool(settings.HISTORY_LIFECYCLE),
            )
        case "memory":
            return _memory()
        case other:
            raise ImproperlyConfigured(f"HISTORY_STORE must be 's3', 'file' or 'memory', not {other!r}")


def bucket(name: str, prefix: str = "", *, retention_days: int = 0, tags_documents: bool = False) -> S3Store:
    """A bucket by name, reached as the settings say; objects are retained where it has Object Lock, or tagged.

    Raises:
        StoreUnavailable: it is in the sandbox, and that does not answer.
    """
    from django.conf import settings

    endpoint = settings.AWS_ENDPOINT_URL or None
    if settings.EMBEDDED and endpoint is None:
        raise StoreUnavailable("the AWS sandbox that keeps the history does not run; `make run` starts it")
    return _bucket(name, prefix, endpoint, settings.EMBEDDED, retention_days, tags_documents)


@cache
def _memory() -> InMemoryStore:
    return InMemoryStore()


@lru_cache(maxsize=8)
def _bucket(
    bucket: str, prefix: str, endpoint: str | None, sandbox: bool, retention_days: int, tags_documents: bool
) -> S3Store:
    """One client per bucket and process: boto3 clients are slow to make and safe to share between threads.

    In the sandbox any keys will do, and the bucket is made when it is missing; everywhere else keys and region come
    from boto3's own chain, and a missing bucket is for its owners to make.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        max_pool_connections=WRITERS,
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "max_attempts": 5},
        s3={"addressing_style": "path"} if endpoint else {},
    )
    keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox", "region_name": "us-east-1"}
    client: Any = boto3.session.Session(**(keys if sandbox else {})).client("s3", endpoint_url=endpoint, config=config)
    in_bucket = S3Store(client, bucket, prefix, retention_days, tags_documents=tags_documents)
    if sandbox:
        in_bucket.ensure_bucket()
    return in_bucket
