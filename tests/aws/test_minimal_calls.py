"""How few calls a change takes: nothing is written that does not differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deployments.aws.calls import Aws
from deployments.aws.registry import KINDS
from deployments.engine.resources import Resource
from tests.aws import cases, policy_cases
from tests.aws.conftest import Recording
from tests.engine.provisioner_contract import Case, live, target

# Writes of creating each kind as the cases want it; whatever else is read is counted below.
CREATE_WRITES = {
    "AWS::ApiGateway::Account": ["UpdateAccount"],
    "AWS::ApiGateway::Authorizer": ["CreateAuthorizer"],
    "AWS::ApiGateway::Deployment": ["CreateDeployment"],
    "AWS::ApiGateway::Method": ["PutIntegration", "PutIntegrationResponse", "PutMethod", "PutMethodResponse"],
    "AWS::ApiGateway::Resource": ["CreateResource"],
    "AWS::ApiGateway::RestApi": ["CreateRestApi"],
    "AWS::ApiGateway::Stage": ["CreateStage", "UpdateStage"],
    "AWS::ApiGatewayV2::Authorizer": ["CreateAuthorizer"],
    "AWS::ApiGatewayV2::Api": ["CreateApi"],
    "AWS::ApiGatewayV2::Integration": ["CreateIntegration"],
    "AWS::ApiGatewayV2::Route": ["CreateRoute"],
    "AWS::ApiGatewayV2::Stage": ["CreateStage"],
    "AWS::CloudWatch::Alarm": ["PutMetricAlarm"],
    "AWS::DynamoDB::Table": ["CreateTable", "UpdateContinuousBackups"],
    "AWS::EC2::EIP": ["AllocateAddress"],
    "AWS::EC2::FlowLog": ["CreateFlowLogs"],
    "AWS::EC2::InternetGateway": ["CreateInternetGateway"],
    "AWS::EC2::NatGateway": ["CreateNatGateway"],
    "AWS::EC2::Route": ["CreateRoute"],
    "AWS::EC2::RouteTable": ["CreateRouteTable"],
    "AWS::EC2::SecurityGroup": [
        "AuthorizeSecurityGroupEgress",
        "AuthorizeSecurityGroupIngress",
        "CreateSecurityGroup",
        "RevokeSecurityGroupEgress",
    ],
    "AWS::EC2::Subnet": ["CreateSubnet"],
    "AWS::EC2::SubnetRouteTableAssociation": ["AssociateRouteTable"],
    "AWS::EC2::VPC": ["CreateVpc", "ModifyVpcAttribute"],
    "AWS::EC2::VPCEndpoint": ["CreateVpcEndpoint"],
    "AWS::EC2::VPCGatewayAttachment": ["AttachInternetGateway"],
    "AWS::Events::EventBus": ["CreateEventBus"],
    "AWS::Events::Rule": ["PutRule", "PutTargets"],
    "AWS::IAM::Role": ["AttachRolePolicy", "CreateRole", "PutRolePolicy", "PutRolePolicy"],
    "AWS::Lambda::Alias": ["CreateAlias"],
    "AWS::Lambda::LayerVersion": ["PublishLayerVersion", "PutObject"],
    "AWS::Lambda::Url": ["CreateFunctionUrlConfig"],
    "AWS::Lambda::Version": ["PublishVersion"],
    "AWS::SNS::Subscription": ["Subscribe"],
    "AWS::Lambda::EventSourceMapping": ["CreateEventSourceMapping"],
    "AWS::Lambda::Function": ["CreateFunction", "PutObject"],
    "AWS::Lambda::Permission": ["AddPermission"],
    "AWS::Logs::LogGroup": ["CreateLogGroup", "PutRetentionPolicy"],
    "AWS::S3::Bucket": [
        "CreateBucket",
        "PutBucketEncryption",
        "PutBucketLifecycleConfiguration",
        "PutBucketOwnershipControls",
        "PutBucketTagging",
        "PutBucketVersioning",
        "PutPublicAccessBlock",
    ],
    "AWS::SNS::Topic": ["CreateTopic"],
    "AWS::SQS::Queue": ["CreateQueue"],
    "AWS::SecretsManager::Secret": ["CreateSecret"],
    **policy_cases.CREATE_WRITES,
}
# One property of each kind -> the one call that writes it.
ONE_PROPERTY: dict[str, tuple[dict[str, Any], str]] = {
    "AWS::ApiGateway::Authorizer": ({"AuthorizerResultTtlInSeconds": 0}, "UpdateAuthorizer"),
    "AWS::ApiGateway::Method": ({"ApiKeyRequired": True}, "UpdateMethod"),
    "AWS::ApiGateway::RestApi": ({"Description": "x"}, "UpdateRestApi"),
    "AWS::ApiGateway::Stage": ({"TracingEnabled": True}, "UpdateStage"),
    "AWS::ApiGatewayV2::Authorizer": ({"AuthorizerResultTtlInSeconds": 0}, "UpdateAuthorizer"),
    "AWS::ApiGatewayV2::Api": ({"Description": "x"}, "UpdateApi"),
    "AWS::ApiGatewayV2::Integration": ({"TimeoutInMillis": 1000}, "UpdateIntegration"),
    "AWS::ApiGatewayV2::Route": ({"Target": "integrations/x"}, "UpdateRoute"),
    "AWS::ApiGatewayV2::Stage": ({"AutoDeploy": False}, "UpdateStage"),
    "AWS::CloudWatch::Alarm": ({"Threshold": 7}, "PutMetricAlarm"),
    "AWS::DynamoDB::Table": ({"DeletionProtectionEnabled": True}, "UpdateTable"),
    "AWS::EC2::Subnet": ({"MapPublicIpOnLaunch": True}, "ModifySubnetAttribute"),
    "AWS::EC2::VPC": ({"EnableDnsSupport": False}, "ModifyVpcAttribute"),
    "AWS::EC2::VPCEndpoint": ({"PrivateDnsEnabled": False}, "ModifyVpcEndpoint"),
    "AWS::Events::EventBus": ({"Description": "x"}, "UpdateEventBus"),
    "AWS::Events::Rule": ({"ScheduleExpression": "rate(2 hours)"}, "PutRule"),
    "AWS::IAM::Role": ({"Description": "x"}, "UpdateRole"),
    "AWS::Lambda::Alias": ({"FunctionVersion": "2"}, "UpdateAlias"),
    "AWS::Lambda::Url": ({"AuthType": "NONE"}, "UpdateFunctionUrlConfig"),
    "AWS::SNS::Subscription": ({"RawMessageDelivery": True}, "SetSubscriptionAttributes"),
    "AWS::Lambda::EventSourceMapping": ({"BatchSize": 2}, "UpdateEventSourceMapping"),
    "AWS::Lambda::Function": ({"MemorySize": 1024}, "UpdateFunctionConfiguration"),
    "AWS::Logs::LogGroup": ({"RetentionInDays": 7}, "PutRetentionPolicy"),
    "AWS::S3::Bucket": ({"VersioningConfiguration": {"Status": "Suspended"}}, "PutBucketVersioning"),
    "AWS::SNS::Topic": ({"DisplayName": "x"}, "SetTopicAttributes"),
    "AWS::SQS::Queue": ({"VisibilityTimeout": 60}, "SetQueueAttributes"),
    "AWS::SecretsManager::Secret": ({"Description": "x"}, "UpdateSecret"),
    **policy_cases.ONE_PROPERTY,
}

# A dashboard's tags are no part of it; a VPC's default group; what takes a while is asked about meanwhile.
MORE_READS = {
    "AWS::CloudWatch::Dashboard": 2,
    "AWS::EC2::NatGateway": 6,
    "AWS::EC2::VPC": 2,
    "AWS::EC2::VPCEndpoint": 6,
}


@pytest.fixture
def case(aws: Aws, listener: Recording, type_name: str) -> Case:
    made = cases.case(aws, listener, type_name)
    listener.calls.clear()
    return made


@pytest.mark.parametrize("type_name", sorted(KINDS))
def test_creating_takes_these_writes_and_at_most_one_look(case: Case, listener: Recording, type_name: str) -> None:
    case.provisioner.create(target(case.wanted))
    assert sorted(listener.writes()) == CREATE_WRITES[type_name]
    reads = [call.operation for call in listener.calls if not call.write]
    assert len(reads) <= MORE_READS.get(type_name, 1), reads


def updated(case: Case, listener: Recording, other: Resource) -> list[str]:
    made = case.provisioner.create(target(case.wanted))
    there = live(case, made, case.wanted)
    listener.calls.clear()
    case.provisioner.update(target(other), there)
    return sorted(listener.writes())


@pytest.mark.parametrize("type_name", sorted(ONE_PROPERTY))
def test_one_property_is_one_write(case: Case, listener: Recording, type_name: str) -> None:
    properties, operation = ONE_PROPERTY[type_name]
    other = replace(case.wanted, properties={**case.wanted.properties, **properties})
    assert updated(case, listener, other) == [operation]


@pytest.mark.parametrize("type_name", sorted(set(KINDS) - cases.UNTAGGED - {"AWS::S3::Bucket"}))
def test_tags_are_written_by_difference(case: Case, listener: Recording, type_name: str) -> None:
    tags = {**case.wanted.tags, "tier": "gold"}
    del tags["team"]
    writes = updated(case, listener, replace(case.wanted, tags=tags))
    assert len(writes) == 2
    assert writes == ["CreateTags", "DeleteTags"] if "::EC2::" in type_name else writes[0].startswith("Tag")
    assert writes[1].startswith(("Untag", "DeleteTags"))


@pytest.mark.parametrize("type_name", ["AWS::S3::Bucket"])
def test_a_buckets_tags_are_one_set(case: Case, listener: Recording, type_name: str) -> None:
    assert updated(case, listener, replace(case.wanted, tags={**case.wanted.tags, "tier": "gold"})) == [
        "PutBucketTagging"
    ]
