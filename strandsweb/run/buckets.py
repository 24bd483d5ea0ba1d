"""Make the buckets named by HISTORY_BUCKET and SOURCES_BUCKET in the sandbox of the production shape."""

from __future__ import annotations

import os

import boto3


def main() -> None:
    """Make both; in us-east-1 making one's own bucket again changes nothing."""
    s3 = boto3.client("s3", region_name="us-east-1")
    for variable in ("HISTORY_BUCKET", "SOURCES_BUCKET"):
        s3.create_bucket(Bucket=os.environ[variable])


if __name__ == "__main__":
    main()
