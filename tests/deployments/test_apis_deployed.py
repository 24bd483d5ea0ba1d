"""Guarded APIs of either kind on a real sandbox: deployed, called, changed, and gone."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from cfnlint.api import lint_all
from django.test import Client

from deployments import outputs, states
from deployments.exporting.identifiers import importable
from deployments.exporting.reading import export_of
from deployments.models import Status
from projects import editing
from projects.models import Configuration, Environment, Project, User
from tests.deployments.conftest import actions, plan, run, sandbox_call
from tests.deployments.test_blueprint import bundle_of

pytestmark = pytest.mark.django_db
Edit = Callable[[str, str], Configuration]

DESK = """
project: {name: support-desk, region: us-east-1}
agents:
  - {name: guard, path: apps/guard, alias: live}
  - {name: desk, path: apps/desk, routes: ["GET /tickets/{id}", "GET /health"]}
shared:
  api_gateway:
    type: KIND
    cors: true
    access_logs: true
    throttling: {rate: 50, burst: 100}
    authorizer: {agent: guard, open_routes: ["GET /health"]}
environments:
  dev: {account: "ACCOUNT"}
"""
# Answers in the way of either kind.
GUARD = """
def handler(event, context):
    friend = event["headers"].get("authorization") == "friend"
    effect = "Allow" if friend else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event.get("methodArn", "*")}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"isAuthorized": friend, "principalId": "user", "policyDocument": policy}
"""
ANSWER = """
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event.get("pathParameters") or {})}
"""


def call(address: str, path: str, *, token: str = "", method: str = "GET") -> tuple[int, str]:
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.netloc, timeout=20)
    try:
        connection.request(method, where.path + path, headers={"Authorization": token} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("kind", ["http", "rest"])
def test_a_guarded_api_lives_from_deployment_to_destruction(
    kind: str,
    dev: Environment,
    project: Project,
    alice: User,
    bob: User,
    account: str,
    edit: Edit,
    cloud: str,
    client: Client,
) -> None:
    bundle = bundle_of({"apps/guard/main.py": GUARD, "apps/desk/main.py": ANSWER})
    editing.add_source(project=project, bundle=bundle, origin="folder", author=alice)
    text = DESK.replace("KIND", kind).replace("ACCOUNT", account)
    editing.save_configuration(project=project, text=text, author=alice, message="", base_number=None)

    def inventory() -> dict[str, Any]:
        return sandbox_call(cloud, "/_sandbox/inventory")["accounts"].get(account, {})  # type: ignore[no-any-return]

    done = run(plan(dev, bob), bob)
    assert done.status == Status.SUCCEEDED, (done.error, [step.error for step in done.steps.all() if step.error])
    again = plan(dev, bob)
    assert again.status == Status.UNCHANGED, actions(again)

    address = outputs.api_address(dev)
    assert address is not None
    assert {output.value for output in outputs.outputs(dev) if output.url} == {address}
    assert call(address, "/tickets/7") == (401, '{"message": "Unauthorized"}')
    assert call(address, "/tickets/7", token="foe")[0] == 403
    assert call(address, "/tickets/7", token="friend") == (200, '{"id": "7"}')
    assert call(address, "/health")[0] == 200
    client.force_login(bob)
    page = client.get(f"/projects/{project.slug}/environments/dev/").content.decode()
    assert f'href="{address}"' in page and "GET /health" in page
    tried = {"method": "GET", "path": "/tickets/7", "body": ""}
    assert outputs.try_api(environment=dev, **tried).status == 401
    browser = f"/projects/{project.slug}/environments/dev/try/"
    answer = client.post(browser, tried | {"headers": "Authorization: friend"}).content.decode()
    assert "7" in answer and 'data-status="succeeded"' in answer
    if kind == "rest":
        assert address.startswith(f"{cloud}/_rest/") and address.endswith("/dev")
        assert call(address, "/tickets/7", method="OPTIONS")[0] == 204

    export = export_of(dev)
    template = export.template()
    for each in (template, *(stack.template for stack in export.stacks() if kind == "rest")):
        found = [f"{match.rule.id} {match.message}" for match in lint_all(json.dumps(each))]
        assert [finding for finding in found if not finding.startswith("I")] == []
    reasons = importable(export.state).reasons
    assert {name for name in reasons if "ApiGateway" in export.state.resources[name].type} == set()
    assert (
        "${GuardAlias}/invocations"
        in template["Resources"][f"{kind.title()}ApiAuthorizer"]["Properties"]["AuthorizerUri"]["Fn::Sub"]
    )
    if kind == "rest":
        assert template["Resources"]["RestApiStage"]["Properties"]["DeploymentId"] == {"Ref": "RestApiDeployment"}
        assert template["Outputs"]["ApiEndpoint"]["Value"]["Fn::Sub"].endswith("/${RestApiStage}")

    edit('"GET /health"]}\nshared', '"GET /healthy"]}\nshared')
    edit('open_routes: ["GET /health"]', 'open_routes: ["GET /healthy"]')
    change = plan(dev, bob)
    changed = actions(change)
    assert "delete" in changed.values() and "create" in changed.values()
    if kind == "rest":
        assert (changed["RestApiDeployment"], changed["RestApiStage"]) == ("replace", "update")
    assert run(change, bob).status == Status.SUCCEEDED
    assert call(address, "/healthy")[0] == 200
    assert call(address, "/health")[0] in (403, 404)
    assert call(address, "/tickets/7", token="friend")[0] == 200
    again = plan(dev, bob)
    assert again.status == Status.UNCHANGED, actions(again)

    if kind == "http":
        edit("type: http", "type: rest")
        assert run(plan(dev, bob), bob).status == Status.SUCCEEDED
        address = outputs.api_address(dev)
        assert address is not None and "/_rest/" in address
        assert call(address, "/tickets/7", token="friend") == (200, '{"id": "7"}')
        assert plan(dev, bob).status == Status.UNCHANGED

    edit('    authorizer: {agent: guard, open_routes: ["GET /healthy"]}\n', "")
    assert run(plan(dev, bob), bob).status == Status.SUCCEEDED
    assert call(address, "/tickets/7")[0] == 200

    gone = run(plan(dev, bob, kind="destroy"), bob)
    assert gone.status == Status.SUCCEEDED, gone.error
    assert states.load(dev).resources == {}
    assert inventory() == {}
