"""What watches and guards an environment: dashboard, trace groups, policies of resources and roles, rotation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployments.aws.naming import Names
from deployments.blueprint import Blueprint, Edge, EdgeKind, as_template, edges
from deployments.blueprint.permissions import MANAGED_POLICY_LIMIT, POLICY_LIMIT, size_estimate
from deployments.blueprint.tracing import EXPRESSION_LIMIT
from deployments.engine.graph import dependencies, order
from projects.configuration import for_environment, parse
from tests.deployments.test_blueprint import DESK, changed, drawn, named, one_agent

TYPES = {"bucket": "AWS::S3::Bucket", "rule": "AWS::Events::Rule", "alarm": "AWS::CloudWatch::Alarm"}


def of_type(blueprint: Blueprint, kind: str) -> list[str]:
    return [resource.logical_id for resource in blueprint.resources if resource.type == kind]


def widgets(blueprint: Blueprint) -> list[dict[str, Any]]:
    body = named(blueprint, "OverviewDashboard").properties["DashboardBody"]["Fn::Sub"]
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def statements_of(blueprint: Blueprint, policy: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = named(blueprint, policy).properties["PolicyDocument"]["Statement"]
    return found


def test_the_dashboard_shows_what_there_is_and_nothing_else() -> None:
    shown = {widget["properties"]["title"]: widget["properties"] for widget in widgets(drawn(DESK))}
    assert next(iter(shown)) == "Alarms" and len(shown["Alarms"]["alarms"]) == 9
    assert {"Invocations", "Errors", "Throttles", "API requests", "Messages waiting"} <= set(shown)
    assert [line[-1]["label"] for line in shown["Errors"]["metrics"]] == ["customer-support", "reporter", "triage"]
    assert shown["Duration of the slowest in twenty (ms)"]["stat"] == "p95"
    assert shown["API requests"]["metrics"][0][:4] == ["AWS/ApiGateway", "Count", "ApiId", "${HttpApi}"]
    bare = changed(
        agents=[{"name": "solo", "path": "./apps/solo"}], resources=[], shared={"monitoring": {"alarms": False}}
    )
    assert {widget["properties"]["title"] for widget in widgets(drawn(bare))} == {
        "Duration of the slowest in twenty (ms)",
        "Errors",
        "Invocations",
        "Running at once",
        "Throttles",
    }


def test_graphs_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets(drawn(DESK)):
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken and max(x for x, _ in cells) < 24
        taken |= cells


def test_there_is_no_dashboard_without_agents_or_where_nobody_wants_one() -> None:
    assert not of_type(drawn(changed(agents=[])), "AWS::CloudWatch::Dashboard")
    quiet = drawn(changed(shared={"monitoring": {"dashboard": False}}))
    assert not of_type(quiet, "AWS::CloudWatch::Dashboard") and not of_type(quiet, "AWS::XRay::Group")


def test_the_dashboard_follows_a_name_that_people_chose() -> None:
    queue = {"name": "mail", "type": "AWS::SQS::Queue", "properties": {"QueueName": "strands-mail"}}
    (graph,) = [
        widget["properties"]
        for widget in widgets(drawn(one_agent()))
        if widget["properties"]["title"] == "Messages waiting"
    ]
    assert {line[3] for line in graph["metrics"]} >= {"strands-support-desk-dev-jobs"}
    (graph,) = [
        widget["properties"]
        for widget in widgets(drawn(changed(resources=[queue], agents=[{"name": "solo", "path": "./apps/solo"}])))
        if widget["properties"]["title"] == "Messages waiting"
    ]
    assert graph["metrics"][0][3] == "strands-mail"


def test_traces_of_the_agents_are_a_group_and_several_when_they_are_many() -> None:
    (group,) = of_type(drawn(DESK), "AWS::XRay::Group")
    properties = named(drawn(DESK), group).properties
    assert properties["GroupName"] == "strands-support-desk-dev-traces"
    assert properties["FilterExpression"].count("service(") == 3
    agents = [{"name": f"agent-{number}", "path": "./apps/solo"} for number in range(100)]
    crowd = drawn(changed(agents=agents, resources=[], shared={"monitoring": {"xray": True}}))
    expressions = [named(crowd, name).properties["FilterExpression"] for name in of_type(crowd, "AWS::XRay::Group")]
    assert len(expressions) > 1 and max(map(len, expressions)) <= EXPRESSION_LIMIT
    assert sum(expression.count("service(") for expression in expressions) == 100
    names = [named(crowd, name).properties["GroupName"] for name in of_type(crowd, "AWS::XRay::Group")]
    assert len(set(names)) == len(names)
    assert len(Names("p" * 40, "production", "123456789012", "us-east-1").trace_group("traces2")) == 32


def test_everything_that_holds_data_is_reached_over_tls_alone() -> None:
    blueprint = drawn(DESK)
    guarded = {"AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue"}
    for resource in blueprint.resources:
        if resource.type in guarded:
            first, *others = statements_of(blueprint, f"{resource.logical_id}Policy")
            assert (first["Effect"], first["Principal"]) == ("Deny", "*")
            assert first["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            assert all("Condition" in other for other in others if other.get("Sid") != "Owner")
    assert len(statements_of(blueprint, "UploadsBucketPolicy")[0]["Resource"]) == 2


def test_cloudwatch_may_tell_the_topic_of_alarms_and_no_other() -> None:
    blueprint = drawn(changed(resources=[{"name": "alerts", "type": "sns"}, {"name": "news", "type": "sns"}], agents=[
        {"name": "solo", "path": "./apps/solo"}
    ]))  # fmt: skip
    (allowed,) = [entry for entry in statements_of(blueprint, "AlertsTopicPolicy") if "Service" in entry["Principal"]]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"} and allowed["Action"] == "sns:Publish"
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert not [entry for entry in statements_of(blueprint, "NewsTopicPolicy") if "Service" in entry["Principal"]]


def test_what_people_wire_themselves_keeps_working() -> None:
    queue_arn = {"Fn::GetAtt": ["MailQueue", "Arn"]}
    resources = [
        {"name": "mail", "type": "sqs"},
        {
            "name": "inbox",
            "type": TYPES["bucket"],
            "properties": {
                "NotificationConfiguration": {
                    "QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": queue_arn}]
                }
            },
        },
        {
            "name": "nightly",
            "type": TYPES["rule"],
            "properties": {"ScheduleExpression": "rate(1 day)", "Targets": [{"Id": "mail", "Arn": queue_arn}]},
        },
    ]
    blueprint = drawn(changed(agents=[], resources=resources))
    assert blueprint.problems == ()
    allowed = {
        entry["Principal"]["Service"]: entry
        for entry in statements_of(blueprint, "MailQueuePolicy")
        if entry["Effect"] == "Allow"
    }
    assert set(allowed) == {"events.amazonaws.com", "s3.amazonaws.com"}
    assert allowed["events.amazonaws.com"]["Condition"] == {
        "ArnLike": {"aws:SourceArn": {"Fn::Sub": "${NightlyRule.Arn}"}}
    }
    assert "MailQueuePolicy" in named(blueprint, "InboxBucket").depends_on
    order(dependencies({resource.logical_id: resource for resource in blueprint.resources}))  # no circle


def test_a_policy_of_ones_own_is_the_only_one() -> None:
    own = {
        "name": "mail-guard",
        "type": "AWS::SQS::QueuePolicy",
        "properties": {"Queues": [{"Ref": "MailQueue"}], "PolicyDocument": {"Version": "2012-10-17", "Statement": []}},
    }
    blueprint = drawn(changed(agents=[], resources=[{"name": "mail", "type": "sqs"}, own]))
    assert of_type(blueprint, "AWS::SQS::QueuePolicy") == ["MailDeadLetterQueuePolicy", "MailGuardQueuePolicy"]


def test_a_malformed_reference_is_no_reason_to_stumble() -> None:
    rule = {
        "name": "odd",
        "type": TYPES["rule"],
        "properties": {"ScheduleExpression": "rate(1 day)", "Targets": [{"Id": "x", "Arn": {"Fn::GetAtt": "x"}}]},
    }
    assert of_type(drawn(changed(agents=[], resources=[{"name": "mail", "type": "sqs"}, rule])), TYPES["rule"])


def crowded(buckets: int, **keys: Any) -> Blueprint:
    resources = [{"name": f"bucket-{number}", "type": "s3"} for number in range(buckets)]
    uses = [{"resource": f"bucket-{number}", "access": "read"} for number in range(buckets)]
    agent = {"name": "solo", "path": "./apps/solo", "uses": uses, **keys}
    return drawn(changed(agents=[agent], resources=resources))


@pytest.mark.parametrize(("keys", "role"), [({}, "SharedExecutionRole"), ({"isolated": True}, "SoloExecutionRole")])
def test_permissions_that_do_not_fit_into_a_role_become_managed_policies(keys: dict[str, Any], role: str) -> None:
    small, large = crowded(10, **keys), crowded(100, **keys)
    assert "Policies" in named(small, role).properties and not of_type(small, "AWS::IAM::ManagedPolicy")
    properties = named(large, role).properties
    policies = of_type(large, "AWS::IAM::ManagedPolicy")
    assert properties["ManagedPolicyArns"] == [{"Ref": policy} for policy in policies] and "Policies" not in properties
    documents = [named(large, policy).properties["PolicyDocument"] for policy in policies]
    assert 2 <= len(documents) <= 10
    assert all(size_estimate(document) <= MANAGED_POLICY_LIMIT for document in documents)
    assert sum(map(size_estimate, documents)) > POLICY_LIMIT
    allowed = [
        (tuple(statement["Action"]), json.dumps(resource))
        for document in documents
        for statement in document["Statement"]
        for resource in statement["Resource"]
    ]
    assert len(allowed) == len(set(allowed)) >= 200
    assert crowded(100, **keys).resources == large.resources
    template = as_template(large.resources)["Resources"]
    assert "Tags" not in template[policies[0]]["Properties"]
    assert named(large, policies[0]).tags["strands:project"] == "support-desk"


def test_a_bucket_that_starts_an_agent_of_many_permissions_makes_no_circle() -> None:
    blueprint = crowded(100, triggers=[{"resource": "bucket-0"}])
    assert of_type(blueprint, "AWS::IAM::ManagedPolicy") and blueprint.problems == ()
    order(dependencies({resource.logical_id: resource for resource in blueprint.resources}))


def rotating(**rotation: Any) -> str:
    secret = {"name": "crm-token", "type": "secret", "properties": {"rotation": rotation}}
    return changed(agents=[{"name": "solo", "path": "./apps/solo"}], resources=[secret])


def test_an_agent_gives_a_secret_its_next_value() -> None:
    blueprint = drawn(rotating(agent="solo"))
    assert blueprint.problems == ()
    schedule = named(blueprint, "SoloCrmTokenRotation")
    assert schedule.properties == {
        "SecretId": {"Ref": "CrmTokenSecret"},
        "RotationLambdaARN": {"Fn::GetAtt": ["SoloFunction", "Arn"]},
        "RotationRules": {"AutomaticallyAfterDays": 30},
        "RotateImmediatelyOnUpdate": False,
    }
    (permission,) = schedule.depends_on
    assert named(blueprint, permission).properties["Principal"] == "secretsmanager.amazonaws.com"
    assert named(blueprint, permission).properties["SourceArn"] == {"Ref": "CrmTokenSecret"}
    (policy,) = named(blueprint, "SharedExecutionRole").properties["Policies"]
    allowed = {
        (action, json.dumps(resource))
        for statement in policy["PolicyDocument"]["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    secret = json.dumps({"Ref": "CrmTokenSecret"})
    assert {("secretsmanager:UpdateSecretVersionStage", secret), ("secretsmanager:GetRandomPassword", '"*"')} <= allowed
    assert Edge("CrmTokenSecret", "SoloFunction", EdgeKind.TRIGGER) in edges(blueprint)
    assert named(drawn(rotating(agent="solo", days=7)), "SoloCrmTokenRotation").properties["RotationRules"] == {
        "AutomaticallyAfterDays": 7
    }


@pytest.mark.parametrize(
    ("rotation", "message"),
    [
        ({"agent": "sole"}, "no agent is named sole"),
        ({"agent": "solo", "days": 0}, "0 is out of bounds"),
        ({"days": 3}, "rotation needs agent"),
        ({"agent": "solo", "every": 3}, "unknown key"),
    ],
)
def test_a_rotation_that_cannot_be_is_refused(rotation: dict[str, Any], message: str) -> None:
    assert any(message in problem.message for problem in parse(rotating(**rotation)).problems)


def test_only_functions_rotate() -> None:
    text = rotating(agent="solo").replace("path: ./apps/solo", "path: ./apps/solo\n  target: ecs")
    assert any("only functions rotate" in problem.message for problem in parse(text).problems)


def test_an_environment_may_do_without_its_dashboard() -> None:
    text = changed(environments={"dev": {"account": "123456789012", "monitoring": {"dashboard": False}}})
    parsed = parse(text)
    assert parsed.configuration is not None
    assert parsed.configuration.shared.monitoring.dashboard
    assert not for_environment(parsed.configuration, "dev").shared.monitoring.dashboard
