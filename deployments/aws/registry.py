"""Which kinds of AWS resources can be deployed: one line each; any other goes through Cloud Control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.apigateway_account import ApiGatewayAccount
from deployments.aws.apigateway_authorizer import ApiGatewayAuthorizer
from deployments.aws.apigateway_deployment import ApiGatewayDeployment
from deployments.aws.apigateway_method import ApiGatewayMethod
from deployments.aws.apigateway_resource import ApiGatewayResource
from deployments.aws.apigateway_rest_api import ApiGatewayRestApi
from deployments.aws.apigateway_stage import ApiGatewayStage
from deployments.aws.apigatewayv2_api import ApiGatewayV2Api
from deployments.aws.apigatewayv2_authorizer import ApiGatewayV2Authorizer
from deployments.aws.apigatewayv2_integration import ApiGatewayV2Integration
from deployments.aws.apigatewayv2_route import ApiGatewayV2Route
from deployments.aws.apigatewayv2_stage import ApiGatewayV2Stage
from deployments.aws.calls import Aws
from deployments.aws.cloud_control import CloudControl, generic_kind
from deployments.aws.cloudwatch_alarm import CloudWatchAlarm
from deployments.aws.cloudwatch_dashboard import CloudWatchDashboard
from deployments.aws.dynamodb_table import DynamoDbTable
from deployments.aws.ec2_eip import Ec2Eip
from deployments.aws.ec2_flow_log import Ec2FlowLog
from deployments.aws.ec2_internet_gateway import Ec2InternetGateway
from deployments.aws.ec2_nat_gateway import Ec2NatGateway
from deployments.aws.ec2_route import Ec2Route
from deployments.aws.ec2_route_table import Ec2RouteTable
from deployments.aws.ec2_security_group import Ec2SecurityGroup
from deployments.aws.ec2_subnet import Ec2Subnet
from deployments.aws.ec2_subnet_route_table_association import Ec2SubnetRouteTableAssociation
from deployments.aws.ec2_vpc import Ec2Vpc
from deployments.aws.ec2_vpc_endpoint import Ec2VpcEndpoint
from deployments.aws.ec2_vpc_gateway_attachment import Ec2VpcGatewayAttachment
from deployments.aws.events_bus import EventsBus
from deployments.aws.events_rule import EventsRule
from deployments.aws.iam_managed_policy import IamManagedPolicy
from deployments.aws.iam_role import IamRole
from deployments.aws.lambda_alias import LambdaAlias
from deployments.aws.lambda_event_source_mapping import LambdaEventSourceMapping
from deployments.aws.lambda_function import LambdaFunction
from deployments.aws.lambda_layer_version import LambdaLayerVersion
from deployments.aws.lambda_permission import LambdaPermission
from deployments.aws.lambda_url import LambdaUrl
from deployments.aws.lambda_version import LambdaVersion
from deployments.aws.logs_log_group import LogsLogGroup
from deployments.aws.provisioner import Artifacts, AwsProvisioner
from deployments.aws.s3_bucket import S3Bucket
from deployments.aws.s3_bucket_policy import S3BucketPolicy
from deployments.aws.secretsmanager_rotation_schedule import SecretsManagerRotationSchedule
from deployments.aws.secretsmanager_secret import SecretsManagerSecret
from deployments.aws.sns_subscription import SnsSubscription
from deployments.aws.sns_topic import SnsTopic
from deployments.aws.sns_topic_policy import SnsTopicPolicy
from deployments.aws.sqs_queue import SqsQueue
from deployments.aws.sqs_queue_policy import SqsQueuePolicy
from deployments.aws.xray_group import XRayGroup
from deployments.engine.kinds import Kind, Kinds
from deployments.engine.ports import Provisioner, Provisioners

PROVISIONERS: Mapping[str, type[AwsProvisioner]] = {
    "AWS::ApiGateway::Account": ApiGatewayAccount,
    "AWS::ApiGateway::Authorizer": ApiGatewayAuthorizer,
    "AWS::ApiGateway::Deployment": ApiGatewayDeployment,
    "AWS::ApiGateway::Method": ApiGatewayMethod,
    "AWS::ApiGateway::Resource": ApiGatewayResource,
    "AWS::ApiGateway::RestApi": ApiGatewayRestApi,
    "AWS::ApiGateway::Stage": ApiGatewayStage,
    "AWS::ApiGatewayV2::Api": ApiGatewayV2Api,
    "AWS::ApiGatewayV2::Authorizer": ApiGatewayV2Authorizer,
    "AWS::ApiGatewayV2::Integration": ApiGatewayV2Integration,
    "AWS::ApiGatewayV2::Route": ApiGatewayV2Route,
    "AWS::ApiGatewayV2::Stage": ApiGatewayV2Stage,
    "AWS::CloudWatch::Alarm": CloudWatchAlarm,
    "AWS::CloudWatch::Dashboard": CloudWatchDashboard,
    "AWS::DynamoDB::Table": DynamoDbTable,
    "AWS::EC2::EIP": Ec2Eip,
    "AWS::EC2::FlowLog": Ec2FlowLog,
    "AWS::EC2::InternetGateway": Ec2InternetGateway,
    "AWS::EC2::NatGateway": Ec2NatGateway,
    "AWS::EC2::Route": Ec2Route,
    "AWS::EC2::RouteTable": Ec2RouteTable,
    "AWS::EC2::SecurityGroup": Ec2SecurityGroup,
    "AWS::EC2::Subnet": Ec2Subnet,
    "AWS::EC2::SubnetRouteTableAssociation": Ec2SubnetRouteTableAssociation,
    "AWS::EC2::VPC": Ec2Vpc,
    "AWS::EC2::VPCEndpoint": Ec2VpcEndpoint,
    "AWS::EC2::VPCGatewayAttachment": Ec2VpcGatewayAttachment,
    "AWS::Events::EventBus": EventsBus,
    "AWS::Events::Rule": EventsRule,
    "AWS::IAM::ManagedPolicy": IamManagedPolicy,
    "AWS::IAM::Role": IamRole,
    "AWS::Lambda::Alias": LambdaAlias,
    "AWS::Lambda::EventSourceMapping": LambdaEventSourceMapping,
    "AWS::Lambda::Function": LambdaFunction,
    "AWS::Lambda::LayerVersion": LambdaLayerVersion,
    "AWS::Lambda::Permission": LambdaPermission,
    "AWS::Lambda::Url": LambdaUrl,
    "AWS::Lambda::Version": LambdaVersion,
    "AWS::Logs::LogGroup": LogsLogGroup,
    "AWS::S3::Bucket": S3Bucket,
    "AWS::S3::BucketPolicy": S3BucketPolicy,
    "AWS::SNS::Subscription": SnsSubscription,
    "AWS::SNS::Topic": SnsTopic,
    "AWS::SNS::TopicPolicy": SnsTopicPolicy,
    "AWS::SQS::Queue": SqsQueue,
    "AWS::SQS::QueuePolicy": SqsQueuePolicy,
    "AWS::SecretsManager::RotationSchedule": SecretsManagerRotationSchedule,
    "AWS::SecretsManager::Secret": SecretsManagerSecret,
    "AWS::XRay::Group": XRayGroup,
}


class _OpenKinds(dict[str, Kind]):
    """The kinds with a provisioner of their own, and on demand any other that CloudFormation knows."""

    def __missing__(self, type_name: str) -> Kind:
        kind = generic_kind(type_name)
        if kind is None:
            raise KeyError(type_name)
        return kind

    def get(self, type_name: str, default: Any = None) -> Any:
        """As `[]`, with a default."""
        try:
            return self[type_name]
        except KeyError:
            return default

    def __contains__(self, type_name: object) -> bool:
        return isinstance(type_name, str) and self.get(type_name) is not None


class _OpenProvisioners(dict[str, Provisioner]):
    """The provisioners of their own kinds, and on demand Cloud Control's for any other."""

    def __init__(self, aws: Aws, artifacts: Artifacts) -> None:
        super().__init__({name: provisioner(aws, artifacts) for name, provisioner in PROVISIONERS.items()})
        self._aws, self._artifacts = aws, artifacts

    def __missing__(self, type_name: str) -> Provisioner:
        if generic_kind(type_name) is None:
            raise KeyError(type_name)
        return self.setdefault(type_name, CloudControl(self._aws, self._artifacts, type_name))

    def get(self, type_name: str, default: Any = None) -> Any:
        """As `[]`, with a default."""
        try:
            return self[type_name]
        except KeyError:
            return default

    def __contains__(self, type_name: object) -> bool:
        return isinstance(type_name, str) and self.get(type_name) is not None


KINDS: Kinds = _OpenKinds({type_name: provisioner.kind for type_name, provisioner in PROVISIONERS.items()})


def provisioners(aws: Aws, artifacts: Artifacts) -> Provisioners:
    """A provisioner of every kind over the same `aws`; `artifacts` gives a code zip by its SHA-256 (hex)."""
    return _OpenProvisioners(aws, artifacts)
