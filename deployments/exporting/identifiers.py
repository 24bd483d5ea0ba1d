"""By what CloudFormation recognises a resource that exists: the primary identifier of each type, and its value.

Source: `primaryIdentifier` of the resource provider schemas, which `Kind` physical ids follow as `Ref` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployments.engine.state import State, StateResource

PRIMARY: Mapping[str, Mapping[str, str]] = {
    "AWS::ApiGateway::Account": {"Id": ""},
    "AWS::ApiGateway::Authorizer": {"RestApiId": "RestApiId", "AuthorizerId": ""},
    "AWS::ApiGateway::Deployment": {"DeploymentId": "", "RestApiId": "RestApiId"},
    "AWS::ApiGateway::Method": {"RestApiId": "RestApiId", "ResourceId": "ResourceId", "HttpMethod": "HttpMethod"},
    "AWS::ApiGateway::Resource": {"RestApiId": "RestApiId", "ResourceId": ""},
    "AWS::ApiGateway::RestApi": {"RestApiId": ""},
    "AWS::ApiGateway::Stage": {"RestApiId": "RestApiId", "StageName": "StageName"},
    "AWS::ApiGatewayV2::Api": {"ApiId": ""},
    "AWS::ApiGatewayV2::Authorizer": {"AuthorizerId": "", "ApiId": "ApiId"},
    "AWS::ApiGatewayV2::Integration": {"ApiId": "ApiId", "IntegrationId": ""},
    "AWS::ApiGatewayV2::Route": {"ApiId": "ApiId", "RouteId": ""},
    "AWS::ApiGatewayV2::Stage": {"ApiId": "ApiId", "StageName": "StageName"},
    "AWS::CloudWatch::Alarm": {"AlarmName": ""},
    "AWS::CloudWatch::Dashboard": {"DashboardName": ""},
    "AWS::DynamoDB::Table": {"TableName": ""},
    "AWS::EC2::EIP": {"PublicIp": ".PublicIp", "AllocationId": ".AllocationId"},
    "AWS::EC2::FlowLog": {"Id": ""},
    "AWS::EC2::InternetGateway": {"InternetGatewayId": ""},
    "AWS::EC2::NatGateway": {"NatGatewayId": ""},
    "AWS::EC2::Route": {"RouteTableId": "RouteTableId", "CidrBlock": "DestinationCidrBlock"},
    "AWS::EC2::RouteTable": {"RouteTableId": ""},
    "AWS::EC2::SecurityGroup": {"Id": ""},
    "AWS::EC2::SecurityGroupEgress": {"Id": ""},
    "AWS::EC2::SecurityGroupIngress": {"Id": ""},
    "AWS::EC2::Subnet": {"SubnetId": ""},
    "AWS::EC2::SubnetRouteTableAssociation": {"Id": ""},
    "AWS::EC2::VPC": {"VpcId": ""},
    "AWS::EC2::VPCEndpoint": {"Id": ""},
    "AWS::Events::EventBus": {"Name": ""},
    "AWS::Events::Rule": {"Arn": ".Arn"},
    "AWS::IAM::ManagedPolicy": {"PolicyArn": ""},
    "AWS::IAM::Role": {"RoleName": ""},
    "AWS::Lambda::Alias": {"AliasArn": ""},
    "AWS::Lambda::EventSourceMapping": {"Id": ""},
    "AWS::Lambda::Function": {"FunctionName": ""},
    "AWS::Lambda::LayerVersion": {"LayerVersionArn": ""},
    "AWS::Lambda::Permission": {"FunctionName": "FunctionName", "Id": ""},
    "AWS::Lambda::Url": {"FunctionArn": ""},
    "AWS::Lambda::Version": {"FunctionArn": ""},
    "AWS::Logs::LogGroup": {"LogGroupName": ""},
    "AWS::S3::Bucket": {"BucketName": ""},
    "AWS::S3::BucketPolicy": {"Bucket": "Bucket"},
    "AWS::SNS::Subscription": {"Arn": ""},
    "AWS::SNS::Topic": {"TopicArn": ""},
    "AWS::SQS::Queue": {"QueueUrl": ""},
    "AWS::SecretsManager::RotationSchedule": {"Id": ""},
    "AWS::SecretsManager::Secret": {"Id": ""},
    "AWS::XRay::Group": {"GroupARN": ""},
}
"""Type -> identifier property -> where its value is: "" the physical id, `Name` a property, `.Name` an attribute."""

UNREADABLE = frozenset({"AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"})
"""Types whose provider cannot read what exists, so that CloudFormation cannot import it."""


@dataclass(frozen=True, slots=True)
class Importable:
    """What CloudFormation can take over, identifiers by logical id; and why not the rest, in words."""

    identifiers: Mapping[str, Mapping[str, str]]
    reasons: Mapping[str, str]


def importable(state: State) -> Importable:
    """Both by logical id, sorted."""
    identifiers: dict[str, Mapping[str, str]] = {}
    reasons: dict[str, str] = {}
    for logical_id, resource in sorted(state.without_replaced().resources.items()):
        if resource.type in UNREADABLE:
            reasons[logical_id] = "CloudFormation cannot read resources of this type; let it make the resource anew"
        elif resource.type not in PRIMARY:
            reasons[logical_id] = "the primary identifier of this type is not known here"
        else:
            values = {name: _value(resource, source) for name, source in PRIMARY[resource.type].items()}
            if lacking := [name for name, value in values.items() if not isinstance(value, str)]:
                reasons[logical_id] = f"its {', '.join(lacking)} is not in the state"
            else:
                identifiers[logical_id] = values
    return Importable(identifiers, reasons)


def resources_to_import(state: State, identifiers: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """What `create-change-set --change-set-type IMPORT --resources-to-import` takes."""
    return [
        {
            "ResourceType": state.resources[logical_id].type,
            "LogicalResourceId": logical_id,
            "ResourceIdentifier": dict(identifier),
        }
        for logical_id, identifier in identifiers.items()
    ]


def _value(resource: StateResource, source: str) -> Any:
    if not source:
        return resource.physical_id
    if source.startswith("."):
        return resource.attributes.get(source[1:])
    return resource.properties.get(source)
