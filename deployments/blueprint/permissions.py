"""What agents may do, as the smallest IAM statements that say it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.engine import canonical
from deployments.engine.resources import Resource

POLICY_LIMIT = 10_240
"""Characters all inline policies of one role may have together, white space aside (IAM quotas)."""

MANAGED_POLICY_LIMIT = 5_000
"""Characters put into one managed policy by estimate; IAM takes 6,144, and names may be longer than is typical."""

MANAGED_POLICIES_AT_MOST = 10
"""How many managed policies a role takes unless its account's quota was raised."""

_TYPICAL_ARN = 90  # characters of an ARN with an account, a region and a name of ours

ACCESS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "AWS::S3::Bucket": {
        "read": ("s3:GetObject", "s3:ListBucket"),
        "write": ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"),
    },
    "AWS::DynamoDB::Table": {
        "read": (
            "dynamodb:BatchGetItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:DescribeTable",
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:Scan",
        ),
        "write": (
            "dynamodb:BatchWriteItem",
            "dynamodb:DeleteItem",
            "dynamodb:DescribeTable",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ),
    },
    "AWS::SQS::Queue": {
        "read": (
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
        ),
        "write": ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"),
    },
    "AWS::SNS::Topic": {
        "read": ("sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"),
        "write": ("sns:Publish",),
    },
    "AWS::Events::EventBus": {
        "read": ("events:DescribeEventBus",),
        "write": ("events:PutEvents",),
    },
    "AWS::SecretsManager::Secret": {
        "read": ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
        "write": ("secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"),
    },
}
"""Access words per type, as actions. Writing includes deleting what was written (rows, objects), never the resource."""

CONSUME_QUEUE = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
"""What Lambda needs, with the function's role, to read a queue that triggers it."""

READ_SECRET = ("secretsmanager:GetSecretValue",)

ROTATE_SECRET = (
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
)
"""What a function needs to give a secret its next value."""

_WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
_TRACE = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
_READ_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
_LIVE_IN_VPC = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
_INVOKE_MODEL = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")

_OBJECT_ACTIONS = frozenset({"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"})
_OBJECT_LOCK_OF_BUCKET = frozenset({"s3:GetBucketObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration"})
_LISTINGS = frozenset({"s3:ListBucket", "s3:ListBucketVersions"})
# `us.anthropic.claude...` is an inference profile over several regions: one in the account, and the model in each.
_PROFILE_AREAS = frozenset({"apac", "au", "ca", "eu", "global", "jp", "us", "us-gov"})

_MENTION = re.compile(r"\$\{\w+(\.\w+)?\}")

_ARN_IS_REF = frozenset({"AWS::SNS::Topic", "AWS::SecretsManager::Secret"})


@dataclass(frozen=True, slots=True)
class Permission:
    """Actions on one ARN (a text or an intrinsic), under a condition or none."""

    actions: tuple[str, ...]
    resource: str | Mapping[str, Any]
    condition: Mapping[str, Any] | None = None


def actions_for(kind: str, access: str) -> tuple[str, ...]:
    """The actions of `read`, `write` or `read-write` on a type; sorted.

    Raises:
        KeyError: the type has no access words, or the word is none.
    """
    words = ACCESS[kind]
    if access == "read-write":
        return tuple(sorted({*words["read"], *words["write"]}))
    return words[access]


def arn(resource: Resource) -> dict[str, Any]:
    """The intrinsic that resolves to a resource's ARN."""
    if resource.type in _ARN_IS_REF:
        return {"Ref": resource.logical_id}
    return {"Fn::GetAtt": [resource.logical_id, "Arn"]}


def on_resource(resource: Resource, actions: Iterable[str], path: str = "") -> list[Permission]:
    """Actions on a resource and, where the service tells them apart, on what is in it.

    `path` narrows a bucket to the objects of that pattern, and its listing to their prefix.
    """
    wanted = tuple(sorted(set(actions)))
    if resource.type == "AWS::S3::Bucket":
        return _on_bucket(resource, wanted, path)
    permissions = [Permission(wanted, arn(resource))]
    if resource.type == "AWS::DynamoDB::Table":
        indexes = [
            *resource.properties.get("GlobalSecondaryIndexes", ()),
            *resource.properties.get("LocalSecondaryIndexes", ()),
        ]
        permissions += [
            Permission(wanted, {"Fn::Sub": f"${{{resource.logical_id}.Arn}}/index/{index['IndexName']}"})
            for index in indexes
        ]
    return permissions


def _on_bucket(bucket: Resource, actions: tuple[str, ...], path: str) -> list[Permission]:
    objects = tuple(action for action in actions if _is_for_objects(action))
    listings = tuple(action for action in actions if action in _LISTINGS)
    others = tuple(action for action in actions if action not in listings and not _is_only_for_objects(action))
    permissions = []
    if objects:
        pattern = (path or "*").lstrip("/").replace("${", "${!")
        permissions.append(Permission(objects, {"Fn::Sub": f"${{{bucket.logical_id}.Arn}}/{pattern}"}))
    if listings:
        condition = {"StringLike": {"s3:prefix": path.lstrip("/")}} if path else None
        permissions.append(Permission(listings, arn(bucket), condition))
    if others:
        permissions.append(Permission(others, arn(bucket)))
    return permissions


def _is_only_for_objects(action: str) -> bool:
    return action in _OBJECT_ACTIONS or ("Object" in action and action not in _OBJECT_LOCK_OF_BUCKET)


def _is_for_objects(action: str) -> bool:
    return _is_only_for_objects(action) or action.endswith("*")  # `s3:Get*` means objects and bucket alike


def to_write_logs(log_group: str) -> Permission:
    """Writing into one log group (or all whose name begins so, when it ends in `*`), and no other."""
    place = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group"
    return Permission(_WRITE_LOGS, {"Fn::Sub": f"{place}:{log_group}:*"})


def to_trace() -> Permission:
    """Sending X-Ray traces; the service knows no resource to narrow it to."""
    return Permission(_TRACE, "*")


def to_make_password() -> Permission:
    """Having a random password made; it belongs to nothing yet."""
    return Permission(("secretsmanager:GetRandomPassword",), "*")


def to_read_stream(table: str) -> Permission:
    """Reading the changes of a table, as Lambda does with the function's role."""
    return Permission(_READ_STREAM, {"Fn::GetAtt": [table, "StreamArn"]})


def to_live_in_vpc() -> Permission:
    """The network interfaces a function has in its subnets; Lambda asks for the actions on any resource."""
    return Permission(_LIVE_IN_VPC, "*")


def to_invoke_model(model: str) -> list[Permission]:
    """Invoking one Bedrock model, named by its id, its inference profile's id, or an ARN."""
    if model.startswith("arn:"):
        return [Permission(_INVOKE_MODEL, model)]
    area, _, rest = model.partition(".")
    if area not in _PROFILE_AREAS:
        here = f"arn:${{AWS::Partition}}:bedrock:${{AWS::Region}}::foundation-model/{model}"
        return [Permission(_INVOKE_MODEL, {"Fn::Sub": here})]
    profile = f"arn:${{AWS::Partition}}:bedrock:${{AWS::Region}}:${{AWS::AccountId}}:inference-profile/{model}"
    return [
        Permission(_INVOKE_MODEL, {"Fn::Sub": profile}),
        Permission(_INVOKE_MODEL, {"Fn::Sub": f"arn:${{AWS::Partition}}:bedrock:*::foundation-model/{rest}"}),
    ]


def document(permissions: Iterable[Permission]) -> dict[str, Any]:
    """The union as a policy document: each ARN once, ARNs with equal actions and condition in one statement.

    The order of the permissions makes no difference to the bytes.
    """
    actions: dict[tuple[str, str], set[str]] = defaultdict(set)
    values: dict[str, Any] = {}
    for permission in permissions:
        resource, condition = canonical.dumps(permission.resource), canonical.dumps(permission.condition)
        values[resource], values[condition] = permission.resource, permission.condition
        actions[resource, condition].update(permission.actions)
    together: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for (resource, condition), allowed in actions.items():
        together[tuple(sorted(allowed)), condition].append(resource)
    statements = []
    for (allowed_actions, condition), resources in sorted(together.items()):
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Action": list(allowed_actions),
            "Resource": [values[resource] for resource in sorted(resources)],
        }
        if values[condition]:
            statement["Condition"] = values[condition]
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}


def parts(policy: Mapping[str, Any], limit: int = MANAGED_POLICY_LIMIT) -> list[dict[str, Any]]:
    """The same document as several, each of at most about `limit` characters, in an order of its own.

    A statement on more resources than fit becomes several. The same document gives the same parts.
    """
    documents: list[dict[str, Any]] = []
    for statement in policy["Statement"]:
        for piece in _pieces(statement, limit - size_estimate(_empty())):
            last = documents[-1] if documents else None
            if last is None or size_estimate({**last, "Statement": [*last["Statement"], piece]}) > limit:
                documents.append({**_empty(), "Statement": [piece]})
            else:
                last["Statement"].append(piece)
    return documents


def _empty() -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": []}


def _pieces(statement: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    pieces: list[dict[str, Any]] = []
    for resource in statement["Resource"]:
        last = pieces[-1] if pieces else None
        if last is None or size_estimate({**last, "Resource": [*last["Resource"], resource]}) > limit:
            pieces.append({**statement, "Resource": [resource]})
        else:
            last["Resource"].append(resource)
    return pieces


def size_estimate(policy: Mapping[str, Any]) -> int:
    """About how many characters IAM will count once the references are resolved."""
    return len(canonical.dumps(_with_typical_arns(policy)))


def _with_typical_arns(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "Fn::Sub" in value:
            return _MENTION.sub("x" * _TYPICAL_ARN, value["Fn::Sub"])
        if "Fn::GetAtt" in value or "Ref" in value:
            return "x" * _TYPICAL_ARN
        return {key: _with_typical_arns(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_with_typical_arns(entry) for entry in value]
    return value
