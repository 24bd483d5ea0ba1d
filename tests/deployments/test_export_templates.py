"""Templates of small states: stacks that need each other, secrets, what is retained, what cannot be imported."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from deployments.blueprint.values import Output
from deployments.engine.kinds import Kind
from deployments.engine.state import State, StateResource
from deployments.exporting.export import FORMATS, Export
from deployments.exporting.files import as_yaml

KINDS = {
    "AWS::SQS::Queue": Kind("AWS::SQS::Queue", "queue", name_property="QueueName"),
    "AWS::Lambda::Function": Kind(
        "AWS::Lambda::Function", "function", sensitive=frozenset({"Environment.Variables.TOKEN", "Other.Path"})
    ),
}


def queue(name: str, stack: str, *needs: str, **more: Any) -> StateResource:
    properties = {"QueueName": name, **more.pop("properties", {})}
    attributes = {"Arn": f"arn:aws:sqs:us-east-1:123456789012:{name}"}
    return StateResource(stack, name.title().replace("-", ""), "AWS::SQS::Queue", f"https://sqs/{name}", properties,
                         attributes, needs, **more)  # fmt: skip


def export(*resources: StateResource, outputs: tuple[Output, ...] = ()) -> Export:
    state = State(4, "l", "dev", "us-east-1", "123456789012").with_resources(resources)
    return Export(state, KINDS, "desk", outputs)


def arn(name: str) -> str:
    return f"arn:aws:sqs:us-east-1:123456789012:{name}"


def test_values_cross_stacks_by_export_and_import() -> None:
    jobs = queue("first-jobs", "shared")
    user = queue(
        "other-jobs",
        "agent",
        "FirstJobs",
        properties={
            "Target": arn("first-jobs"),
            "Text": f"${{x}} {arn('first-jobs')}/*",
            "Url": "https://sqs/first-jobs",
        },
    )
    output = Output(name="Jobs", logical_id="FirstJobs", attribute="Arn", description="The queue")
    shared, agent = export(jobs, user, outputs=(output,)).stacks()
    assert [shared.name, agent.name] == ["strands-desk-dev-shared", "strands-desk-dev-agent"]
    assert (shared.needs, agent.needs) == ((), ("strands-desk-dev-shared",))
    assert shared.template["Outputs"] == {
        "Jobs": {"Description": "The queue", "Value": {"Fn::GetAtt": ["FirstJobs", "Arn"]}},
        "FirstJobsArn": {
            "Value": {"Fn::GetAtt": ["FirstJobs", "Arn"]},
            "Export": {"Name": "desk-dev-FirstJobsArn"},
        },
        "FirstJobsRef": {"Value": {"Ref": "FirstJobs"}, "Export": {"Name": "desk-dev-FirstJobsRef"}},
    }
    imported = {"Fn::ImportValue": "desk-dev-FirstJobsArn"}
    assert agent.template["Resources"]["OtherJobs"]["Properties"] == {
        "QueueName": "other-jobs",
        "Target": imported,
        "Text": {"Fn::Sub": ["${!x} ${FirstJobsArn}/*", {"FirstJobsArn": imported}]},
        "Url": {"Fn::ImportValue": "desk-dev-FirstJobsRef"},
    }
    assert "Outputs" not in agent.template


def test_stacks_that_need_each_other_name_values_literally_on_the_way_back() -> None:
    resources = (
        queue("first-jobs", "a", "SecondJobs", properties={"Text": f"${{x}} {arn('second-jobs')} ", "Same": "${x}"}),
        queue("second-jobs", "b"),
        queue("third-jobs", "b", "FirstJobs", properties={"Target": arn("first-jobs")}),
        queue("fourth-jobs", "a", "FirstJobs", properties={"Text": f"to {arn('first-jobs')}, ${{y}}"}),
    )
    first, second = export(*resources).stacks()
    assert (first.needs, second.needs) == ((), ("strands-desk-dev-a",))
    assert first.template["Resources"]["FirstJobs"]["Properties"] == {
        "QueueName": "first-jobs",
        "Text": f"${{x}} {arn('second-jobs')} ",
        "Same": "${x}",
    }
    assert first.template["Resources"]["FourthJobs"]["Properties"]["Text"] == {"Fn::Sub": "to ${FirstJobs.Arn}, ${!y}"}
    target = second.template["Resources"]["ThirdJobs"]["Properties"]["Target"]
    assert target == {"Fn::ImportValue": "desk-dev-FirstJobsArn"}


def test_an_order_without_a_reference_is_kept_inside_a_stack() -> None:
    resources = (
        queue("first-jobs", "a"),
        queue("second-jobs", "a", "FirstJobs"),
        queue("third-jobs", "b", "FirstJobs"),
    )
    template = export(*resources).template()
    assert template["Resources"]["SecondJobs"]["DependsOn"] == ["FirstJobs"]
    assert template["Resources"]["ThirdJobs"]["DependsOn"] == ["FirstJobs"]
    first, second = export(*resources).stacks()
    assert first.template["Resources"]["SecondJobs"]["DependsOn"] == ["FirstJobs"]
    assert "DependsOn" not in second.template["Resources"]["ThirdJobs"]


def test_every_resource_says_whether_it_outlives_its_stack() -> None:
    template = export(queue("kept-jobs", "a", retain=True), queue("other-jobs", "a")).template()
    policies = {name: entry["DeletionPolicy"] for name, entry in template["Resources"].items()}
    assert policies == {"KeptJobs": "Retain", "OtherJobs": "Delete"}
    assert template["Description"] == "desk dev, exported from strandsweb at serial 4 of its state"


def test_a_sensitive_value_is_asked_for_and_never_written() -> None:
    function = StateResource(
        "a", "Desk", "AWS::Lambda::Function", "desk", {"Environment": {"Variables": {"TOKEN": "hush", "MODEL": "m"}}}
    )
    made = export(function)
    template = made.template()
    assert template["Resources"]["Desk"]["Properties"]["Environment"]["Variables"] == {
        "TOKEN": {"Ref": "DeskEnvironmentVariablesTOKEN"},
        "MODEL": "m",
    }
    assert template["Parameters"]["DeskEnvironmentVariablesTOKEN"]["NoEcho"] is True
    for name in FORMATS.keys() - {"state.json"}:
        content = FORMATS[name].make(made)
        assert b"hush" not in (content if isinstance(content, bytes) else content.encode())
        if isinstance(content, bytes):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                assert all(b"hush" not in archive.read(each) for each in archive.namelist())


def test_what_cannot_be_imported_is_left_out_with_the_reason() -> None:
    resources = (
        queue("first-jobs", "a"),
        StateResource(
            "a", "Policy", "AWS::SQS::QueuePolicy", "p", {"Queues": ["https://sqs/first-jobs"]}, {}, ("FirstJobs",)
        ),
        StateResource("a", "Odd", "Other::Odd::Type", "o", {}),
        StateResource("b", "Route", "AWS::ApiGatewayV2::Route", "r-1", {}),
    )
    made = export(*resources)
    found = made.importable()
    assert found.identifiers == {"FirstJobs": {"QueueUrl": "https://sqs/first-jobs"}}
    assert found.reasons == {
        "Odd": "the primary identifier of this type is not known here",
        "Policy": "CloudFormation cannot read resources of this type; let it make the resource anew",
        "Route": "its ApiId is not in the state",
    }
    assert made.import_template()["Resources"].keys() == {"FirstJobs"}
    first, second = made.stacks()
    assert first.import_template["Resources"].keys() == {"FirstJobs"}
    assert second.import_template["Resources"] == {}
    readme = made.cdk_app_of_stacks()["README.md"]
    assert "- `Policy`: CloudFormation cannot read" in readme
    assert "stacks/strands-desk-dev-a/resource-mapping.json strands-desk-dev-a" in readme
    assert "strands-desk-dev-b/resource-mapping.json" not in readme
    assert json.loads(made.cdk_app()["stacks.json"])["stacks"][0]["name"] == "strands-desk-dev"


def test_yaml_repeats_what_occurs_twice_instead_of_naming_it() -> None:
    twice = {"a": 1}
    assert as_yaml({"x": twice, "y": [twice]}) == "x:\n  a: 1\ny:\n- a: 1\n"
