"""Which kinds of AWS resources can be deployed: one line each."""

from __future__ import annotations

from collections.abc import Mapping

from deployments.aws.apigatewayv2_api import ApiGatewayV2Api
from deployments.aws.apigatewayv2_integration import ApiGatewayV2Integration
from deployments.aws.apigatewayv2_route import ApiGatewayV2Route
from deployments.aws.apigatewayv2_stage import ApiGatewayV2Stage
from deployments.aws.calls import Aws
from deployments.aws.cloudwatch_alarm import CloudWatchAlarm
from deployments.aws.dynamodb_table import DynamoDbTable
from deployments.aws.events_bus import EventsBus
from deployments.aws.events_rule import EventsRule
from deployments.aws.iam_role import IamRole
from deployments.aws.lambda_event_source_mapping import LambdaEventSourceMapping
from deployments.aws.lambda_function import LambdaFunction
from deployments.aws.lambda_permission import LambdaPermission
from deployments.aws.logs_log_group import LogsLogGroup
from deployments.aws.provisioner import Artifacts, AwsProvisioner
from deployments.aws.s3_bucket import S3Bucket
from deployments.aws.secretsmanager_secret import SecretsManagerSecret
from deployments.aws.sns_topic import SnsTopic
from deployments.aws.sqs_queue import SqsQueue
from deployments.engine.kinds import Kinds
from deployments.engine.ports import Provisioners

PROVISIONERS: Mapping[str, type[AwsProvisioner]] = {
    "AWS::ApiGatewayV2::Api": ApiGatewayV2Api,
    "AWS::ApiGatewayV2::Integration": ApiGatewayV2Integration,
    "AWS::ApiGatewayV2::Route": ApiGatewayV2Route,
    "AWS::ApiGatewayV2::Stage": ApiGatewayV2Stage,
    "AWS::CloudWatch::Alarm": CloudWatchAlarm,
    "AWS::DynamoDB::Table": DynamoDbTable,
    "AWS::Events::EventBus": EventsBus,
    "AWS::Events::Rule": EventsRule,
    "AWS::IAM::Role": IamRole,
    "AWS::Lambda::EventSourceMapping": LambdaEventSourceMapping,
    "AWS::Lambda::Function": LambdaFunction,
    "AWS::Lambda::Permission": LambdaPermission,
    "AWS::Logs::LogGroup": LogsLogGroup,
    "AWS::S3::Bucket": S3Bucket,
    "AWS::SNS::Topic": SnsTopic,
    "AWS::SQS::Queue": SqsQueue,
    "AWS::SecretsManager::Secret": SecretsManagerSecret,
}

KINDS: Kinds = {type_name: provisioner.kind for type_name, provisioner in PROVISIONERS.items()}


def provisioners(aws: Aws, artifacts: Artifacts) -> Provisioners:
    """A provisioner of every kind over the same `aws`; `artifacts` gives a code zip by its SHA-256 (hex)."""
    return {type_name: provisioner(aws, artifacts) for type_name, provisioner in PROVISIONERS.items()}
