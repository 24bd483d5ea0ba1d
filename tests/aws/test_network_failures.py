"""What EC2 could not set up or take away is told with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.aws.calls import Aws
from deployments.engine.errors import Category, CloudError
from tests.aws import cases
from tests.aws.conftest import Recording
from tests.engine.provisioner_contract import Case, recorded, target


def case_of(aws: Aws, listener: Recording, type_name: str) -> Case:
    return cases.case(aws, listener, type_name)


def test_a_nat_gateway_without_a_way_out_fails_with_the_reason(aws: Aws, listener: Recording) -> None:
    case = case_of(aws, listener, "AWS::EC2::NatGateway")
    for gateway in aws.call("ec2", "describe_internet_gateways")["InternetGateways"]:
        for attachment in gateway["Attachments"]:
            aws.call(
                "ec2",
                "detach_internet_gateway",
                InternetGatewayId=gateway["InternetGatewayId"],
                VpcId=attachment["VpcId"],
            )
    with pytest.raises(CloudError, match="has no Internet gateway attached") as caught:
        case.provisioner.create(target(case.wanted))
    assert (caught.value.code, caught.value.category) == ("Gateway.NotAttached", Category.INVALID)
    assert case.provisioner.find(target(case.wanted)) is None, "what failed is as good as gone"


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        ({"State": "Failed", "LastError": {"Code": "InsufficientFreeAddresses", "Message": "no room"}}, None),
        ({"State": "rejected"}, "rejected"),
    ],
)
def test_an_endpoint_that_cannot_be_set_up_fails_with_the_reason(
    aws: Aws, listener: Recording, monkeypatch: pytest.MonkeyPatch, endpoint: dict[str, Any], code: str | None
) -> None:
    case = case_of(aws, listener, "AWS::EC2::VPCEndpoint")
    made = case.provisioner.create(target(case.wanted))
    client = aws._client("ec2")
    monkeypatch.setattr(client, "describe_vpc_endpoints", lambda **_: {"VpcEndpoints": [endpoint]})
    provisioner: Any = case.provisioner
    with pytest.raises(CloudError) as caught:
        provisioner.settle(made.physical_id)
    assert caught.value.code == (code or "InsufficientFreeAddresses")
    assert caught.value.advice


def test_an_endpoint_that_cannot_be_deleted_says_why_and_one_that_is_gone_is_no_error(
    aws: Aws, listener: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = case_of(aws, listener, "AWS::EC2::VPCEndpoint")
    made = case.provisioner.create(target(case.wanted))
    entry = recorded(case.wanted, made)
    error = {"Code": "OperationNotPermitted", "Message": "It is managed by somebody else."}
    refusal = {"Unsuccessful": [{"ResourceId": made.physical_id, "Error": error}]}
    with monkeypatch.context() as refusing:
        refusing.setattr(aws._client("ec2"), "delete_vpc_endpoints", lambda **_: refusal)
        with pytest.raises(CloudError, match="managed by somebody else"):
            case.provisioner.delete(entry)
    case.provisioner.delete(entry)
    case.provisioner.delete(entry)
    assert case.provisioner.read(made.physical_id, case.wanted.properties) is None
