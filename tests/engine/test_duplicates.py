"""What means the same is found, whatever it is called and however it is written; what differs is not."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.engine.duplicates import Same, Seen, content, duplicates, unneeded
from deployments.engine.kinds import Kind
from deployments.engine.resources import Resource
from deployments.engine.state import StateResource

ROLE, GROUP, QUEUE, ALARM = "AWS::IAM::Role", "AWS::EC2::SecurityGroup", "AWS::SQS::Queue", "AWS::CloudWatch::Alarm"
KINDS = {
    ROLE: Kind(ROLE, "role", name_property="RoleName", unordered=frozenset({"ManagedPolicyArns"})),
    QUEUE: Kind(QUEUE, "queue", name_property="QueueName", defaults={"DelaySeconds": 0}),
    ALARM: Kind(ALARM, "alarm", name_property="AlarmName"),
}
LOG = "arn:aws:logs:us-east-1:1:log-group:/desk/"


def recorded(logical_id: str, type_name: str, properties: Mapping[str, Any], *needs: str) -> Seen:
    """A resource as it is recorded, with an ARN and a name."""
    return Seen.recorded(
        StateResource("s", logical_id, type_name, f"id-{logical_id}", properties, {"Arn": f"arn:{logical_id}"}, needs)
    )


def role(logical_id: str, *statements: Mapping[str, Any], **more: Any) -> Seen:
    """A role that functions may take on."""
    trust = {"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda"}, "Action": "sts:AssumeRole"}}
    policies = [{"PolicyName": "p", "PolicyDocument": {"Statement": list(statements)}}]
    properties = {"RoleName": logical_id, "AssumeRolePolicyDocument": trust, "Policies": policies, **more}
    return recorded(logical_id, ROLE, properties)


def allow(actions: Any, resources: Any, **more: Any) -> dict[str, Any]:
    """A statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def log_group(name: str) -> Seen:
    """The log group of an agent."""
    return recorded(f"{name}Log", "AWS::Logs::LogGroup", {"LogGroupName": f"/desk/{name}"})


def groups(*seen: Seen, uses: Mapping[str, tuple[str, ...]] | None = None) -> list[tuple[str, ...]]:
    """Which mean the same."""
    return [same.logical_ids for same in duplicates(seen, KINDS, uses or {})]


def test_roles_are_what_they_allow_besides_their_own_logs() -> None:
    one = role("One", allow(["sqs:SendMessage", "s3:GetObject"], "r"), allow("logs:PutLogEvents", f"{LOG}one:*"))
    two = role(
        "Two",
        allow("s3:getobject", ["r"]),
        allow("sqs:SendMessage", "r"),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{LOG}*:*"),
        Description="another",
        ManagedPolicyArns=[],
    )
    more = role("More", allow(["sqs:SendMessage", "s3:GetObject", "s3:PutObject"], "r"))
    bounded = role("Bounded", allow(["sqs:SendMessage", "s3:GetObject"], "r"), PermissionsBoundary="arn:b")
    logs = (log_group("one"), log_group("two"))
    found = duplicates([two, more, *logs, bounded, one], KINDS, {})
    assert [same.logical_ids for same in found] == [("One", "Two")]
    assert found[0].facts == {
        "Trust": ["lambda sts:AssumeRole"],
        "Permissions": ["s3:GetObject, sqs:SendMessage on r"],
    }


def test_what_a_role_denies_and_under_which_condition_counts_and_is_told() -> None:
    denied = {**allow("s3:PutObject", "r"), "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    [same] = duplicates([role("One", denied), role("Two", denied)], KINDS, {})
    [told] = same.facts["Permissions"]
    assert told.startswith("Deny s3:PutObject on r if") and "securetransport false" in told
    assert groups(role("One", denied), role("Two", {**denied, "Effect": "Allow"})) == []
    assert groups(role("One", denied), role("Two", {**denied, "Condition": {}})) == []


@pytest.mark.parametrize(
    "other",
    [
        allow("logs:PutLogEvents", "arn:aws:logs:us-east-1:1:log-group:/theirs:*"),
        allow("logs:PutLogEvents", "arn:aws:logs:us-east-1:1:log-group:*"),
        allow("logs:PutLogEvents", "arn:aws:logs:us-east-1:1:log-group:/elsewhere/*"),
        allow("logs:DeleteLogGroup", f"{LOG}one:*"),
        {**allow("logs:PutLogEvents", f"{LOG}one:*"), "Effect": "Deny"},
        allow("logs:PutLogEvents", "*"),
    ],
)
def test_any_other_log_is_a_difference(other: Mapping[str, Any]) -> None:
    assert groups(role("One", allow("a:B", "r")), role("Two", allow("a:B", "r"), other), log_group("one")) == []


def test_security_groups_are_their_network_and_their_rules() -> None:
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
    postgres = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "10.0.0.0/8"}

    def group(name: str, vpc: str, *egress: Mapping[str, Any]) -> Seen:
        rules = {"SecurityGroupEgress": list(egress), "SecurityGroupIngress": []}
        return recorded(name, GROUP, {"GroupName": name, "GroupDescription": name, "VpcId": vpc, **rules})

    assert groups(
        group("A", "vpc-1", https, postgres),
        group("B", "vpc-1", postgres, {**https, "Description": "the web"}, https),
        group("C", "vpc-2", https, postgres),
        group("D", "vpc-1", https),
    ) == [("A", "B")]


def test_functions_with_the_same_code_are_shown_with_what_differs() -> None:
    def function(name: str, sha: str, **more: Any) -> Seen:
        code = {"Code": {"S3Bucket": "b", "S3Key": f"{name}/{sha}.zip"}, "Role": f"arn:{name}"}
        return recorded(name, "AWS::Lambda::Function", {**code, **more})

    variables = {"Variables": {"TOKEN": "hush"}}
    [same] = duplicates(
        [
            function("A", "1", MemorySize=512, Timeout=3, Environment=variables),
            function("B", "1", MemorySize=128, Timeout=3, Environment=variables),
            function("C", "2", MemorySize=512, Timeout=3),
        ],
        KINDS,
        {},
    )
    assert (same.logical_ids, same.differing) == (("A", "B"), ("MemorySize",))
    assert (same.facts["Code"], same.facts["Timeout"], same.facts["Environment"]) == ("1", 3, ["TOKEN"])
    assert "hush" not in str(same), "whether equal, not what"
    bare = [function("D", "3"), function("E", "3", Environment=variables)]
    [same] = duplicates(bare, KINDS, {})
    assert (same.differing, "Environment" in same.facts) == (("Environment",), False)


def test_layers_endpoints_and_alarms() -> None:
    def layer(name: str, sha: str) -> Seen:
        return recorded(name, "AWS::Lambda::LayerVersion", {"LayerName": name, "Content": {"S3Key": f"x/{sha}.zip"}})

    def endpoint(name: str, service: str, subnet: str) -> Seen:
        properties = {"ServiceName": service, "VpcId": "v", "VpcEndpointType": "Interface", "SubnetIds": [subnet]}
        return recorded(name, "AWS::EC2::VPCEndpoint", properties)

    def alarm(name: str, threshold: int) -> Seen:
        return recorded(name, ALARM, {"AlarmName": name, "AlarmDescription": name, "Threshold": threshold})

    found = duplicates(
        [
            *(layer("L1", "1"), layer("L2", "1"), layer("L3", "2")),
            *(alarm("A1", 1), alarm("A2", 1), alarm("A3", 2)),
            *(endpoint("E1", "sqs", "a"), endpoint("E2", "sqs", "b"), endpoint("E3", "s3", "a")),
        ],
        KINDS,
        {},
    )
    assert [same.logical_ids for same in found] == [("A1", "A2"), ("E1", "E2"), ("L1", "L2")]
    assert found[1].differing == ("SubnetIds",)
    assert content({"ZipFile": "x"}) == '{"ZipFile":"x"}'


def queue(name: str, delay: int = 0, retention: int = 14) -> tuple[Seen, Seen]:
    """A queue and the dead letter queue it has for itself."""
    dead = recorded(f"{name}Dead", QUEUE, {"QueueName": f"{name}-dead", "Retention": retention})
    settings = {"QueueName": name, "DelaySeconds": delay, "Redrive": {"targets": [f"arn:{name}Dead"], "count": 5}}
    return recorded(name, QUEUE, settings, f"{name}Dead"), dead


def test_queues_are_duplicates_if_they_are_used_for_the_same() -> None:
    world = [*queue("A"), *queue("B"), *queue("C", delay=5), *queue("D", retention=1), *queue("E")]
    names = "ABCDE"
    assert groups(*world) == [], "nobody uses them"
    assert groups(*world, uses=dict.fromkeys(names, ("triage sends",))) == [("A", "B", "E")]
    assert groups(*world, uses={"A": ("x",), "B": ("y",), "E": ("x",)}) == [("A", "E")]
    outside = recorded("Outside", "AWS::SNS::Subscription", {}, "ADead")
    assert groups(*world, outside, uses={"A": ("x",), "B": ("x",)}) == [], "somebody else needs the one, too"


def test_wanted_resources_are_compared_like_recorded_ones() -> None:
    def wanted(name: str) -> list[Seen]:
        redrive = {"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": [f"{name}Dead", "Arn"]}}}
        return [
            Seen.wanted(Resource("s", name, QUEUE, {"QueueName": name, **redrive})),
            Seen.wanted(Resource("s", f"{name}Dead", QUEUE, {"QueueName": f"{name}-dead"})),
        ]

    assert groups(*wanted("A"), *wanted("B"), uses={"A": ("x",), "B": ("x",)}) == [("A", "B")]


def test_nothing_needs_what_nothing_depends_on() -> None:
    world = [recorded("A", QUEUE, {}, "B"), recorded("B", QUEUE, {}), recorded("C", QUEUE, {}, "C")]
    policy = recorded("P", "AWS::SQS::QueuePolicy", {}, "A", "Elsewhere")
    assert unneeded([*world, policy], ["A", "B", "C", "D"]) == ("A", "C")
    user = recorded("U", "AWS::Lambda::Function", {}, "A")
    assert unneeded([*world, policy, user], ["A", "B", "C", "D"]) == ("C",)


STATEMENTS = st.lists(
    st.tuples(st.sampled_from(["a:B", "a:C", "d:E"]), st.sampled_from(["r1", "r2", "r3"])), min_size=1, max_size=6
)


@given(STATEMENTS, st.randoms())
def test_order_spelling_and_grouping_of_a_policy_make_no_difference(
    pairs: list[tuple[str, str]], shuffle: random.Random
) -> None:
    one = role("One", *(allow(action, resource) for action, resource in pairs))
    mixed = [*pairs, *pairs]
    shuffle.shuffle(mixed)
    two = role("Two", *(allow([action.upper()], [resource]) for action, resource in mixed))
    assert groups(one, two) == [("One", "Two")]
    narrower = role("Three", *(allow(action, resource) for action, resource in pairs if (action, resource) != pairs[0]))
    assert groups(one, narrower) == []


@settings(max_examples=50)
@given(st.lists(st.integers(0, 3), max_size=20), st.randoms())
def test_groups_are_apart_and_the_order_of_resources_makes_no_difference(
    colours: list[int], shuffle: random.Random
) -> None:
    world = [role(f"R{number}", allow("a:B", f"r{colour}")) for number, colour in enumerate(colours)]
    expected = sorted(
        tuple(sorted(f"R{number}" for number, each in enumerate(colours) if each == colour)) for colour in range(4)
    )
    shuffle.shuffle(world)
    found: tuple[Same, ...] = duplicates(world, KINDS, {})
    assert [same.logical_ids for same in found] == sorted(names for names in expected if len(names) > 1)


def test_ten_thousand_resources_take_less_than_two_seconds() -> None:
    world = [
        seen
        for number in range(2_500)
        for seen in (
            role(f"R{number}", *(allow(f"s:A{each}", f"r{number // 2}") for each in range(4))),
            log_group(f"a{number}"),
            *queue(f"Q{number}"),
        )
    ]
    uses = {f"Q{number}": (f"agent {number // 2}",) for number in range(2_500)}
    started = time.process_time()
    found = duplicates(world, KINDS, uses)
    assert time.process_time() - started < 2
    assert len(found) == 2_500
