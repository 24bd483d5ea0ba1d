"""The cases of what belongs to a function: versions, aliases, addresses, layers, subscriptions."""

from __future__ import annotations

from typing import Any

from deployments.aws.calls import Aws
from tests.aws.conftest import ACCOUNT, FIRST_ZIP, REGION

FUNCTION = "strands-support-desk-dev-triage"

WANTED: dict[str, dict[str, Any]] = {
    "AWS::Lambda::Alias": {"FunctionName": FUNCTION, "Name": "live", "FunctionVersion": "1", "Description": "in use"},
    "AWS::Lambda::LayerVersion": {
        "LayerName": "strands-support-desk-dev-common",
        "Content": {"S3Bucket": "code", "S3Key": f"layers/{FIRST_ZIP}.zip"},
        "CompatibleRuntimes": ["python3.11"],
    },
    "AWS::Lambda::Url": {"TargetFunctionArn": FUNCTION, "AuthType": "AWS_IAM"},
    "AWS::Lambda::Version": {"FunctionName": FUNCTION, "Description": "1a2b3c4d"},
    "AWS::SNS::Subscription": {
        "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:strands-support-desk-dev-news",
        "Protocol": "sqs",
        "Endpoint": f"arn:aws:sqs:{REGION}:{ACCOUNT}:strands-support-desk-dev-jobs",
        "FilterPolicy": {"kind": ["urgent"]},
    },
}

CHANGED: dict[str, dict[str, Any]] = {
    "AWS::Lambda::Alias": {
        "Description": "what people use",
        "RoutingConfig": {"AdditionalVersionWeights": [{"FunctionVersion": "2", "FunctionWeight": 0.1}]},
    },
    "AWS::Lambda::Url": {"AuthType": "NONE", "Cors": {"AllowOrigins": ["*"], "AllowMethods": ["POST"]}},
    "AWS::SNS::Subscription": {"FilterPolicy": None, "RawMessageDelivery": True},
}

UNTAGGED = frozenset(WANTED)
NEED_A_FUNCTION = frozenset(WANTED) - {"AWS::Lambda::LayerVersion", "AWS::SNS::Subscription"} | {
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
}


def around(aws: Aws, type_name: str) -> dict[str, str]:
    """Makes what the case refers to, besides the function."""
    if type_name == "AWS::Lambda::Alias":
        for memory in (256, 512):
            aws.call("lambda", "update_function_configuration", FunctionName=FUNCTION, MemorySize=memory)
            aws.call("lambda", "publish_version", FunctionName=FUNCTION)
    if type_name == "AWS::SNS::Subscription":
        aws.call("sns", "create_topic", Name="strands-support-desk-dev-news")
        aws.call("sqs", "create_queue", QueueName="strands-support-desk-dev-jobs")
    return {}
