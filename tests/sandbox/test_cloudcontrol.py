"""The Cloud Control API makes, reads, changes and removes resources that their own services see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from strandsweb.sandbox.emulations.patching import PatchFailed, apply_patch
from strandsweb.sandbox.starter import start
from tests.sandbox.conftest import client, http
from tests.sandbox.test_functions import eventually
from tests.sandbox.test_ipam import refused


@pytest.mark.parametrize(
    ("patch", "result"),
    [
        ([{"op": "add", "path": "/a/1", "value": 9}], {"a": [1, 9, 2], "b": {"x/y": 1}}),
        ([{"op": "remove", "path": "/a/0"}], {"a": [2], "b": {"x/y": 1}}),
        ([{"op": "replace", "path": "/b/x~1y", "value": 5}], {"a": [1, 2], "b": {"x/y": 5}}),
        ([{"op": "move", "from": "/a", "path": "/c"}], {"c": [1, 2], "b": {"x/y": 1}}),
        ([{"op": "copy", "from": "/a/0", "path": "/a/-"}], {"a": [1, 2, 1], "b": {"x/y": 1}}),
        ([{"op": "test", "path": "/a/0", "value": 1}], {"a": [1, 2], "b": {"x/y": 1}}),
        ([{"op": "replace", "path": "", "value": 3}], 3),
    ],
)
def test_patches(patch, result):
    document = {"a": [1, 2], "b": {"x/y": 1}}
    assert apply_patch(document, patch) == result
    assert document == {"a": [1, 2], "b": {"x/y": 1}}


@pytest.mark.parametrize(
    "patch",
    [
        {"op": "add"},
        [{"op": "remove", "path": "/gone"}],
        [{"op": "add", "path": "/a/7", "value": 1}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "test", "path": "/a", "value": 2}],
        [{"op": "burn", "path": "/a"}],
    ],
)
def test_patches_that_do_not_fit(patch):
    with pytest.raises(PatchFailed):
        apply_patch({"a": [1]}, patch)


def finished(control, answer):
    """The last event of the request that `answer` began."""
    token = answer["ProgressEvent"]["RequestToken"]

    def event():
        return control.get_resource_request_status(RequestToken=token)["ProgressEvent"]

    assert answer["ProgressEvent"]["OperationStatus"] in {"PENDING", "IN_PROGRESS"}
    assert eventually(lambda: event()["OperationStatus"] in {"SUCCESS", "FAILED"})
    return event()


def create(control, kind, **model):
    return finished(control, control.create_resource(TypeName=kind, DesiredState=json.dumps(model)))


def properties(control, kind, identifier):
    described = control.get_resource(TypeName=kind, Identifier=identifier)["ResourceDescription"]
    return json.loads(described["Properties"])


def update(control, kind, identifier, *patch):
    asked = {"TypeName": kind, "Identifier": identifier, "PatchDocument": json.dumps(patch)}
    return finished(control, control.update_resource(**asked))


CASES = {
    "AWS::Kinesis::Stream": (
        {"Name": "cc-stream", "ShardCount": 1, "Tags": [{"Key": "a", "Value": "1"}]},
        [
            {"op": "add", "path": "/RetentionPeriodHours", "value": 48},
            {"op": "replace", "path": "/ShardCount", "value": 2},
            {"op": "replace", "path": "/Tags/0/Value", "value": "2"},
            {
                "op": "add",
                "path": "/StreamEncryption",
                "value": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
            },
        ],
        "/Name",
    ),
    "AWS::SSM::Parameter": (
        {"Name": "/cc/parameter", "Type": "String", "Value": "one", "Tags": {"a": "1"}},
        [{"op": "replace", "path": "/Value", "value": "two"}, {"op": "replace", "path": "/Tags", "value": {"b": "2"}}],
        "/Name",
    ),
    "AWS::ECR::Repository": (
        {"RepositoryName": "cc/repository", "ImageScanningConfiguration": {"ScanOnPush": True}},
        [
            {"op": "add", "path": "/ImageTagMutability", "value": "IMMUTABLE"},
            {"op": "replace", "path": "/ImageScanningConfiguration/ScanOnPush", "value": False},
            {"op": "add", "path": "/Tags", "value": [{"Key": "a", "Value": "1"}]},
        ],
        "/RepositoryName",
    ),
    "AWS::SQS::Queue": (
        {"QueueName": "cc-queue", "VisibilityTimeout": 60},
        [
            {"op": "replace", "path": "/VisibilityTimeout", "value": 90},
            {"op": "add", "path": "/Tags", "value": [{"Key": "a", "Value": "1"}]},
        ],
        "/QueueName",
    ),
}


@pytest.mark.processes
@pytest.mark.parametrize("kind", CASES)
def test_a_resource_lives_its_life(sandbox, kind):
    control = client("cloudcontrol", sandbox)
    model, patch, fixed = CASES[kind]
    made = create(control, kind, **model)
    assert made["OperationStatus"] == "SUCCESS", made
    identifier = made["Identifier"]
    shown = properties(control, kind, identifier)
    assert {key: shown[key] for key in model} == model
    doubled = create(control, kind, **model)
    assert (doubled["OperationStatus"], doubled["ErrorCode"]) == ("FAILED", "AlreadyExists")
    assert identifier in [item["Identifier"] for item in control.list_resources(TypeName=kind)["ResourceDescriptions"]]
    assert update(control, kind, identifier, *patch)["OperationStatus"] == "SUCCESS"
    expected = apply_patch(shown, patch)
    assert properties(control, kind, identifier) == expected
    renamed = json.dumps([{"op": "replace", "path": fixed, "value": "other"}])
    asked = {"TypeName": kind, "Identifier": identifier, "PatchDocument": renamed}
    refused("NotUpdatableException", control.update_resource, **asked)
    refused(
        "ValidationException", control.update_resource, **asked | {"PatchDocument": '[{"op": "remove", "path": "/No"}]'}
    )
    assert (
        finished(control, control.delete_resource(TypeName=kind, Identifier=identifier))["OperationStatus"] == "SUCCESS"
    )
    refused("ResourceNotFoundException", control.get_resource, TypeName=kind, Identifier=identifier)
    refused("ResourceNotFoundException", control.update_resource, **asked)
    gone = finished(control, control.delete_resource(TypeName=kind, Identifier=identifier))
    assert (gone["OperationStatus"], gone["ErrorCode"]) == ("FAILED", "NotFound")


@pytest.mark.processes
def test_requests_are_checked_idempotent_and_can_be_cancelled(sandbox):
    control = client("cloudcontrol", sandbox)
    parameter = "AWS::SSM::Parameter"
    refused("TypeNotFoundException", control.create_resource, TypeName="AWS::No::Thing", DesiredState="{}")
    refused("ValidationException", control.create_resource, TypeName=parameter, DesiredState="[]")
    refused("ValidationException", control.create_resource, TypeName=parameter, DesiredState='{"Name": "n"}')
    odd = json.dumps({"Type": "String", "Value": "v", "Nmae": "n"})
    assert "Nmae" in refused("ValidationException", control.create_resource, TypeName=parameter, DesiredState=odd)
    asked = {"TypeName": parameter, "ClientToken": "same", "DesiredState": '{"Type": "String", "Value": "v"}'}
    first, second = (control.create_resource(**asked)["ProgressEvent"] for _ in range(2))
    assert first["RequestToken"] == second["RequestToken"] and first["Identifier"].startswith("sandbox-")
    other = '{"Type": "String", "Value": "w"}'
    refused("ClientTokenConflictException", control.create_resource, **asked | {"DesiredState": other})
    delete = {"TypeName": parameter, "Identifier": first["Identifier"]}
    refused("ConcurrentOperationException", control.delete_resource, **delete)
    cancelled = control.cancel_resource_request(RequestToken=first["RequestToken"])["ProgressEvent"]
    assert cancelled["OperationStatus"] == "CANCEL_COMPLETE"
    done = control.delete_resource(**delete)
    finished(control, done)
    token = done["ProgressEvent"]["RequestToken"]
    refused("ConcurrentModificationException", control.cancel_resource_request, RequestToken=token)
    refused("RequestTokenNotFoundException", control.get_resource_request_status, RequestToken="0" * 36)
    bad = create(control, "AWS::Kinesis::Stream", Name="bad name!", ShardCount="many")
    assert bad["OperationStatus"] == "FAILED" and bad["ErrorCode"] in {"InvalidRequest", "InternalFailure"}


@pytest.mark.processes
def test_requests_and_resources_survive_a_kill(tmp_path: Path):
    with start(tmp_path) as sandbox:
        control = client("cloudcontrol", sandbox)
        made = create(control, "AWS::Kinesis::Stream", Name="kept", ShardCount=1)
        before = properties(control, "AWS::Kinesis::Stream", "kept")
        sandbox.kill()
    with start(tmp_path) as sandbox:
        assert http("GET", f"{sandbox.url}/_sandbox/health").json["diverged"] == 0
        control = client("cloudcontrol", sandbox)
        event = control.get_resource_request_status(RequestToken=made["RequestToken"])["ProgressEvent"]
        assert event["OperationStatus"] == "SUCCESS" and event["Identifier"] == "kept"
        assert properties(control, "AWS::Kinesis::Stream", "kept") == before
        with pytest.raises(ClientError, match="ResourceInUse"):
            client("kinesis", sandbox).create_stream(StreamName="kept", ShardCount=1)
