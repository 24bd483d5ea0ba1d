"""The code zip of a function: where its key says it is, uploaded when missing, compared by digest."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from deployments.aws.calls import Aws
from deployments.aws.provisioner import Artifacts
from deployments.engine.errors import Category, CloudError

_KEY = re.compile(r"(?:^|/)([0-9a-f]{64})\.zip$")


def digest_in(code: Mapping[str, Any]) -> str | None:
    """The SHA-256 (hex) a `Code` property's key ends in (`{agent}/{sha256}.zip`), or None for any other key."""
    found = _KEY.search(str(code.get("S3Key", "")))
    return found.group(1) if found else None


def upload(aws: Aws, artifacts: Artifacts, code: Mapping[str, Any]) -> None:
    """Puts the zip under its key unless it is there already; a key without a digest is somebody else's to fill.

    Raises:
        CloudError: the zip is neither in the bucket nor among the artifacts (INVALID), or the upload failed.
    """
    digest = digest_in(code)
    if digest is None:
        return
    where = {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}
    try:
        body = artifacts(digest)
    except LookupError:
        if aws.look("s3", "head_object", ("404", "NoSuchKey"), **where) is None:
            raise CloudError(
                f"The code {code['S3Key']} is neither in the bucket nor kept here.",
                service="s3",
                operation="PutObject",
                code="NoArtifact",
                category=Category.INVALID,
                advice="Upload the source bundle again and make a new plan.",
            ) from None
        return
    # Written once: with the condition, S3 refuses before the body is sent when the key is there.
    aws.attempt("s3", "put_object", ("PreconditionFailed",), Body=body, IfNoneMatch="*", **where)


def live_code(recorded: Mapping[str, Any], sha256_base64: str) -> dict[str, Any]:
    """`Code` as it is live: as recorded when the digests are equal, otherwise a key that tells of the change."""
    digest = digest_in(recorded)
    live = base64.b64decode(sha256_base64).hex()
    if digest is None or digest == live:
        return dict(recorded)
    return {**recorded, "S3Key": f"(changed outside) sha256:{live}"}
