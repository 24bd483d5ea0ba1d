"""Types without a provisioner of their own: the contract over the sandbox's Cloud Control, and what a schema says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from deployments.aws.calls import Aws, Refusal
from deployments.aws.cloud_control import CloudControl, generic_kind
from deployments.aws.registry import KINDS, provisioners
from deployments.engine.errors import CloudError
from deployments.engine.ports import Live, Made, Target
from deployments.engine.resources import Resource
from strandsweb.sandbox.starter import Sandbox, start
from tests.aws.cases import TAGS
from tests.aws.conftest import ACCOUNT, REGION, ZIPS, Recording
from tests.engine.provisioner_contract import Case, ProvisionerContract, target

REPOSITORY = "AWS::ECR::Repository"
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start(Path(tmp_path_factory.mktemp("cloudcontrol"))) as started:
        yield started


@pytest.fixture
def live_aws(sandbox: Sandbox, listener: Recording) -> Iterator[Aws]:
    session = boto3.Session("test", "test", region_name=REGION)
    made = Aws(session, account=ACCOUNT, region=REGION, listener=listener, endpoint_url=sandbox.url)
    yield made
    made.close()


class EachItsOwnStep(CloudControl):
    """Every creation has a client token of its own, as in runs of their own."""

    def make(self, target: Target) -> Made | Refusal:
        return super().make(replace(target, token=f"{next(_NUMBERS):032}"))


class TestARepository(ProvisionerContract):
    @pytest.fixture
    def case(self, live_aws: Aws, listener: Recording) -> Case:
        properties: dict[str, Any] = {"RepositoryName": f"strands-{next(_NUMBERS)}", "ImageTagMutability": "MUTABLE"}
        wanted = Resource("shared-infrastructure", "Images", REPOSITORY, properties, tags=TAGS)
        changed = replace(
            wanted, properties={**properties, "ImageTagMutability": "IMMUTABLE"}, tags={**TAGS, "tier": "gold"}
        )
        provisioner = EachItsOwnStep(live_aws, ZIPS.__getitem__, REPOSITORY)

        def drift(live: Live) -> None:
            provisioner.update(target(replace(changed, tags=TAGS)), live)

        return Case(provisioner, wanted, changed, drift, lambda: len(listener.writes()))


def test_a_failed_request_says_why(live_aws: Aws) -> None:
    repository = provisioners(live_aws, ZIPS.__getitem__)[REPOSITORY]
    wanted = Resource("shared-infrastructure", "Images", REPOSITORY, {"RepositoryName": "Not A Name"})
    with pytest.raises(CloudError, match="ECR::Repository"):
        repository.create(replace(target(wanted), token="x" * 32))


def test_the_schema_says_what_a_kind_is() -> None:
    kind = KINDS["AWS::Kinesis::Stream"]
    assert kind.immutable == {"Name"} and kind.name_property == "Name"
    assert {"kinesis:CreateStream", "cloudformation:CreateResource"} <= set(kind.permissions)
    assert generic_kind("AWS::Nothing::AtAll") is None and "AWS::Nothing::AtAll" not in KINDS
    assert KINDS.get("AWS::KMS::Key") is not None
    assert generic_kind("AWS::KMS::Key").name_property is None  # type: ignore[union-attr]
