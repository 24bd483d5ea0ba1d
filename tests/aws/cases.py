"""One case per kind: what is wanted, what changes in place, and the surroundings it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deployments.aws.calls import Aws
from deployments.aws.registry import provisioners
from deployments.engine.canonical import dumps
from deployments.engine.ports import Live
from deployments.engine.resources import Resource
from tests.aws import api_cases, function_cases, network_cases, policy_cases
from tests.aws.conftest import ACCOUNT, FIRST_ZIP, REGION, SECOND_ZIP, ZIPS, Recording
from tests.engine.provisioner_contract import Case, target

TAGS = {"strands:project": "support-desk", "strands:environment": "dev", "team": "platform"}
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/strands-support-desk-dev-shared"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:strands-support-desk-dev-triage"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:strands-support-desk-dev-jobs"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def allow(*actions: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": f"arn:aws:s3:::bucket-{ACCOUNT}/*"}],
    }


def function_properties(**changes: Any) -> dict[str, Any]:
    return {
        "FunctionName": "strands-support-desk-dev-triage",
        "Role": ROLE_ARN,
        "Runtime": "python3.11",
        "Handler": "main.handler",
        "MemorySize": 512,
        "Timeout": 30,
        "Environment": {"Variables": {"MODEL": "local"}},
        "Code": {"S3Bucket": "code", "S3Key": f"triage/{FIRST_ZIP}.zip"},
        **changes,
    }


WANTED: dict[str, dict[str, Any]] = {
    "AWS::ApiGatewayV2::Api": {
        "Name": "strands-support-desk-dev",
        "ProtocolType": "HTTP",
        "CorsConfiguration": {"AllowOrigins": ["*"], "AllowMethods": ["GET", "POST"], "AllowHeaders": ["Content-Type"]},
    },
    "AWS::ApiGatewayV2::Integration": {
        "ApiId": "$api",
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": FUNCTION_ARN,
        "PayloadFormatVersion": "2.0",
        "TimeoutInMillis": 20000,
    },
    "AWS::ApiGatewayV2::Route": {"ApiId": "$api", "RouteKey": "POST /support", "Target": "integrations/abc"},
    "AWS::ApiGatewayV2::Stage": {
        "ApiId": "$api",
        "StageName": "$default",
        "AutoDeploy": True,
        "DefaultRouteSettings": {"ThrottlingBurstLimit": 10, "ThrottlingRateLimit": 5.0},
    },
    "AWS::CloudWatch::Alarm": {
        "AlarmName": "strands-support-desk-dev-triage-errors",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "strands-support-desk-dev-triage"}],
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [f"arn:aws:sns:{REGION}:{ACCOUNT}:strands-support-desk-dev-alerts"],
    },
    "AWS::DynamoDB::Table": {
        "TableName": "strands-support-desk-dev-tickets",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True},
        "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
    },
    "AWS::Events::EventBus": {"Name": "strands-support-desk-dev-bus", "Description": "the desk's events"},
    "AWS::Events::Rule": {
        "Name": "strands-support-desk-dev-reporter",
        "ScheduleExpression": "rate(5 minutes)",
        "State": "ENABLED",
        "Targets": [{"Id": "reporter", "Arn": FUNCTION_ARN}],
    },
    "AWS::IAM::Role": {
        "RoleName": "strands-support-desk-dev-triage",
        "AssumeRolePolicyDocument": TRUST,
        "Description": "what triage may do",
        "Policies": [
            {"PolicyName": "uploads", "PolicyDocument": allow("s3:GetObject")},
            {"PolicyName": "logs", "PolicyDocument": allow("logs:PutLogEvents", "logs:CreateLogStream")},
        ],
        "ManagedPolicyArns": [f"arn:aws:iam::{ACCOUNT}:policy/tracing"],
    },
    "AWS::Lambda::EventSourceMapping": {
        "FunctionName": "strands-support-desk-dev-triage",
        "EventSourceArn": QUEUE_ARN,
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    },
    "AWS::Lambda::Function": function_properties(),
    "AWS::Lambda::Permission": {
        "FunctionName": "strands-support-desk-dev-triage",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc/*/POST/support",
    },
    "AWS::Logs::LogGroup": {"LogGroupName": "/aws/lambda/strands-support-desk-dev-triage", "RetentionInDays": 30},
    "AWS::S3::Bucket": {
        "BucketName": f"strands-support-desk-dev-uploads-{ACCOUNT}",
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "VersioningConfiguration": {"Status": "Enabled"},
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": "old-versions",
                    "Status": "Enabled",
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                }
            ]
        },
    },
    "AWS::SNS::Topic": {"TopicName": "strands-support-desk-dev-alerts", "KmsMasterKeyId": "alias/aws/sns"},
    "AWS::SQS::Queue": {
        "QueueName": "strands-support-desk-dev-jobs",
        "VisibilityTimeout": 120,
        "SqsManagedSseEnabled": True,
        "RedrivePolicy": {
            "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:strands-support-desk-dev-dead",
            "maxReceiveCount": 5,
        },
    },
    "AWS::SecretsManager::Secret": {
        "Name": "strands/support-desk/dev/crm-token",
        "Description": "the CRM's token",
        "GenerateSecretString": {"PasswordLength": 40},
    },
    **function_cases.WANTED,
    **network_cases.WANTED,
    **api_cases.WANTED,
    **policy_cases.WANTED,
}

# What changes in place; None takes the property out.
CHANGED: dict[str, dict[str, Any]] = {
    "AWS::ApiGatewayV2::Api": {"Description": "the desk's API", "CorsConfiguration": None},
    "AWS::ApiGatewayV2::Integration": {"TimeoutInMillis": 10000},
    "AWS::ApiGatewayV2::Route": {"Target": "integrations/def"},
    "AWS::ApiGatewayV2::Stage": {"DefaultRouteSettings": {"ThrottlingBurstLimit": 50, "ThrottlingRateLimit": 25.0}},
    "AWS::CloudWatch::Alarm": {"Threshold": 5, "AlarmActions": None},
    "AWS::DynamoDB::Table": {
        "PointInTimeRecoverySpecification": None,
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        "DeletionProtectionEnabled": False,
        "AttributeDefinitions": [
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "status", "AttributeType": "S"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-status",
                "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    },
    "AWS::Events::EventBus": {"Description": "events"},
    "AWS::Events::Rule": {
        "ScheduleExpression": "rate(1 hour)",
        "Targets": [{"Id": "hourly", "Arn": FUNCTION_ARN, "Input": '{"hourly":true}'}],
    },
    "AWS::IAM::Role": {
        "Description": None,
        "Policies": [
            {"PolicyName": "uploads", "PolicyDocument": allow("s3:GetObject", "s3:PutObject")},
            {"PolicyName": "queue", "PolicyDocument": allow("sqs:SendMessage")},
        ],
        "ManagedPolicyArns": [],
        "MaxSessionDuration": 7200,
    },
    "AWS::Lambda::EventSourceMapping": {"BatchSize": 5, "Enabled": False},
    "AWS::Lambda::Function": {
        "MemorySize": 1024,
        "Environment": {"Variables": {"MODEL": "other", "LEVEL": "debug"}},
        "ReservedConcurrentExecutions": 5,
        "Description": "sorts tickets",
        "Code": {"S3Bucket": "code", "S3Key": f"triage/{SECOND_ZIP}.zip"},
    },
    "AWS::Logs::LogGroup": {"RetentionInDays": None},
    "AWS::S3::Bucket": {
        "VersioningConfiguration": None,
        "LifecycleConfiguration": None,
        "CorsConfiguration": {
            "CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"], "MaxAge": 600}]
        },
    },
    "AWS::SNS::Topic": {"DisplayName": "Alerts", "KmsMasterKeyId": None},
    "AWS::SQS::Queue": {"VisibilityTimeout": 300, "RedrivePolicy": None, "DelaySeconds": 3},
    "AWS::SecretsManager::Secret": {"Description": "the CRM's new token"},
    **function_cases.CHANGED,
    **network_cases.CHANGED,
    **api_cases.CHANGED,
    **policy_cases.CHANGED,
}

UNTAGGED = (
    function_cases.UNTAGGED
    | network_cases.UNTAGGED
    | api_cases.UNTAGGED
    | policy_cases.UNTAGGED
    | frozenset(
        {
            "AWS::ApiGatewayV2::Integration",
            "AWS::ApiGatewayV2::Route",
            "AWS::Lambda::EventSourceMapping",
            "AWS::Lambda::Permission",
        }
    )
)


def wanted(type_name: str, real: Mapping[str, str] | None = None) -> Resource:
    """The resource of this kind; `real` says what its placeholders (`$vpc`) stand for."""
    tags = {} if type_name in UNTAGGED else TAGS | network_cases.named(type_name)
    properties: dict[str, Any] = filled(WANTED[type_name], real or {})
    return Resource("shared-infrastructure", "Subject", type_name, properties, tags=tags)


def changed(resource: Resource, real: Mapping[str, str] | None = None) -> Resource | None:
    """The same resource with what can change in place changed; its tags too."""
    if resource.type not in CHANGED:
        return None
    merged = {**resource.properties, **filled(CHANGED[resource.type], real or {})}
    tags = {**resource.tags, "team": "desk", "tier": "gold"} if resource.tags else {}
    return replace(resource, properties={name: value for name, value in merged.items() if value is not None}, tags=tags)


def filled(value: Any, real: Mapping[str, str]) -> Any:
    """The value with placeholders replaced."""
    match value:
        case dict():
            return {key: filled(entry, real) for key, entry in value.items()}
        case list():
            return [filled(entry, real) for entry in value]
        case str() if value.startswith("$") and value in real:
            return real[value]
    return value


def around(aws: Aws, type_name: str) -> dict[str, str]:
    """Makes what the case of this kind refers to; answers what its placeholders stand for."""
    service = type_name.split("::")[1]
    if type_name in api_cases.WANTED:
        return api_cases.around(aws, type_name)
    if service == "EC2":
        return network_cases.around(aws, type_name)
    if type_name == "AWS::IAM::Role":
        document = dumps(allow("xray:PutTraceSegments"))
        aws.call("iam", "create_policy", PolicyName="tracing", PolicyDocument=document)
    if service == "Lambda":
        name = ROLE_ARN.rpartition("/")[2]
        aws.call("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=dumps(TRUST))
        aws.call("s3", "create_bucket", Bucket="code")
    if type_name in function_cases.NEED_A_FUNCTION:
        key = f"triage/{FIRST_ZIP}.zip"
        aws.call("s3", "put_object", Bucket="code", Key=key, Body=ZIPS[FIRST_ZIP])
        aws.call("lambda", "create_function", **function_properties())
    if type_name in function_cases.WANTED:
        return function_cases.around(aws, type_name)
    if type_name in policy_cases.WANTED:
        return policy_cases.around(aws, type_name)
    if type_name == "AWS::Lambda::EventSourceMapping":
        aws.call("sqs", "create_queue", QueueName="strands-support-desk-dev-jobs")
    if type_name == "AWS::SQS::Queue":
        aws.call("sqs", "create_queue", QueueName="strands-support-desk-dev-dead")
    if service != "ApiGatewayV2" or type_name == "AWS::ApiGatewayV2::Api":
        return {}
    return {"$api": str(aws.call("apigatewayv2", "create_api", Name="around", ProtocolType="HTTP")["ApiId"])}


def case(aws: Aws, listener: Recording, type_name: str) -> Case:
    """The contract's case for this kind."""
    real = around(aws, type_name)
    resource = wanted(type_name, real)
    provisioner = provisioners(aws, ZIPS.__getitem__)[type_name]
    other = changed(resource, real)

    def drift(live: Live) -> None:
        assert other is not None
        provisioner.update(target(replace(other, tags=resource.tags)), live)

    return Case(
        provisioner=provisioner,
        wanted=resource,
        changed=other,
        drift=drift if CHANGED.get(type_name) else None,
        writes=lambda: len(listener.writes()),
        taggable=type_name not in UNTAGGED,
    )
