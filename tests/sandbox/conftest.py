"""A sandbox process that most tests share, clients for it, and small deployment packages."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from strandsweb.sandbox.starter import Sandbox, start

ROLE = "arn:aws:iam::123456789012:role/functions"


@dataclass(frozen=True)
class Http:
    """An HTTP answer as the tests look at it."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def http(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Http:
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return Http(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as answer:
        with answer:
            return Http(answer.code, answer.headers, answer.read())


def client(service: str, sandbox: Sandbox, *, region: str = "us-east-1", **more: Any) -> Any:
    config = Config(retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=120)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"} | more
    return boto3.client(service, region_name=region, endpoint_url=sandbox.url, config=config, **keys)


def package(**files: str) -> bytes:
    """A zip of files; in names `__` stands for `/`, and `.py` is added."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, source in files.items():
            archive.writestr(name.replace("__", "/") + ".py", source)
    return data.getvalue()


def make_function(sandbox: Sandbox, name: str, source: str, **more: Any) -> str:
    """Creates the role (once) and a function whose handler is main.handler; returns its ARN."""
    iam = client("iam", sandbox)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    try:
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName="functions", AssumeRolePolicyDocument=document)
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    options = {"Runtime": "python3.11", "Handler": "main.handler", "Timeout": 10, "MemorySize": 256} | more
    options.setdefault("Code", {"ZipFile": package(main=source)})
    arn: str = client("lambda", sandbox).create_function(FunctionName=name, Role=ROLE, **options)["FunctionArn"]
    return arn


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start(tmp_path_factory.mktemp("sandbox") / "data") as running:
        yield running
