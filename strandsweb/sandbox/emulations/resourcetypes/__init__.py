"""The resource types that the sandbox's Cloud Control API knows, one module each.

Properties are those of the CloudFormation schemas: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/.
"""

from __future__ import annotations

from strandsweb.sandbox.emulations.resourcetypes.model import Model, ResourceType
from strandsweb.sandbox.emulations.resourcetypes.parameters import PARAMETER
from strandsweb.sandbox.emulations.resourcetypes.queues import QUEUE
from strandsweb.sandbox.emulations.resourcetypes.repositories import REPOSITORY
from strandsweb.sandbox.emulations.resourcetypes.streams import STREAM

__all__ = ["TYPES", "Model", "ResourceType"]

TYPES: dict[str, ResourceType] = {
    "AWS::Kinesis::Stream": STREAM,
    "AWS::SSM::Parameter": PARAMETER,
    "AWS::ECR::Repository": REPOSITORY,
    "AWS::SQS::Queue": QUEUE,
}
