"""Buckets that start agents: S3 wants to see the function and its permission before it takes a notification.

So the bucket depends on the function, while function and role speak of the bucket. The circle is broken as users of
CloudFormation break it: function, role and permission say the bucket's name, which is known beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deployments.blueprint.callee import Callee
from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal
from projects.configuration.model import Agent, Trigger

_PROPERTY = "NotificationConfiguration"
_BEFORE_THE_BUCKET = frozenset(
    {"AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::Lambda::Function", "AWS::Lambda::Permission"}
)


def add_notification(draft: Draft, agent: Agent, trigger: Trigger, path: str, callee: Callee, bucket: str) -> None:
    """Lets new objects of a bucket start an agent."""
    there = draft.resources[bucket]
    permission = draft.add(
        pascal(agent.name, trigger.resource or "", "permission"),
        "AWS::Lambda::Permission",
        {
            "FunctionName": callee.name,
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
            "SourceArn": {"Fn::GetAtt": [bucket, "Arn"]},
            "SourceAccount": draft.facts.account,  # names of buckets are not an account's for ever
        },
        agent=agent.name,
        line=trigger.line,
        path=path,
    )
    rules = [
        {"Name": name, "Value": value}
        for name, value in (("prefix", trigger.prefix), ("suffix", trigger.suffix))
        if value
    ]
    entry = {"Event": "s3:ObjectCreated:*", "Function": callee.arn}
    if rules:
        entry["Filter"] = {"S3Key": {"Rules": rules}}
    entries = [*there.properties.get(_PROPERTY, {}).get("LambdaConfigurations", ()), entry]
    draft.resources[bucket] = replace(
        there,
        properties={**there.properties, _PROPERTY: {"LambdaConfigurations": entries}},
        depends_on=tuple(sorted({*there.depends_on, permission})),
    )


def break_circles(draft: Draft) -> None:
    """Lets everything that has to be there before a notifying bucket say the bucket's name."""
    names = {
        logical_id: resource.properties["BucketName"]
        for logical_id, resource in draft.resources.items()
        if _PROPERTY in resource.properties
    }
    if not names:
        return
    for logical_id, resource in draft.resources.items():
        if resource.type in _BEFORE_THE_BUCKET:
            draft.resources[logical_id] = replace(resource, properties=_by_name(resource.properties, names))


def _by_name(value: Any, names: Mapping[str, str]) -> Any:
    match value:
        case {"Ref": str(bucket)} if bucket in names:
            return names[bucket]
        case {"Fn::GetAtt": [str(bucket), "Arn"]} if bucket in names:
            return {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{names[bucket]}"}
        case {"Fn::Sub": str(text)}:
            for bucket, name in names.items():
                text = text.replace(f"${{{bucket}.Arn}}", f"arn:${{AWS::Partition}}:s3:::{name}")
            return {"Fn::Sub": text}
        case Mapping():
            return {key: _by_name(entry, names) for key, entry in value.items()}
        case list():
            return [_by_name(entry, names) for entry in value]
    return value
