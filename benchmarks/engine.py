"""What the engine itself costs, without any cloud: planning many resources, and a step beside its bare call."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time
from typing import Any

from deployments.aws.registry import KINDS
from deployments.engine.clock import SystemClock
from deployments.engine.executor import execute
from deployments.engine.fake_cloud import FakeCloud, fake_provisioners
from deployments.engine.fakes import NeverCancel, RecordingLedger
from deployments.engine.inbox import Inbox
from deployments.engine.intrinsics import resolve
from deployments.engine.plan import Plan, PlanKind
from deployments.engine.planner import Wanted, make_plan
from deployments.engine.ports import Ledger, Live, Target
from deployments.engine.resources import Resource
from deployments.engine.state import State, StateResource
from deployments.engine.story import Status

SIZES = (1_000, 3_000, 10_000)
AIM_PLANNING_SECONDS = 1.5
STEPS = 2_000
AIM_STEP_SECONDS = 0.005
PARALLELISM = 32
REPEATS = 3
_OWNER = {"strands:project": "bench", "strands:environment": "dev", "strands:managed-by": "strandsweb"}


@dataclass(frozen=True, slots=True)
class Planning:
    """Making one plan of so many resources: of nothing, of what is there and stays, and with a change in each.

    Seconds of the processor, of which planning uses one, so that a crowded machine does not blur them.
    """

    resources: int
    new_seconds: float
    unchanged_seconds: float
    changed_seconds: float

    @property
    def worst(self) -> float:
        """Seconds of the slowest."""
        return max(self.new_seconds, self.unchanged_seconds, self.changed_seconds)


@dataclass(frozen=True, slots=True)
class Overhead:
    """A run beside the same provisioner calls made bare, one after the other: seconds a step."""

    ledger: str
    steps: int
    run_seconds: float
    bare_seconds: float

    @property
    def per_step(self) -> float:
        """What a step takes beyond its call."""
        return (self.run_seconds - self.bare_seconds) / self.steps


def estate(count: int) -> list[Resource]:
    """So many resources, as agents have them: a role, a log group, a function, a queue and its mapping, an alarm."""
    found: list[Resource] = []
    for number in range(-(-count // 6)):
        name, agent = f"strands-bench-dev-agent-{number}", f"Agent{number}"
        found += [
            _resource(agent, f"{agent}Queue", "AWS::SQS::Queue", {"QueueName": name, "VisibilityTimeout": 120}),
            _resource(agent, f"{agent}Logs", "AWS::Logs::LogGroup", {"LogGroupName": name, "RetentionInDays": 30}),
            _resource(agent, f"{agent}Role", "AWS::IAM::Role", _role(name, agent)),
            _resource(agent, f"{agent}Function", "AWS::Lambda::Function", _function(name, agent)),
            _resource(
                agent,
                f"{agent}Source",
                "AWS::Lambda::EventSourceMapping",
                {
                    "FunctionName": {"Ref": f"{agent}Function"},
                    "EventSourceArn": {"Fn::GetAtt": [f"{agent}Queue", "Arn"]},
                    "BatchSize": 10,
                },
            ),
            _resource(
                agent,
                f"{agent}Errors",
                "AWS::CloudWatch::Alarm",
                {
                    "AlarmName": name,
                    "Namespace": "AWS/Lambda",
                    "MetricName": "Errors",
                    "Threshold": 1,
                    "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": f"{agent}Function"}}],
                },
            ),
        ]
    return found[:count]


def _resource(stack: str, logical_id: str, type_name: str, properties: dict[str, Any]) -> Resource:
    return Resource(stack, logical_id, type_name, properties, tags=_OWNER, volatile_tags={"strands:version": "1"})


def _role(name: str, agent: str) -> dict[str, Any]:
    trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": {"Fn::GetAtt": [f"{agent}{part}", "Arn"]}}
        for part, actions in (
            ("Queue", ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]),
            ("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"]),
        )
    ]
    return {
        "RoleName": name,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
        "Policies": [
            {"PolicyName": "permissions", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
        ],
    }


def _function(name: str, agent: str) -> dict[str, Any]:
    return {
        "FunctionName": name,
        "Runtime": "python3.11",
        "Handler": "main.handler",
        "MemorySize": 512,
        "Timeout": 30,
        "Role": {"Fn::GetAtt": [f"{agent}Role", "Arn"]},
        "Code": {"S3Bucket": "artifacts", "S3Key": f"{agent}/{'0' * 64}.zip"},
        "Environment": {"Variables": {"QUEUE": {"Ref": f"{agent}Queue"}, "MODEL": "claude"}},
        "LoggingConfig": {"LogGroup": {"Ref": f"{agent}Logs"}, "LogFormat": "JSON"},
    }


def nothing() -> State:
    """An environment before its first deployment."""
    return State(0, "bench", "dev", "us-east-1", "123456789012")


def plan_of(resources: Sequence[Resource], state: State, live: dict[str, Live | None]) -> Plan:
    """A deployment's plan."""
    wanted = Wanted(kind=PlanKind.DEPLOY, project="bench", resources=resources)
    return make_plan(wanted, state=state, live=live, kinds=KINDS)


def as_deployed(plan: Plan) -> tuple[State, dict[str, Live | None]]:
    """State and world as they would be after a plan that creates everything."""
    there: dict[str, StateResource] = {}
    live: dict[str, Live | None] = {}

    def known(name: str, attribute: str) -> str:
        return f"arn:aws:bench:::{name}" if attribute else name.lower()

    for change in plan.changes:
        target = change.target
        assert target is not None, change.logical_id
        properties, physical_id = resolve(target.properties, known), change.logical_id.lower()
        attributes = {"Arn": known(change.logical_id, "Arn")}
        there[change.logical_id] = StateResource(
            stack=target.stack,
            logical_id=change.logical_id,
            type=change.type,
            physical_id=physical_id,
            properties=properties,
            attributes=attributes,
            dependencies=change.dependencies,
            tags=target.tags,
        )
        live[change.logical_id] = Live(physical_id, properties, attributes, {**target.tags, **target.volatile_tags})
    return nothing().with_resources(there.values()), live


def planning(count: int) -> Planning:
    """The best of a few repetitions."""
    resources = estate(count)
    plan, new_seconds = timed(lambda: plan_of(resources, nothing(), {}))
    state, live = as_deployed(plan)
    unchanged, unchanged_seconds = timed(lambda: plan_of(resources, state, live))
    assert unchanged.is_empty and len(unchanged.changes) == count
    for name, seen in live.items():
        assert seen is not None
        live[name] = Live(seen.physical_id, seen.properties, seen.attributes, {**seen.tags, "strands:project": "x"})
    changed, changed_seconds = timed(lambda: plan_of(resources, state, live))
    assert changed.counts()["update"] == count
    return Planning(count, new_seconds, unchanged_seconds, changed_seconds)


def overhead(count: int = STEPS) -> Overhead:
    """A run of so many steps against a cloud that answers at once, with a ledger in memory."""
    plan = plan_of(estate(count), nothing(), {})
    ledgers = [RecordingLedger(nothing()) for _ in range(REPEATS)]
    seconds = median(run_seconds(plan, ledger) for ledger in ledgers)
    return Overhead("memory", count, seconds, bare_seconds(plan))


def run_seconds(plan: Plan, ledger: Ledger) -> float:
    """How long the plan takes on an empty cloud that answers at once."""
    clock = SystemClock()
    inbox = Inbox(clock)
    provisioners = fake_provisioners(KINDS, FakeCloud(strict=False), inbox)
    gc.collect()
    began = perf_counter()
    outcome = execute(
        plan=plan,
        state=nothing(),
        provisioners=provisioners,
        ledger=ledger,
        clock=clock,
        control=NeverCancel(),
        inbox=inbox,
        parallelism=PARALLELISM,
        worker="bench",
        run_token="bench",
    )
    seconds = perf_counter() - began
    assert outcome.status is Status.SUCCEEDED, outcome.counts
    return seconds


def bare_seconds(plan: Plan) -> float:
    """How long the same creations take one after the other, with nothing around them."""
    _, live = as_deployed(plan)
    provisioners = fake_provisioners(KINDS, FakeCloud(strict=False))
    targets = []
    for change in plan.changes:
        seen, target = live[change.logical_id], change.target
        assert seen is not None and target is not None
        targets.append(Target(change.logical_id, change.type, seen.properties, seen.tags))
    gc.collect()
    began = perf_counter()
    for each in targets:
        provisioners[each.type].create(each)
    return perf_counter() - began


def timed(work: Callable[[], Plan]) -> tuple[Plan, float]:
    """The last of a few results, and the seconds of the one that was disturbed least."""
    took = []
    for _ in range(REPEATS):
        gc.collect()
        began = process_time()
        result = work()
        took.append(process_time() - began)
    return result, min(took)
