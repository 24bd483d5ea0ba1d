"""Snapshots hold what pickle alone could not, and one that cannot be taken loses nothing."""

from __future__ import annotations

import threading
from collections import defaultdict
from pathlib import Path

import pytest
from moto.core.base_backend import BackendDict, BaseBackend

from strandsweb.sandbox import snapshot
from strandsweb.sandbox.blobs import Blobs
from strandsweb.sandbox.starter import start
from tests.sandbox.conftest import client, http


class Strange(BaseBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.counts: defaultdict[str, list[int]] = defaultdict(lambda: [1, 2])
        self.lock = threading.RLock()
        self.text = "t" * 10_000
        self.data = b"d" * 10_000


class Unloadable:
    def __reduce__(self) -> tuple[object, ...]:
        return (int, ("not a number",))


strange_backends = BackendDict(Strange, "sqs")


@pytest.fixture
def strange():
    backend = strange_backends["123456789012"]["us-east-1"]
    yield backend
    strange_backends.clear()
    BackendDict._instances.remove(strange_backends)


def test_locks_factories_and_long_strings_come_back(strange, tmp_path: Path):
    blobs = Blobs(tmp_path)
    strange.counts["known"].append(3)
    data, digests = snapshot.take(blobs)
    assert len(digests) == 2 and b"tttttttt" not in data and b"dddddddd" not in data
    strange_backends.clear()
    snapshot.restore(data, blobs)
    back = strange_backends["123456789012"]["us-east-1"]
    assert back is not strange and back.text == strange.text and back.data == strange.data
    assert back.counts["known"] == [1, 2, 3] and back.counts["new"] == [1, 2]
    assert back.lock.acquire(blocking=False)


def test_what_would_not_come_back_is_no_snapshot(strange, tmp_path: Path):
    strange.bad = Unloadable()
    with pytest.raises(ValueError, match="not a number"):
        snapshot.take(Blobs(tmp_path))


@pytest.mark.processes
def test_other_services_survive_too(tmp_path: Path):
    with start(tmp_path) as sandbox:
        kms = client("kms", sandbox)
        key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        request = {"KeyId": key, "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
        signature = kms.sign(**request)["Signature"]
        client("ssm", sandbox).put_parameter(Name="n", Value="v", Type="String")
        client("acm", sandbox).request_certificate(DomainName="a.example")
        vpc = client("ec2", sandbox).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        sandbox.kill()
    for _ in range(2):  # the first start replays, the second reads the snapshot that the first left behind
        with start(tmp_path) as sandbox:
            assert http("GET", f"{sandbox.url}/_sandbox/health").json["diverged"] == 0
            assert client("kms", sandbox).verify(**request, Signature=signature)["SignatureValid"]
            assert client("ssm", sandbox).get_parameter(Name="n")["Parameter"]["Value"] == "v"
            assert client("ec2", sandbox).describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert not (tmp_path / "0.log").exists() and list(tmp_path.glob("*.snapshot"))
