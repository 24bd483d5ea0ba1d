"""What buckets, queues and topics say themselves: TLS only, and which AWS services may send.

Agents are allowed what they do by their roles; a policy here takes nothing from that and gives nobody more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deployments.aws.sns_topic_policy import OWNER_ACTIONS
from deployments.blueprint.draft import Draft
from deployments.blueprint.permissions import arn
from deployments.engine.errors import Refused
from deployments.engine.intrinsics import references
from deployments.engine.resources import Resource

_ALARM_ACTIONS = ("AlarmActions", "InsufficientDataActions", "OKActions")


@dataclass(frozen=True, slots=True)
class Sender:
    """An AWS service that sends on behalf of `source`, an ARN as `Fn::Sub` takes it.

    `anywhere`: the source's ARN cannot be somebody else's. `waiting` is the bucket that wants to see the policy first.
    """

    service: str
    source: str
    anywhere: bool = True
    waiting: str = ""

    @property
    def condition(self) -> dict[str, Any]:
        """When it may."""
        named = {"ArnLike": {"aws:SourceArn": {"Fn::Sub": self.source}}}
        return named if self.anywhere else {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}, **named}


@dataclass(frozen=True, slots=True)
class Guard:
    """How a type is guarded: the type of its policy, the property that names what it is on, and what TLS is for."""

    policy: str
    on: str
    listed: bool
    actions: str
    send: str = ""


_GUARDS: Mapping[str, Guard] = {
    "AWS::S3::Bucket": Guard("AWS::S3::BucketPolicy", "Bucket", listed=False, actions="s3:*"),
    "AWS::SNS::Topic": Guard("AWS::SNS::TopicPolicy", "Topics", listed=True, actions="sns:Publish", send="sns:Publish"),
    "AWS::SQS::Queue": Guard("AWS::SQS::QueuePolicy", "Queues", listed=True, actions="sqs:*", send="sqs:SendMessage"),
}


def add_resource_policies(draft: Draft) -> None:
    """Adds a policy to every bucket, queue and topic of the draft that nobody wrote one for. Comes last."""
    policies = {guard.policy for guard in _GUARDS.values()}
    theirs = {
        logical_id
        for resource in draft.resources.values()
        if resource.type in policies
        for logical_id in _mentioned(resource.properties)
    }
    senders = _senders(draft)
    for resource in list(draft.resources.values()):
        guard = _GUARDS.get(resource.type)
        if guard is not None and resource.logical_id not in theirs:
            _add_policy(draft, resource, guard, senders.get(resource.logical_id, []) if guard.send else [])


def _add_policy(draft: Draft, resource: Resource, guard: Guard, senders: Sequence[Sender]) -> None:
    reference = {"Ref": resource.logical_id}
    statements = [_tls_only(resource, guard)]
    if resource.type == "AWS::SNS::Topic":
        statements.append(_owner(resource))
    statements += [_allowed(resource, guard, sender) for sender in senders]
    policy = draft.add(
        f"{resource.logical_id}Policy",
        guard.policy,
        {
            guard.on: [reference] if guard.listed else reference,
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        },
        agent=resource.agent,
        retain=resource.retain,  # what stays, stays guarded
        path="resources",
    )
    for sender in senders:
        if sender.waiting:  # S3 tries whether it may send before it takes a notification
            bucket = draft.resources[sender.waiting]
            draft.resources[sender.waiting] = replace(bucket, depends_on=tuple(sorted({*bucket.depends_on, policy})))


def _tls_only(resource: Resource, guard: Guard) -> dict[str, Any]:
    whole: list[Any] = [arn(resource)]
    if resource.type == "AWS::S3::Bucket":
        whole.append({"Fn::Sub": f"${{{resource.logical_id}.Arn}}/*"})
    return {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": guard.actions,
        "Resource": whole,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _owner(resource: Resource) -> dict[str, Any]:
    """What SNS allows an account by itself, as long as its topic has no policy."""
    return {
        "Sid": "Owner",
        "Effect": "Allow",
        "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
        "Action": list(OWNER_ACTIONS),
        "Resource": arn(resource),
    }


def _allowed(resource: Resource, guard: Guard, sender: Sender) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": sender.service},
        "Action": guard.send,
        "Resource": arn(resource),
        "Condition": sender.condition,
    }


def _senders(draft: Draft) -> dict[str, list[Sender]]:
    """Who is to send where, by the logical ids of queues and topics."""
    found: dict[str, dict[Sender, None]] = defaultdict(dict)
    for resource in sorted(draft.resources.values(), key=lambda each: each.logical_id):
        properties = resource.properties
        match resource.type:
            case "AWS::CloudWatch::Alarm":
                text = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"
                sender = Sender("cloudwatch.amazonaws.com", text, anywhere=False)
                targets = [properties.get(name) for name in _ALARM_ACTIONS]
            case "AWS::Events::Rule":
                sender = Sender("events.amazonaws.com", f"${{{resource.logical_id}.Arn}}")
                targets = [properties.get("Targets")]
            case "AWS::S3::Bucket":
                # By its name, as the bucket itself comes after the policy.
                text = f"arn:${{AWS::Partition}}:s3:::{properties['BucketName']}"
                sender = Sender("s3.amazonaws.com", text, anywhere=False, waiting=resource.logical_id)
                targets = [properties.get("NotificationConfiguration")]
            case _:
                continue
        for target in _mentioned(targets):
            found[target][sender] = None
    return {target: list(senders) for target, senders in found.items()}


def _mentioned(value: Any) -> frozenset[str]:
    """The logical ids a value refers to; what is malformed is told of when it is planned."""
    try:
        return references(value)
    except Refused:
        return frozenset()
