"""Types without a provisioner of their own: the contract over the sandbox's Cloud Control, and what a schema says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from deployments.aws import tags
from deployments.aws.calls import Aws, Refusal
from deployments.aws.cloud_control import CloudControl, generic_kind
from deployments.aws.registry import KINDS, provisioners
from deployments.engine.canonical import dumps
from deployments.engine.errors import CloudError
from deployments.engine.plan import Action
from deployments.engine.ports import Live, Made, Target
from deployments.engine.resources import Resource
from strandsweb.sandbox.starter import Sandbox, start
from tests.aws.cases import TAGS
from tests.aws.conftest import ACCOUNT, REGION, ZIPS, Recording
from tests.engine.provisioner_contract import Case, ProvisionerContract, planned, target

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


QUEUE, STREAM = "AWS::SQS::Queue", "AWS::Kinesis::Stream"


def test_a_creation_repeated_after_a_crash_is_the_same_request(live_aws: Aws, listener: Recording) -> None:
    """Where AWS makes the name up nothing but the client token finds what the lost attempt made."""
    queues = CloudControl(live_aws, ZIPS.__getitem__, QUEUE)
    wanted = Target("Jobs", QUEUE, {"VisibilityTimeout": 60}, TAGS, token="5" * 32)
    lost = live_aws.call(
        "cloudcontrol", "create_resource", TypeName=QUEUE, ClientToken=wanted.token, DesiredState=_desired(wanted)
    )["ProgressEvent"]
    there = _identifiers(live_aws)
    made = queues.create(wanted)
    assert made == queues.create(wanted), "and again, long after"
    assert lost.get("Identifier") == made.physical_id and _identifiers(live_aws) == there
    assert queues.create(replace(wanted, token="6" * 32)).physical_id not in there, "another step makes its own"


def test_a_property_that_is_no_longer_wanted_is_taken_out(live_aws: Aws) -> None:
    streams = CloudControl(live_aws, ZIPS.__getitem__, STREAM)
    before = {"Name": f"strands-{next(_NUMBERS)}", "ShardCount": 1, "RetentionPeriodHours": 48}
    after = {name: value for name, value in before.items() if name != "RetentionPeriodHours"}
    was = Resource("shared-infrastructure", "Clicks", STREAM, before, tags=TAGS)
    will = replace(was, properties=after)
    case = Case(streams, was, will)
    made = streams.create(replace(target(was), token=f"{next(_NUMBERS):032}"))
    change = planned(case, was, made, will)
    assert (change.action, [row.path for row in change.properties]) == (Action.UPDATE, ["RetentionPeriodHours"])
    there = streams.read(made.physical_id, before)
    assert there is not None
    streams.update(target(will), there)
    whole = streams.read(made.physical_id, {})
    assert whole is not None and whole.properties["RetentionPeriodHours"] == 24, "what AWS does without being told"
    assert whole.properties["ShardCount"] == 1 and whole.properties["StreamModeDetails"], "the rest stays"
    assert planned(case, will, made, will).action is Action.NO_CHANGE


def test_a_nested_property_that_cannot_change_needs_a_replacement() -> None:
    kind = KINDS["AWS::Budgets::Budget"]
    assert "Budget.BudgetName" in kind.immutable and "Budget" not in kind.immutable
    assert kind.fixes("Budget.BudgetName", "a", "b")
    assert not kind.fixes("Budget.BudgetLimit.Amount", 1, 2)


def _desired(wanted: Target) -> str:
    return dumps({**wanted.properties, "Tags": tags.to_list(wanted.tags)})


def _identifiers(aws: Aws) -> set[str]:
    listed = aws.pages("cloudcontrol", "list_resources", "ResourceDescriptions", TypeName=QUEUE) or []
    return {entry["Identifier"] for entry in listed}


def test_the_schema_says_what_a_kind_is() -> None:
    kind = KINDS["AWS::Kinesis::Stream"]
    assert kind.immutable == {"Name"} and kind.name_property == "Name"
    assert {"kinesis:CreateStream", "cloudformation:CreateResource"} <= set(kind.permissions)
    assert generic_kind("AWS::Nothing::AtAll") is None and "AWS::Nothing::AtAll" not in KINDS
    assert KINDS.get("AWS::KMS::Key") is not None
    assert generic_kind("AWS::KMS::Key").name_property is None  # type: ignore[union-attr]
