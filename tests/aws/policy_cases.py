"""The cases of what watches and guards: policies on resources, managed policies, rotation, dashboards, trace groups."""

from __future__ import annotations

from typing import Any

from deployments.aws.calls import Aws
from deployments.engine.canonical import dumps
from tests.aws.conftest import ACCOUNT, FIRST_ZIP, REGION, ZIPS

BUCKET = f"strands-support-desk-dev-uploads-{ACCOUNT}"
BUCKET_ARN = f"arn:aws:s3:::{BUCKET}"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:strands-support-desk-dev-jobs"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:strands-support-desk-dev-alerts"
ROTATOR = "strands-support-desk-dev-rotator"


def tls_only(action: str, *resources: str) -> dict[str, Any]:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def and_allow(document: dict[str, Any], action: str, resource: str, service: str) -> dict[str, Any]:
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
    return {**document, "Statement": [*document["Statement"], allowed]}


def graphs(*titles: str) -> str:
    metric = ["AWS/Lambda", "Errors", "FunctionName", "strands-support-desk-dev-triage"]
    widgets = [{"type": "metric", "properties": {"title": title, "metrics": [metric]}} for title in titles]
    return dumps({"widgets": widgets})


def reading(*tables: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:Query"],
        "Resource": [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}" for table in tables],
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


ON_BUCKET = tls_only("s3:*", BUCKET_ARN, f"{BUCKET_ARN}/*")
ON_QUEUE = tls_only("sqs:*", QUEUE_ARN)
ON_TOPIC = tls_only("sns:Publish", TOPIC_ARN)

WANTED: dict[str, dict[str, Any]] = {
    "AWS::CloudWatch::Dashboard": {
        "DashboardName": "strands-support-desk-dev-overview",
        "DashboardBody": graphs("Errors"),
    },
    "AWS::IAM::ManagedPolicy": {
        "ManagedPolicyName": "strands-support-desk-dev-shared-1",
        "Description": "what the agents may do",
        "PolicyDocument": reading("tickets"),
    },
    "AWS::S3::BucketPolicy": {"Bucket": BUCKET, "PolicyDocument": ON_BUCKET},
    "AWS::SNS::TopicPolicy": {"Topics": [TOPIC_ARN], "PolicyDocument": ON_TOPIC},
    "AWS::SQS::QueuePolicy": {"Queues": ["$queue"], "PolicyDocument": ON_QUEUE},
    "AWS::SecretsManager::RotationSchedule": {
        "SecretId": "$secret",
        "RotationLambdaARN": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{ROTATOR}",
        "RotationRules": {"AutomaticallyAfterDays": 30},
        "RotateImmediatelyOnUpdate": False,
    },
    "AWS::XRay::Group": {
        "GroupName": "strands-support-desk-dev-traces",
        "FilterExpression": 'service("strands-support-desk-dev-triage")',
    },
}

CHANGED: dict[str, dict[str, Any]] = {
    "AWS::CloudWatch::Dashboard": {"DashboardBody": graphs("Errors", "Throttles")},
    "AWS::IAM::ManagedPolicy": {"PolicyDocument": reading("tickets", "people")},
    "AWS::S3::BucketPolicy": {
        "PolicyDocument": and_allow(ON_BUCKET, "s3:PutObject", f"{BUCKET_ARN}/*", "logging.s3.amazonaws.com")
    },
    "AWS::SNS::TopicPolicy": {
        "PolicyDocument": and_allow(ON_TOPIC, "sns:Publish", TOPIC_ARN, "cloudwatch.amazonaws.com")
    },
    "AWS::SQS::QueuePolicy": {
        "PolicyDocument": and_allow(ON_QUEUE, "sqs:SendMessage", QUEUE_ARN, "events.amazonaws.com")
    },
    "AWS::SecretsManager::RotationSchedule": {"RotationRules": {"AutomaticallyAfterDays": 7}},
    "AWS::XRay::Group": {
        "FilterExpression": 'service("strands-support-desk-dev-reporter")',
        "InsightsConfiguration": {"InsightsEnabled": True, "NotificationsEnabled": False},
    },
}

UNTAGGED = frozenset(WANTED) - {"AWS::CloudWatch::Dashboard", "AWS::IAM::ManagedPolicy", "AWS::XRay::Group"}

CREATE_WRITES = {
    "AWS::CloudWatch::Dashboard": ["PutDashboard"],
    "AWS::IAM::ManagedPolicy": ["CreatePolicy"],
    "AWS::S3::BucketPolicy": ["PutBucketPolicy"],
    "AWS::SNS::TopicPolicy": ["SetTopicAttributes"],
    "AWS::SQS::QueuePolicy": ["SetQueueAttributes"],
    "AWS::SecretsManager::RotationSchedule": ["RotateSecret"],
    "AWS::XRay::Group": ["CreateGroup"],
}

ONE_PROPERTY: dict[str, tuple[dict[str, Any], str]] = {
    "AWS::CloudWatch::Dashboard": ({"DashboardBody": graphs("Duration")}, "PutDashboard"),
    "AWS::IAM::ManagedPolicy": ({"PolicyDocument": reading("people")}, "CreatePolicyVersion"),
    "AWS::S3::BucketPolicy": ({"PolicyDocument": tls_only("s3:PutObject", f"{BUCKET_ARN}/*")}, "PutBucketPolicy"),
    "AWS::SNS::TopicPolicy": ({"PolicyDocument": tls_only("sns:Subscribe", TOPIC_ARN)}, "SetTopicAttributes"),
    "AWS::SQS::QueuePolicy": ({"PolicyDocument": tls_only("sqs:SendMessage", QUEUE_ARN)}, "SetQueueAttributes"),
    "AWS::SecretsManager::RotationSchedule": ({"RotationRules": {"AutomaticallyAfterDays": 1}}, "RotateSecret"),
    "AWS::XRay::Group": ({"FilterExpression": "fault = true"}, "UpdateGroup"),
}


def around(aws: Aws, type_name: str) -> dict[str, str]:
    """Makes what the case refers to; answers what its placeholders stand for."""
    match type_name:
        case "AWS::S3::BucketPolicy":
            aws.call("s3", "create_bucket", Bucket=BUCKET)
        case "AWS::SNS::TopicPolicy":
            aws.call("sns", "create_topic", Name=TOPIC_ARN.rpartition(":")[2])
        case "AWS::SQS::QueuePolicy":
            name = QUEUE_ARN.rpartition(":")[2]
            return {"$queue": str(aws.call("sqs", "create_queue", QueueName=name)["QueueUrl"])}
        case "AWS::SecretsManager::RotationSchedule":
            return {"$secret": _secret_with_rotator(aws)}
    return {}


def _secret_with_rotator(aws: Aws) -> str:
    trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = dumps({"Version": "2012-10-17", "Statement": [trusted]})
    role = aws.call("iam", "create_role", RoleName="rotator", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    aws.call(
        "lambda",
        "create_function",
        FunctionName=ROTATOR,
        Role=role,
        Runtime="python3.11",
        Handler="main.handler",
        Code={"ZipFile": ZIPS[FIRST_ZIP]},
    )
    aws.call(
        "lambda",
        "add_permission",
        FunctionName=ROTATOR,
        StatementId="rotation",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )
    secret = aws.call("secretsmanager", "create_secret", Name="strands/support-desk/dev/crm", SecretString="first")
    return str(secret["ARN"])
