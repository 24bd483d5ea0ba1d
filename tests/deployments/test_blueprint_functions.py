"""What belongs to a function besides itself: who is told of failures, what it is called by, what it may not exceed."""

from __future__ import annotations

from deployments.blueprint import EdgeKind, edges
from tests.deployments.test_blueprint import HANDLER, changed, drawn, named, one_agent, statements


def test_every_role_stays_within_the_boundary() -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    blueprint = drawn(changed(shared={"permissions_boundary": boundary, "vpc": {"nat": True}}))
    roles = [resource for resource in blueprint.resources if resource.type == "AWS::IAM::Role"]
    assert len(roles) == 3 and {role.properties["PermissionsBoundary"] for role in roles} == {boundary}
    assert "PermissionsBoundary" not in named(drawn(one_agent()), "SharedExecutionRole").properties


def test_what_fails_goes_to_a_queue_the_role_may_send_to() -> None:
    blueprint = drawn(one_agent(dead_letter="jobs"))
    arn = {"Fn::GetAtt": ["JobsQueue", "Arn"]}
    assert named(blueprint, "SoloFunction").properties["DeadLetterConfig"] == {"TargetArn": arn}
    (statement,) = [entry for entry in statements(blueprint, "SharedExecutionRole") if arn in entry["Resource"]]
    assert statement["Action"] == ["sqs:SendMessage"]
    (problem,) = drawn(one_agent(dead_letter="uploads")).problems
    assert problem.path == "agents[0].dead_letter" and "no queue or topic" in problem.message


def test_callers_call_the_alias_of_the_version_that_goes_with_the_function() -> None:
    keys = {"alias": "live", "routes": ["GET /x"], "triggers": [{"resource": "jobs"}]}
    first, second = drawn(one_agent(**keys)), drawn(one_agent(**keys, memory=1024))
    versions = [
        {resource.logical_id for resource in blueprint.resources if resource.type == "AWS::Lambda::Version"}
        for blueprint in (first, second, drawn(one_agent(**keys, reserved_concurrency=1)))
    ]
    assert versions[0] == versions[2] != versions[1] and len(versions[0]) == 1
    assert named(first, "SoloIntegration").properties["IntegrationUri"] == {"Ref": "SoloAlias"}
    assert named(first, "SoloJobsTrigger").properties["FunctionName"] == {"Ref": "SoloAlias"}
    assert named(first, "SoloGetXPermission").properties["FunctionName"] == {"Ref": "SoloAlias"}


def test_an_address_that_anybody_may_call_is_said() -> None:
    blueprint = drawn(one_agent(function_url="none", alias="live"))
    (problem,) = blueprint.problems
    assert problem.severity == "warning" and "anybody can call solo" in problem.message
    url = named(blueprint, "SoloUrl")
    assert (url.properties["AuthType"], url.properties["Qualifier"], url.depends_on) == ("NONE", "live", ("SoloAlias",))
    assert named(blueprint, "SoloInvokeFunctionUrlPermission").properties["FunctionUrlAuthType"] == "NONE"
    guarded = drawn(one_agent(function_url="iam"))
    assert not guarded.problems and named(guarded, "SoloUrl").properties["AuthType"] == "AWS_IAM"


def test_a_layer_of_the_bundle_is_made_once_and_packed_with_the_agents() -> None:
    files = {"apps/solo/main.py": HANDLER, "layers/common/python/shared.py": "x = 1\n"}
    blueprint = drawn(one_agent(layers=["./layers/common"]), files)
    layer = named(blueprint, "LayersCommonLayer").properties
    digest = layer["Content"]["S3Key"].removeprefix("layers/").removesuffix(".zip")
    assert digest in blueprint.artifacts and named(blueprint, "SoloFunction").properties["Layers"] == [
        {"Ref": "LayersCommonLayer"}
    ]
    (problem,) = drawn(one_agent(layers=["./layers/comon"]), files).problems
    assert problem.path == "agents[0].layers"


def test_a_bucket_that_starts_an_agent_comes_after_it() -> None:
    blueprint = drawn(
        one_agent(triggers=[{"resource": "uploads", "prefix": "in/"}], uses=[{"resource": "uploads", "access": "read"}])
    )
    bucket = named(blueprint, "UploadsBucket")
    assert bucket.depends_on == ("SoloUploadsPermission",)
    name = bucket.properties["BucketName"]
    assert named(blueprint, "SoloFunction").properties["Environment"]["Variables"]["UPLOADS_BUCKET"] == name
    assert not [
        edge
        for edge in edges(blueprint)
        if edge.target == "UploadsBucket" and edge.kind is EdgeKind.DEPENDENCY and edge.source != "UploadsBucketPolicy"
    ]


def test_topics_buckets_and_aliases_are_edges_to_the_function_itself() -> None:
    blueprint = drawn(
        one_agent(alias="live", triggers=[{"resource": "uploads"}, {"resource": "alerts"}, {"resource": "jobs"}])
    )
    triggers = [(edge.source, edge.target) for edge in edges(blueprint) if edge.kind is EdgeKind.TRIGGER]
    assert triggers == [(name, "SoloFunction") for name in ("AlertsTopic", "JobsQueue", "UploadsBucket")]
