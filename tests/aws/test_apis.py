"""What REST APIs do beyond the contract: one change at a time, one logging role for all, deployments found again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deployments.aws.calls import Aws, Refusal
from deployments.aws.refresh import read_all
from deployments.aws.registry import provisioners
from deployments.engine.errors import CloudError
from deployments.engine.plan import Action
from tests.aws import api_cases, cases
from tests.aws.conftest import ZIPS, FakeTime, Recording
from tests.engine.provisioner_contract import Case, live, planned, recorded, target

ACCOUNT, METHOD = "AWS::ApiGateway::Account", "AWS::ApiGateway::Method"
BUSY = Refusal("ConflictException", "Unable to complete operation due to concurrent modification. Please try again.")


@pytest.fixture
def account(aws: Aws, listener: Recording) -> Case:
    return cases.case(aws, listener, ACCOUNT)


def refusing(aws: Aws, monkeypatch: pytest.MonkeyPatch, *refusals: Refusal) -> None:
    """The next attempts are answered so."""
    original, left = aws.attempt, list(refusals)
    monkeypatch.setattr(aws, "attempt", lambda *args, **more: left.pop(0) if left else original(*args, **more))


def test_a_creation_waits_for_another_change_of_the_api(
    aws: Aws, listener: Recording, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = cases.case(aws, listener, "AWS::ApiGateway::Resource")
    refusing(aws, monkeypatch, BUSY, BUSY)
    made = case.provisioner.create(target(case.wanted))
    assert len(time.naps) == 2
    assert planned(case, case.wanted, made, case.wanted).action is Action.NO_CHANGE


def test_a_logging_role_is_awaited_until_api_gateway_knows_it(
    aws: Aws, account: Case, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(aws, monkeypatch, Refusal("BadRequestException", "The role ARN does not have required permissions"))
    account.provisioner.create(target(account.wanted))
    assert len(time.naps) == 1
    unknown = replace(account.wanted, properties={"CloudWatchRoleArn": "arn:aws:iam::123456789012:role/nobody"})
    account.provisioner.delete(recorded(account.wanted, account.provisioner.create(target(account.wanted))))
    with pytest.raises(CloudError, match="acceptance of arn"):
        account.provisioner.create(target(unknown))


def test_somebody_elses_logging_role_serves_as_well_and_stays(aws: Aws, account: Case, listener: Recording) -> None:
    aws.call("iam", "create_role", RoleName="theirs", AssumeRolePolicyDocument="{}")
    theirs = "arn:aws:iam::123456789012:role/theirs"
    operation = {"op": "replace", "path": "/cloudwatchRoleArn", "value": theirs}
    aws.call("apigateway", "update_account", patchOperations=[operation])
    listener.calls.clear()
    made = account.provisioner.create(target(account.wanted))
    assert planned(account, account.wanted, made, account.wanted).action is Action.NO_CHANGE
    account.provisioner.delete(recorded(account.wanted, made))
    assert listener.writes() == []
    assert aws.call("apigateway", "get_account")["cloudwatchRoleArn"] == theirs


def test_a_method_without_an_integration_has_none(aws: Aws, listener: Recording) -> None:
    case = cases.case(aws, listener, METHOD)
    made = case.provisioner.create(target(case.wanted))
    properties = {name: value for name, value in case.wanted.properties.items() if name != "Integration"}
    bare = replace(case.wanted, properties=properties)
    case.provisioner.update(target(bare), live(case, made, case.wanted))
    assert planned(case, bare, made, bare).action is Action.NO_CHANGE
    aws.call("apigateway", "put_integration", **where(case), type="MOCK")
    assert planned(case, case.wanted, made, case.wanted).drifted


def where(case: Case) -> dict[str, Any]:
    return {
        name[0].lower() + name[1:]: case.wanted.properties[name] for name in ("RestApiId", "ResourceId", "HttpMethod")
    }


def test_limits_of_single_methods_come_and_go(aws: Aws, listener: Recording) -> None:
    case = cases.case(aws, listener, "AWS::ApiGateway::Stage")

    def limited(*settings: dict[str, Any]) -> Any:
        return replace(case.wanted, properties={**case.wanted.properties, "MethodSettings": list(settings)})

    both = limited(api_cases.throttled(5, 2.0), api_cases.throttled(1, 1.0, "/a/{id}", "GET"))
    made = case.provisioner.create(target(both))
    assert planned(case, both, made, both).action is Action.NO_CHANGE
    one = limited({**api_cases.throttled(9, 3.0), "LoggingLevel": "ERROR"})
    case.provisioner.update(target(one), live(case, made, both))
    assert planned(case, one, made, one).action is Action.NO_CHANGE
    quiet = limited(api_cases.throttled(9, 3.0))
    case.provisioner.update(target(quiet), live(case, made, one))
    assert planned(case, quiet, made, quiet).action is Action.NO_CHANGE


def test_a_method_that_fails_half_way_is_finished(
    aws: Aws, listener: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = cases.case(aws, listener, METHOD)
    aws.call("apigateway", "put_method", **where(case), authorizationType="NONE")
    made = provisioners(aws, ZIPS.__getitem__)[METHOD].create(target(case.wanted))
    assert planned(case, case.wanted, made, case.wanted).action is Action.NO_CHANGE


@pytest.mark.parametrize(
    ("type_name", "properties", "operation"),
    [
        ("AWS::ApiGateway::Resource", ({"PathPart": "a"}, {"PathPart": "b"}), "GetResources"),
        (METHOD, ({"HttpMethod": "GET"}, {"HttpMethod": "PUT"}), "GetResources"),
        ("AWS::ApiGateway::Authorizer", ({"Name": "a"}, {"Name": "b"}), "GetAuthorizers"),
        ("AWS::ApiGatewayV2::Route", ({"RouteKey": "GET /a"}, {"RouteKey": "GET /b"}), "GetRoutes"),
    ],
)
def test_one_call_reads_all_parts_of_an_api(
    aws: Aws, listener: Recording, type_name: str, properties: tuple[dict[str, Any], ...], operation: str
) -> None:
    case = cases.case(aws, listener, type_name)
    entries = []
    for number, own in enumerate(properties):
        part = replace(case.wanted, logical_id=f"Part{number}", properties={**case.wanted.properties, **own})
        entries.append(recorded(part, case.provisioner.create(target(part))))
    alone = {entry.logical_id: case.provisioner.read(entry.physical_id, entry.properties) for entry in entries}
    listener.calls.clear()
    assert read_all(entries, provisioners(aws, ZIPS.__getitem__)) == alone
    assert [call.operation for call in listener.calls] == [operation]
