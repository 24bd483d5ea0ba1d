"""From a configuration to resources: what is made, how it hangs together, and what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import random
import time
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.blueprint import Blueprint, EdgeKind, EnvironmentFacts, as_template, edges, packaging, synthesise
from deployments.engine import canonical
from deployments.engine.graph import dependencies, order
from deployments.engine.resources import Resource
from projects.bundles import Bundle, read_zip
from projects.configuration import for_environment, parse

DESK = """
project:
  name: support-desk
  region: us-east-1
  tags: {team: platform, tier: bronze}
agents:
  - name: customer-support
    path: ./apps/customer-support
    memory: 1024
    environment: {GREETING: hello}
    secrets: {CRM_TOKEN: crm-token}
    tags: {tier: gold}
    uses:
      - {resource: tickets, access: read-write}
      - {resource: uploads, access: read, path: "incoming/*"}
      - {resource: jobs, actions: ["sqs:SendMessage"]}
      - {resource: alerts, access: write}
      - {resource: bus, access: write}
    routes: ["POST /support", "GET /support/{id}/history"]
  - name: triage
    path: ./apps/triage
    uses: [{resource: tickets, access: write}]
    triggers: [{resource: jobs, batch_size: 5}]
  - name: reporter
    path: ./apps/reporter
    isolated: true
    uses: [{resource: tickets, access: read}]
    triggers: [{schedule: "rate(5 minutes)"}]
resources:
  - {name: uploads, type: s3}
  - {name: tickets, type: dynamodb, properties: {partition_key: id}}
  - {name: jobs, type: sqs, properties: {visibility_timeout: 120}}
  - {name: alerts, type: sns}
  - {name: bus, type: eventbridge}
  - {name: crm-token, type: secret}
shared:
  api_gateway: {type: http, cors: true}
  monitoring: {xray: true, alarms: true, log_retention_days: 14}
environments:
  dev: {account: "123456789012"}
"""
HANDLER = "def handler(event, context):\n    return 'hello'\n"


def bundle_of(files: Mapping[str, str]) -> Bundle:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return read_zip(buffer.getvalue())


def drawn(text: str, files: Mapping[str, str] | None = None, **facts: Any) -> Blueprint:
    """The blueprint of environment dev; without `files` every agent has a main.py with a handler."""
    parsed = parse(text)
    assert parsed.configuration is not None, [str(problem) for problem in parsed.problems]
    configuration = for_environment(parsed.configuration, "dev")
    if files is None:
        files = {f"{agent.path.removeprefix('./')}/main.py": HANDLER for agent in configuration.agents}
    where = EnvironmentFacts(
        **{"project": configuration.project.name, "environment": "dev", "account": "123456789012"}
        | {"region": "us-east-1"}
        | facts
    )
    return synthesise(configuration=configuration, facts=where, bundle=bundle_of(files) if files else None)


def changed(**sections: Any) -> str:
    """DESK with top-level sections replaced."""
    return dumped(yaml.safe_load(DESK) | sections)


def dumped(document: Any) -> str:
    return yaml.dump(json.loads(json.dumps(document)), sort_keys=False)  # JSON has no aliases


def one_agent(**keys: Any) -> str:
    agent = {"name": "solo", "path": "./apps/solo"} | keys
    return changed(agents=[agent])


@pytest.fixture(scope="module")
def desk() -> Blueprint:
    blueprint = drawn(DESK)
    assert blueprint.problems == ()
    return blueprint


def named(blueprint: Blueprint, logical_id: str) -> Resource:
    return {resource.logical_id: resource for resource in blueprint.resources}[logical_id]


def statements(blueprint: Blueprint, role: str) -> list[dict[str, Any]]:
    (policy,) = named(blueprint, role).properties["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def bytes_of(blueprint: Blueprint) -> str:
    return canonical.dumps(
        {
            "resources": [resource.as_dict() for resource in blueprint.resources],
            "outputs": [(output.name, dict(output.value), output.description) for output in blueprint.outputs],
            "grants": [(grant.agent, grant.logical_id, grant.actions) for grant in blueprint.grants],
            "artifacts": list(blueprint.artifacts),
        }
    )


def test_shared_things_share_a_stack_and_each_agent_has_its_own(desk: Blueprint) -> None:
    stacks: dict[str, list[str]] = {}
    for resource in desk.resources:
        stacks.setdefault(resource.stack, []).append(resource.logical_id)
    assert stacks == {
        "shared-infrastructure": [
            "AlertsTopic",
            "AlertsTopicPolicy",
            "ArtifactsBucket",
            "ArtifactsBucketPolicy",
            "BusEventBus",
            "CrmTokenSecret",
            "HttpApi",
            "HttpApiStage",
            "JobsDeadLetterQueue",
            "JobsDeadLetterQueuePolicy",
            "JobsQueue",
            "JobsQueuePolicy",
            "OverviewDashboard",
            "SharedExecutionRole",
            "TicketsTable",
            "TraceGroup",
            "UploadsBucket",
            "UploadsBucketPolicy",
        ],
        "customer-support": [
            "CustomerSupportDurationAlarm",
            "CustomerSupportErrorsAlarm",
            "CustomerSupportFunction",
            "CustomerSupportGetSupportByIdHistoryPermission",
            "CustomerSupportGetSupportByIdHistoryRoute",
            "CustomerSupportIntegration",
            "CustomerSupportLogGroup",
            "CustomerSupportPostSupportPermission",
            "CustomerSupportPostSupportRoute",
            "CustomerSupportThrottlesAlarm",
        ],
        "reporter": [
            "ReporterDurationAlarm",
            "ReporterErrorsAlarm",
            "ReporterExecutionRole",
            "ReporterFunction",
            "ReporterLogGroup",
            "ReporterRate5MinutesPermission",
            "ReporterRate5MinutesRule",
            "ReporterThrottlesAlarm",
        ],
        "triage": [
            "TriageDurationAlarm",
            "TriageErrorsAlarm",
            "TriageFunction",
            "TriageJobsTrigger",
            "TriageLogGroup",
            "TriageThrottlesAlarm",
        ],
    }


def test_a_function_is_as_configured_and_knows_where_its_resources_are(desk: Blueprint) -> None:
    function = named(desk, "CustomerSupportFunction")
    (sha256,) = desk.artifacts  # all agents have the same code here
    assert function.properties == {
        "FunctionName": "strands-support-desk-dev-customer-support",
        "Description": "The agent customer-support of support-desk",
        "Role": {"Fn::GetAtt": ["SharedExecutionRole", "Arn"]},
        "Runtime": "python3.11",
        "Handler": "main.handler",
        "MemorySize": 1024,
        "Timeout": 30,
        "Code": {"S3Bucket": {"Ref": "ArtifactsBucket"}, "S3Key": f"customer-support/{sha256}.zip"},
        "Environment": {
            "Variables": {
                "ALERTS_TOPIC_ARN": {"Ref": "AlertsTopic"},
                "BUS_NAME": {"Ref": "BusEventBus"},
                "CRM_TOKEN_SECRET_ARN": {"Ref": "CrmTokenSecret"},
                "GREETING": "hello",
                "JOBS_QUEUE_URL": {"Ref": "JobsQueue"},
                "TICKETS_TABLE": {"Ref": "TicketsTable"},
                "UPLOADS_BUCKET": {"Ref": "UploadsBucket"},
            }
        },
        "TracingConfig": {"Mode": "Active"},
    }
    assert function.depends_on == ("CustomerSupportLogGroup",)
    assert named(desk, "CustomerSupportLogGroup").properties == {
        "LogGroupName": "/aws/lambda/strands-support-desk-dev-customer-support",
        "RetentionInDays": 14,
    }


def test_every_reference_leads_to_a_resource_and_never_in_a_circle(desk: Blueprint) -> None:
    by_id = {resource.logical_id: resource for resource in desk.resources}
    known = set(by_id)
    needs = dependencies(by_id)  # raises for a reference to nothing
    assert set(order(needs)) == known  # raises for a circle
    shared = {logical_id for logical_id in known if by_id[logical_id].stack == "shared-infrastructure"}
    assert all(set(needs[logical_id]) <= shared for logical_id in shared)  # one agent never draws in another
    assert {output.logical_id for output in desk.outputs} <= known
    assert {grant.logical_id for grant in desk.grants} <= known


def shuffled(value: Any, shuffle: random.Random) -> Any:
    """The same document with the keys of every mapping, and all agents and resources, in another order."""
    if isinstance(value, dict):
        keys = list(value)
        shuffle.shuffle(keys)
        return {key: shuffled(value[key], shuffle) for key in keys}
    if isinstance(value, list):
        entries = [shuffled(entry, shuffle) for entry in value]
        if all(isinstance(entry, dict) for entry in entries):
            shuffle.shuffle(entries)
        return entries
    return value


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_things_are_written_in_makes_no_difference(shuffle: random.Random) -> None:
    document = shuffled(yaml.safe_load(DESK), shuffle)
    assert bytes_of(drawn(dumped(document))) == bytes_of(drawn(DESK))


def test_the_more_specific_tag_wins_and_what_changes_each_time_stands_apart() -> None:
    blueprint = drawn(DESK, version="7", deployed_by="Bob <bob@example.com>")
    function = named(blueprint, "CustomerSupportFunction")
    assert function.tags == {
        "strands:agent": "customer-support",
        "strands:environment": "dev",
        "strands:managed-by": "strandsweb",
        "strands:project": "support-desk",
        "team": "platform",
        "tier": "gold",
    }
    assert function.volatile_tags == {"strands:version": "7", "strands:deployed-by": "Bob -bob@example.com-"}
    assert named(blueprint, "TicketsTable").tags["tier"] == "bronze"
    assert named(blueprint, "TicketsTable").tags["strands:agent"] == "shared-infrastructure"
    untagged = {resource.type for resource in blueprint.resources if not resource.tags}
    assert untagged == {
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Permission",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }


def test_data_is_kept_where_the_environment_is_protected_or_the_configuration_says_so() -> None:
    def kept(blueprint: Blueprint) -> set[str]:
        return {resource.logical_id for resource in blueprint.resources if resource.retain}

    assert kept(drawn(DESK)) == set()
    assert kept(drawn(DESK, protected=True)) == {
        "CrmTokenSecret",
        "TicketsTable",
        "UploadsBucket",
        "UploadsBucketPolicy",
    }
    told = yaml.safe_load(DESK)["resources"]
    told[1]["retain"] = False
    told[2]["retain"] = True
    blueprint = drawn(changed(resources=told), protected=True)
    assert kept(blueprint) == {
        "CrmTokenSecret",
        "JobsQueue",
        "JobsQueuePolicy",
        "UploadsBucket",
        "UploadsBucketPolicy",
    }
    assert "DeletionProtectionEnabled" not in named(blueprint, "TicketsTable").properties
    assert named(drawn(DESK, protected=True), "TicketsTable").properties["DeletionProtectionEnabled"] is True


def test_no_statement_allows_more_than_it_names(desk: Blueprint) -> None:
    for role in ("SharedExecutionRole", "ReporterExecutionRole"):
        for statement in statements(desk, role):
            assert not any("*" in action for action in statement["Action"])
            if "*" in statement["Resource"]:  # X-Ray has no resources to name
                assert statement["Action"] == ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    untraced = drawn(changed(shared={"monitoring": {"xray": False}}))
    assert all("*" not in statement["Resource"] for statement in statements(untraced, "SharedExecutionRole"))


def test_the_shared_role_is_the_union_and_an_isolated_agent_has_its_own(desk: Blueprint) -> None:
    def actions_on(role: str, resource: Any) -> set[str]:
        found = [entry["Action"] for entry in statements(desk, role) if resource in entry["Resource"]]
        return {action for actions in found for action in actions}

    tickets = {"Fn::GetAtt": ["TicketsTable", "Arn"]}
    jobs = {"Fn::GetAtt": ["JobsQueue", "Arn"]}
    assert {"dynamodb:GetItem", "dynamodb:PutItem"} <= actions_on("SharedExecutionRole", tickets)
    assert actions_on("SharedExecutionRole", jobs) == {
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
    }
    assert actions_on("SharedExecutionRole", {"Ref": "CrmTokenSecret"}) == {"secretsmanager:GetSecretValue"}
    assert actions_on("ReporterExecutionRole", tickets) == {
        "dynamodb:BatchGetItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DescribeTable",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
    }
    groups = (
        "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/strands-support-desk-dev"
    )
    assert actions_on("ReporterExecutionRole", {"Fn::Sub": f"{groups}-reporter:*"}) == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert actions_on("SharedExecutionRole", {"Fn::Sub": f"{groups}-reporter:*"}) == set()
    assert named(desk, "ReporterFunction").properties["Role"] == {"Fn::GetAtt": ["ReporterExecutionRole", "Arn"]}


def test_a_path_narrows_objects_and_listing(desk: Blueprint) -> None:
    found = {
        tuple(entry["Action"]): (entry["Resource"], entry.get("Condition"))
        for entry in statements(desk, "SharedExecutionRole")
    }
    assert found["s3:GetObject",] == ([{"Fn::Sub": "${UploadsBucket.Arn}/incoming/*"}], None)
    assert found["s3:ListBucket",] == (
        [{"Fn::GetAtt": ["UploadsBucket", "Arn"]}],
        {"StringLike": {"s3:prefix": "incoming/*"}},
    )


@pytest.mark.parametrize(
    ("model", "arns"),
    [
        (
            "anthropic.claude-3-haiku-20240307-v1:0",
            ["${AWS::Region}::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"],
        ),
        (
            "us.amazon.nova-lite-v1:0",
            [
                "*::foundation-model/amazon.nova-lite-v1:0",
                "${AWS::Region}:${AWS::AccountId}:inference-profile/us.amazon.nova-lite-v1:0",
            ],
        ),
    ],
)
def test_a_bedrock_model_may_be_invoked_and_no_other(model: str, arns: list[str]) -> None:
    text = one_agent(environment={"MODEL_PROVIDER": "bedrock", "MODEL_ID": model})
    (found,) = [
        entry for entry in statements(drawn(text), "SharedExecutionRole") if "bedrock:InvokeModel" in entry["Action"]
    ]
    assert found["Action"] == ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
    expected = [{"Fn::Sub": f"arn:${{AWS::Partition}}:bedrock:{arn}"} for arn in arns]
    assert sorted(found["Resource"], key=str) == sorted(expected, key=str)


def test_bedrock_without_a_model_is_refused_and_other_providers_need_nothing_of_iam() -> None:
    (problem,) = drawn(one_agent(environment={"MODEL_PROVIDER": "bedrock"})).problems
    assert "MODEL_ID" in problem.suggestion
    other = drawn(one_agent(environment={"MODEL_PROVIDER": "anthropic", "MODEL_ID": "claude"}))
    assert "bedrock" not in canonical.dumps(named(other, "SharedExecutionRole").properties)


def test_routes_reach_the_function_and_only_they_may_call_it(desk: Blueprint) -> None:
    route = named(desk, "CustomerSupportGetSupportByIdHistoryRoute").properties
    assert route == {
        "ApiId": {"Ref": "HttpApi"},
        "RouteKey": "GET /support/{id}/history",
        "Target": {"Fn::Sub": "integrations/${CustomerSupportIntegration}"},
    }
    permission = named(desk, "CustomerSupportGetSupportByIdHistoryPermission").properties
    api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}"
    assert permission["SourceArn"] == {"Fn::Sub": f"{api}/*/GET/support/*/history"}
    assert permission["Principal"] == "apigateway.amazonaws.com"
    anything = drawn(one_agent(routes=["ANY /{proxy+}"]))
    assert named(anything, "SoloAnyAllProxyPermission").properties["SourceArn"]["Fn::Sub"].endswith("${HttpApi}/*/*/*")


def test_a_parameter_is_not_the_word_it_is_called_by() -> None:
    blueprint = drawn(one_agent(routes=["GET /users/me", "GET /users/{me}", "GET /users/{me+}", "GET /"]))
    assert blueprint.problems == ()
    assert {resource.logical_id for resource in blueprint.resources if resource.type == "AWS::ApiGatewayV2::Route"} == {
        "SoloGetUsersMeRoute",
        "SoloGetUsersByMeRoute",
        "SoloGetUsersAllMeRoute",
        "SoloGetRootRoute",
    }


def test_without_routes_there_is_no_api() -> None:
    types = {resource.type for resource in drawn(one_agent()).resources}
    assert not any("ApiGateway" in name for name in types)


def test_an_agent_slower_than_the_api_waits_is_a_warning_and_still_deployable() -> None:
    blueprint = drawn(one_agent(timeout=60, routes=["GET /slow"]))
    (problem,) = blueprint.problems
    assert (problem.severity, problem.path) == ("warning", "agents[0].timeout")
    assert blueprint.is_deployable


def test_outputs_name_the_api_its_routes_and_the_resources(desk: Blueprint) -> None:
    found = {output.name: (dict(output.value), output.agent) for output in desk.outputs}
    endpoint = {"Fn::GetAtt": ["HttpApi", "ApiEndpoint"]}
    assert found == {
        "AlertsTopic": ({"Ref": "AlertsTopic"}, None),
        "ApiEndpoint": (endpoint, None),
        "BusEventBus": ({"Ref": "BusEventBus"}, None),
        "CrmTokenSecret": ({"Ref": "CrmTokenSecret"}, None),
        "GET /support/{id}/history": (endpoint, "customer-support"),
        "JobsQueue": ({"Ref": "JobsQueue"}, None),
        "POST /support": (endpoint, "customer-support"),
        "TicketsTable": ({"Ref": "TicketsTable"}, None),
        "UploadsBucket": ({"Ref": "UploadsBucket"}, None),
    }


def test_a_schedule_starts_its_agent_and_different_schedules_never_meet(desk: Blueprint) -> None:
    rule = named(desk, "ReporterRate5MinutesRule").properties
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(5 minutes)", "ENABLED")
    assert rule["Targets"] == [{"Id": "agent", "Arn": {"Fn::GetAtt": ["ReporterFunction", "Arn"]}}]
    permission = named(desk, "ReporterRate5MinutesPermission").properties
    assert permission["SourceArn"] == {"Fn::GetAtt": ["ReporterRate5MinutesRule", "Arn"]}
    crons = [
        f"cron({fields} *)"
        for fields in (
            "1 12 * * ?", "11 2 * * ?", "* 1 * * ?", "1 * * * ?", "0/1 1 * * ?", "0,1 1 * * ?", "0-1 1 * * ?",
            "*/5 * * * ?", "* * * * ?", "0 8 ? * MON-FRI", "0 8 ? * 2#1", "0 8 L * ?", "0 8 L-3 * ?", "0 8 15W * ?",
        )
    ]  # fmt: skip
    many = drawn(one_agent(triggers=[{"schedule": cron} for cron in crons]))
    assert many.problems == ()
    rules = [resource for resource in many.resources if resource.type == "AWS::Events::Rule"]
    assert {resource.properties["ScheduleExpression"] for resource in rules} == set(crons)
    assert len({resource.properties["Name"] for resource in rules}) == len(crons)


def test_a_queue_starts_its_agent_message_by_message(desk: Blueprint) -> None:
    assert named(desk, "TriageJobsTrigger").properties == {
        "EventSourceArn": {"Fn::GetAtt": ["JobsQueue", "Arn"]},
        "FunctionName": {"Ref": "TriageFunction"},
        "BatchSize": 5,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    trigger = {"resource": "jobs", "batch_size": 50, "batching_window": 20}
    batching = named(drawn(one_agent(triggers=[trigger])), "SoloJobsTrigger").properties
    assert (batching["BatchSize"], batching["MaximumBatchingWindowInSeconds"]) == (50, 20)


def test_a_queue_keeps_what_nobody_could_process() -> None:
    own = {"name": "lost", "type": "sqs", "properties": {"fifo": True}}
    user = {"name": "jobs", "type": "sqs", "properties": {"fifo": True, "dead_letter_queue": "lost", "max_receives": 3}}
    plain = {"name": "mail", "type": "sqs"}
    blueprint = drawn(changed(agents=[], resources=[own, user, plain]))
    assert [resource.logical_id for resource in blueprint.resources if resource.type == "AWS::SQS::Queue"] == [
        "JobsQueue",
        "LostQueue",
        "MailDeadLetterQueue",
        "MailQueue",
    ]
    assert named(blueprint, "JobsQueue").properties["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["LostQueue", "Arn"]},
        "maxReceiveCount": 3,
    }
    assert named(blueprint, "JobsQueue").properties["QueueName"] == "strands-support-desk-dev-jobs.fifo"
    assert "RedrivePolicy" not in named(blueprint, "LostQueue").properties
    assert named(blueprint, "MailDeadLetterQueue").properties["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert named(blueprint, "MailQueue").properties["RedrivePolicy"]["maxReceiveCount"] == 5


def test_resources_are_private_and_encrypted(desk: Blueprint) -> None:
    for bucket in ("UploadsBucket", "ArtifactsBucket"):
        properties = named(desk, bucket).properties
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert "BucketEncryption" in properties
    for queue in ("JobsQueue", "JobsDeadLetterQueue"):
        assert named(desk, queue).properties["SqsManagedSseEnabled"] is True
    assert named(desk, "TicketsTable").properties["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True
    }
    quiet = drawn(changed(shared={"monitoring": {"alarms": False}}))
    assert named(quiet, "AlertsTopic").properties["KmsMasterKeyId"] == "alias/aws/sns"
    # CloudWatch could not tell a topic under that key.
    assert "KmsMasterKeyId" not in named(desk, "AlertsTopic").properties
    assert "SecretString" not in named(desk, "CrmTokenSecret").properties


def test_settings_of_each_type_arrive_in_cloudformations_words() -> None:
    resources = [
        {"name": "files", "type": "s3", "properties": {"versioning": False, "expire_after_days": 9}},
        {"name": "kept", "type": "s3", "properties": {"expire_after_days": 9}},
        {
            "name": "orders",
            "type": "dynamodb",
            "properties": {
                "partition_key": "customer",
                "sort_key": "number",
                "sort_key_type": "N",
                "time_to_live": "expires",
                "point_in_time_recovery": False,
                "stream": "new-and-old-images",
            },
        },
        {"name": "news", "type": "sns", "properties": {"fifo": True, "display_name": "News"}},
        {"name": "events", "type": "eventbridge", "properties": {"description": "What happened"}},
        {"name": "key", "type": "secret", "properties": {"description": "Opens"}},
    ]
    blueprint = drawn(changed(agents=[], resources=resources))
    files, kept = named(blueprint, "FilesBucket").properties, named(blueprint, "KeptBucket").properties
    assert "VersioningConfiguration" not in files
    assert files["LifecycleConfiguration"]["Rules"][1] == {"Id": "expire", "Status": "Enabled", "ExpirationInDays": 9}
    assert kept["VersioningConfiguration"] == {"Status": "Enabled"}
    assert kept["LifecycleConfiguration"]["Rules"][1]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 9}
    orders = named(blueprint, "OrdersTable").properties
    assert orders["AttributeDefinitions"] == [
        {"AttributeName": "customer", "AttributeType": "S"},
        {"AttributeName": "number", "AttributeType": "N"},
    ]
    assert orders["KeySchema"] == [
        {"AttributeName": "customer", "KeyType": "HASH"},
        {"AttributeName": "number", "KeyType": "RANGE"},
    ]
    assert orders["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert orders["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert orders["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}
    news = named(blueprint, "NewsTopic").properties
    assert (news["TopicName"], news["DisplayName"]) == ("strands-support-desk-dev-news.fifo", "News")
    assert news["FifoTopic"] is True
    assert named(blueprint, "EventsEventBus").properties["Description"] == "What happened"
    assert named(blueprint, "KeySecret").properties["Description"] == "Opens"


def test_alarms_tell_the_alerts_topic_or_one_made_for_them(desk: Blueprint) -> None:
    slow = named(desk, "TriageDurationAlarm").properties
    assert (slow["Threshold"], slow["ExtendedStatistic"], slow["AlarmActions"]) == (
        24_000,
        "p95",
        [{"Ref": "AlertsTopic"}],
    )
    bare = drawn(changed(agents=[{"name": "solo", "path": "./apps/solo"}], resources=[]))
    assert named(bare, "SoloErrorsAlarm").properties["AlarmActions"] == [{"Ref": "AlarmsTopic"}]
    off = drawn(changed(shared={"monitoring": {"alarms": False}}))
    assert not any(resource.type == "AWS::CloudWatch::Alarm" for resource in off.resources)


def test_types_written_out_in_full_keep_their_properties_and_get_a_name() -> None:
    table = {
        "name": "orders",
        "type": "AWS::DynamoDB::Table",
        "properties": {
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "GlobalSecondaryIndexes": [{"IndexName": "by-day"}],
        },
        "tags": {"owner": "sales"},
    }
    uses = [{"resource": "orders", "actions": ["dynamodb:Query"]}]
    blueprint = drawn(changed(agents=[{"name": "solo", "path": "./apps/solo", "uses": uses}], resources=[table]))
    orders = named(blueprint, "OrdersTable")
    assert orders.properties["TableName"] == "strands-support-desk-dev-orders"
    assert orders.tags["owner"] == "sales"
    (query,) = [
        entry for entry in statements(blueprint, "SharedExecutionRole") if entry["Action"] == ["dynamodb:Query"]
    ]
    assert query["Resource"] == [
        {"Fn::GetAtt": ["OrdersTable", "Arn"]},
        {"Fn::Sub": "${OrdersTable.Arn}/index/by-day"},
    ]


def test_everything_that_cannot_be_deployed_is_said_at_once_with_its_line() -> None:
    text = """
project: {name: desk, region: us-east-1}
agents:
  - name: boxed
    path: ./apps/boxed
    target: ecs
  - name: lost
    path: ./apps/lots
  - name: broken
    path: ./apps/broken
    handler: main.handle
    triggers:
      - {resource: files}
resources:
  - {name: files, type: s3}
  - {name: stream, type: "AWS::Kinesis::Streams"}
  - name: artifacts
    type: s3
  - {name: full, type: "AWS::SQS::Queue", properties: {Tags: []}}
shared:
  vpc: {enabled: true, cidr: 10.0.0.0/28}
environments:
  dev: {account: "123456789012"}
"""
    blueprint = drawn(text, {"apps/lost/main.py": HANDLER, "apps/broken/main.py": HANDLER})
    found = [(problem.line, problem.path, problem.message) for problem in blueprint.problems]
    for line, path, words in [
        (4, "agents[0].target", "ecs"),
        (7, "agents[1].path", "did you mean apps/lost"),
        (9, "agents[2].handler", "did you mean main.handler"),
        (16, "resources[1].type", "AWS::Kinesis::Streams"),
        (17, "resources[2]", "ArtifactsBucket"),
        (19, "resources[3].properties", "Tags"),
        (21, "shared.vpc", "no room for the subnets"),
    ]:
        assert any(at == line and where == path and words in said for at, where, said in found), (line, path, found)
    assert len(found) == 7
    assert not blueprint.is_deployable


def test_without_sources_there_is_a_picture_but_no_deployment() -> None:
    blueprint = drawn(DESK, files={})
    (problem,) = blueprint.problems
    assert "no source bundle" in problem.message
    assert named(blueprint, "TriageFunction").properties["Code"]["S3Key"] == f"triage/{'0' * 64}.zip"
    assert not blueprint.is_deployable
    assert drawn(changed(agents=[]), files={}).problems == ()


def test_a_changed_file_changes_its_own_agent_and_nothing_else(desk: Blueprint) -> None:
    agents = ("customer-support", "triage", "reporter")
    files = {f"apps/{agent}/main.py": HANDLER for agent in agents} | {"README.md": "Read me"}
    before = {resource.logical_id: resource for resource in drawn(DESK, files).resources}
    files["apps/triage/main.py"] += "# a comment\n"
    files["README.md"] = "Read me again"
    after = {resource.logical_id: resource for resource in drawn(DESK, files).resources}
    assert {logical_id for logical_id in before if before[logical_id] != after[logical_id]} == {"TriageFunction"}
    differing = {
        key
        for key, value in after["TriageFunction"].properties.items()
        if value != before["TriageFunction"].properties[key]
    }
    assert differing == {"Code"}


def test_artifacts_are_the_bytes_their_digest_promises(desk: Blueprint) -> None:
    for sha256, artifact in desk.artifacts.items():
        code = artifact.pack()
        assert hashlib.sha256(code).hexdigest() == sha256 == artifact.sha256
        assert len(code) == artifact.size_bytes
    wanted = {
        resource.properties["Code"]["S3Key"].partition("/")[2].removesuffix(".zip")
        for resource in desk.resources
        if resource.type == "AWS::Lambda::Function"
    }
    assert wanted == set(desk.artifacts)


def test_code_larger_than_lambda_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaging, "UNZIPPED_LIMIT_BYTES", 1024**2)
    files = {"apps/solo/main.py": HANDLER, "apps/solo/data.bin": "x" * 1024**2}
    (problem,) = drawn(one_agent(), files).problems
    assert (problem.path, "Lambda takes 1 MB" in problem.message) == ("agents[0].path", True)


def crowd(agents: int, **keys: Any) -> str:
    members = [
        {"name": f"agent-{number}", "path": f"./apps/agent-{number}", "routes": [f"GET /{number}"]} | keys
        for number in range(agents)
    ]
    return changed(agents=members)


def test_two_hundred_agents_take_less_than_a_second_and_fit_into_one_role() -> None:
    uses = [{"resource": "tickets", "access": "read-write"}, {"resource": "uploads", "access": "read"}]
    text = crowd(200, uses=uses)
    parsed = parse(text)
    assert parsed.configuration is not None
    configuration = for_environment(parsed.configuration, "dev")
    bundle = bundle_of({f"apps/agent-{number}/main.py": f"{HANDLER}# {number}\n" for number in range(200)})
    facts = EnvironmentFacts("support-desk", "dev", "123456789012", "us-east-1")
    started = time.process_time()
    blueprint = synthesise(configuration=configuration, facts=facts, bundle=bundle)
    assert time.process_time() - started < 1
    assert blueprint.problems == ()
    assert len(blueprint.resources) == 200 * 8 + 11 + 5 + 1 + 5  # policies, the dashboard, trace groups
    (logs,) = [
        entry for entry in statements(blueprint, "SharedExecutionRole") if "logs:PutLogEvents" in entry["Action"]
    ]
    (group,) = logs["Resource"]
    assert group["Fn::Sub"].endswith(":log-group:/aws/lambda/strands-support-desk-dev-*:*")


def test_a_role_that_would_not_fit_is_a_problem_with_a_way_out() -> None:
    resources = [{"name": f"bucket-{number}", "type": "s3"} for number in range(100)]
    uses = [{"resource": f"bucket-{number}", "access": "read"} for number in range(100)]
    agent = {"name": "solo", "path": "./apps/solo", "uses": uses}
    assert drawn(changed(agents=[agent], resources=resources)).problems == ()
    resources = [{"name": f"bucket-{number}", "type": "s3"} for number in range(500)]
    agents = [
        {
            "name": f"agent-{group}",
            "path": "./apps/solo",
            "uses": [{"resource": f"bucket-{group * 100 + number}", "access": "read"} for number in range(100)],
        }
        for group in range(5)
    ]
    (problem,) = drawn(changed(agents=agents, resources=resources)).problems
    assert "a role takes 10" in problem.message
    assert "isolated: true" in problem.suggestion


def test_edges_tell_permissions_triggers_and_dependencies_apart(desk: Blueprint) -> None:
    found = {kind: [(edge.source, edge.target) for edge in edges(desk) if edge.kind is kind] for kind in EdgeKind}
    assert found[EdgeKind.TRIGGER] == [
        ("HttpApi", "CustomerSupportFunction"),
        ("JobsQueue", "TriageFunction"),
        ("ReporterRate5MinutesRule", "ReporterFunction"),
    ]
    assert found[EdgeKind.PERMISSION] == [
        ("CustomerSupportFunction", "AlertsTopic"),
        ("CustomerSupportFunction", "BusEventBus"),
        ("CustomerSupportFunction", "CrmTokenSecret"),
        ("CustomerSupportFunction", "JobsQueue"),
        ("CustomerSupportFunction", "TicketsTable"),
        ("CustomerSupportFunction", "UploadsBucket"),
        ("ReporterFunction", "TicketsTable"),
        ("TriageFunction", "JobsQueue"),
        ("TriageFunction", "TicketsTable"),
    ]
    assert ("CustomerSupportFunction", "CustomerSupportLogGroup") in found[EdgeKind.DEPENDENCY]
    assert ("TriageFunction", "SharedExecutionRole") in found[EdgeKind.DEPENDENCY]


def test_a_template_writes_tags_as_each_type_wants_them() -> None:
    blueprint = drawn(DESK, protected=True, version="7")
    template = as_template(blueprint.resources, blueprint.outputs)
    assert template["Resources"]["HttpApi"]["Properties"]["Tags"]["strands:version"] == "7"
    assert {"Key": "tier", "Value": "gold"} in template["Resources"]["CustomerSupportFunction"]["Properties"]["Tags"]
    assert "Tags" not in template["Resources"]["TriageJobsTrigger"]["Properties"]
    assert template["Resources"]["TicketsTable"]["DeletionPolicy"] == "Retain"
    assert template["Resources"]["TriageFunction"]["DependsOn"] == ["TriageLogGroup"]
    assert template["Outputs"]["ApiEndpoint"]["Value"] == {"Fn::GetAtt": ["HttpApi", "ApiEndpoint"]}
    assert not any("/" in name for name in template["Outputs"])
    assert "Outputs" not in as_template(blueprint.resources)


def test_any_other_type_is_taken_in_its_own_properties_and_checked_with_its_schema() -> None:
    stream = {"name": "clicks", "type": "AWS::Kinesis::Stream", "properties": {"ShardCount": 1}, "tags": {"tier": "1"}}
    blueprint = drawn(changed(agents=[], resources=[stream]))
    assert not blueprint.problems
    made = named(blueprint, "ClicksStream")
    assert made.properties == {"Name": "strands-support-desk-dev-clicks", "ShardCount": 1}
    assert made.tags["tier"] == "1" and made.tags["strands:project"] == "support-desk"
    wrong = {"ShardCont": 1, "Arn": "a", "Tags": [], "RetentionPeriodHours": "24", "StreamModeDetails": {}}
    blueprint = drawn(changed(agents=[], resources=[{**stream, "properties": wrong}]))
    said = " ".join(problem.message for problem in blueprint.problems)
    for words in ("did you mean ShardCount?", "Arn is set by AWS", "Tags do not", "must be of type", "is required"):
        assert words in said
    joined = {"ShardCount": 1, "Name": {"Fn::Join": ["", []]}}
    (problem,) = drawn(changed(agents=[], resources=[{**stream, "properties": joined}])).problems
    assert "Fn::Join is not supported" in problem.message
