"""REST APIs answer what was deployed: stages, proxies, mocks, authorizers; HTTP APIs ask their authorizers too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strandsweb.sandbox.functions.invocations import Invocation
from strandsweb.sandbox.restapi import mocked, read_result
from strandsweb.sandbox.starter import start
from tests.sandbox.conftest import client, http, make_function
from tests.sandbox.test_httpapi import make_api

ACCOUNT = "123456789012"
SHOW = """
import json
def handler(event, context):
    return {"statusCode": 200, "multiValueHeaders": {"X-Two": ["a", "b"]}, "body": json.dumps(event)}
"""
GUARD = """
def handler(event, context):
    token = event.get("authorizationToken") or event["headers"]["authorization"]
    if token == "nobody":
        raise Exception("Unauthorized")
    if token == "broken":
        return {"principalId": "x"}
    effect = {"friend": "Allow", "foe": "Deny"}.get(token)
    resource = event["methodArn"] if effect else "other"
    statement = {"Action": "execute-api:Invoke", "Effect": effect or "Allow", "Resource": resource}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": token, "policyDocument": policy, "context": {"tier": 1}}
"""
SIMPLE_GUARD = """
def handler(event, context):
    token = event["identitySource"][0]
    return {"isAuthorized": token == "friend", "context": {"from": event["routeArn"]}} if token != "broken" else "yes"
"""


def uri(arn: str) -> str:
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"


def permit(sandbox: Any, function: str, source: str) -> None:
    client("lambda", sandbox).add_permission(
        FunctionName=function,
        StatementId=source.rpartition("/")[2].replace("*", "any"),
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{source}",
    )


class Rest:
    """A REST API under construction."""

    def __init__(self, sandbox: Any, name: str) -> None:
        self.aws = client("apigateway", sandbox)
        made = self.aws.create_rest_api(name=name, endpointConfiguration={"types": ["REGIONAL"]})
        self.id, self.root = made["id"], made["rootResourceId"]
        self.base = f"{sandbox.url}/_rest/{self.id}"

    def path(self, *parts: str) -> str:
        parent = self.root
        for part in parts:
            parent = self.aws.create_resource(restApiId=self.id, parentId=parent, pathPart=part)["id"]
        return str(parent)

    def method(self, resource: str, verb: str, function: str, **more: Any) -> None:
        where = {"restApiId": self.id, "resourceId": resource, "httpMethod": verb}
        self.aws.put_method(**where, **{"authorizationType": "NONE", **more})
        self.aws.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri(function))

    def deploy(self, stage: str = "dev") -> str:
        made: str = self.aws.create_deployment(restApiId=self.id)["id"]
        try:
            self.aws.create_stage(restApiId=self.id, stageName=stage, deploymentId=made)
        except self.aws.exceptions.ConflictException:
            operation = {"op": "replace", "path": "/deploymentId", "value": made}
            self.aws.update_stage(restApiId=self.id, stageName=stage, patchOperations=[operation])
        return made


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.processes
def test_a_stage_serves_what_was_deployed_to_it(sandbox: Any) -> None:
    function = make_function(sandbox, "rested", SHOW)
    api = Rest(sandbox, "rested")
    users = api.path("users")
    one = api.aws.create_resource(restApiId=api.id, parentId=users, pathPart="{id}")["id"]
    api.method(one, "GET", function)
    permit(sandbox, "rested", f"{api.id}/*/GET/users/*")
    first = api.deploy()
    answer = http("GET", f"{api.base}/dev/users/a%20b?x=1&x=2", headers={"X-Thing": "yes"})
    event = answer.json
    assert answer.status == 200 and answer.headers.get_all("X-Two") == ["a", "b"]
    assert answer.headers["Content-Type"] == "application/json"
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/users/{id}", "/users/a b", "GET")
    assert event["pathParameters"] == {"id": "a b"} and event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert event["queryStringParameters"] == {"x": "2"} and event["headers"]["x-thing"] == "yes"
    assert event["requestContext"]["stage"] == "dev" and event["requestContext"]["path"] == "/dev/users/a b"
    assert event["body"] is None and event["isBase64Encoded"] is False
    by_host = {"Host": f"{api.id}.execute-api.us-east-1.amazonaws.com"}
    assert http("GET", f"{sandbox.url}/dev/users/1", headers=by_host).status == 200

    for path in ("dev", "dev/users", "dev/users/1/more", "dev/elsewhere"):
        missing = http("GET", f"{api.base}/{path}")
        assert (missing.status, missing.json) == (403, {"message": "Missing Authentication Token"})
    assert http("POST", f"{api.base}/dev/users/1").json == {"message": "Missing Authentication Token"}
    assert http("GET", f"{api.base}/prod/users/1").json == {"message": "Forbidden"}
    assert http("GET", f"{sandbox.url}/_rest/nobody/dev/x").status == 403

    api.method(users, "ANY", function)
    assert http("PUT", f"{api.base}/dev/users").status == 403, "not deployed yet"
    api.deploy()
    assert http("PUT", f"{api.base}/dev/users").status == 500, "the function does not let the API in"
    permit(sandbox, "rested", f"{api.id}/*/*/users")
    assert http("PUT", f"{api.base}/dev/users", b"hello").json["body"] == "hello"
    api.aws.delete_deployment(restApiId=api.id, deploymentId=first)


@pytest.mark.processes
def test_nothing_is_doubled_and_nothing_in_use_is_deleted(sandbox: Any) -> None:
    api = Rest(sandbox, "strict")
    aws, here = api.aws, {"restApiId": api.id}
    resource = api.path("a")
    api.path("{x}")
    asked = refusal(aws.create_resource, **here, parentId=api.root, pathPart="a")
    assert asked == ("ConflictException", "Another resource with the same parent already has this name: a")
    assert "only one is allowed" in refusal(aws.create_resource, **here, parentId=api.root, pathPart="{y}")[1]
    assert refusal(aws.create_deployment, **here)[0] == "BadRequestException"
    guard = aws.create_authorizer(**here, name="guard", type="TOKEN", authorizerUri=uri("arn:aws:lambda:x"))["id"]
    assert "must be unique" in refusal(aws.create_authorizer, **here, name="guard", type="TOKEN")[1]
    api.method(resource, "GET", "arn:aws:lambda:x", authorizationType="CUSTOM", authorizerId=guard)
    method = {**here, "resourceId": resource, "httpMethod": "GET"}
    assert refusal(aws.put_method, **method, authorizationType="NONE")[0] == "ConflictException"
    assert refusal(aws.delete_authorizer, **here, authorizerId=guard)[0] == "ConflictException"
    assert refusal(aws.delete_authorizer, **here, authorizerId="nobody")[0] == "NotFoundException"
    assert "patch path" in refusal(aws.update_method, **method, patchOperations=[{"op": "replace", "path": "/x"}])[1]
    deployment = api.deploy()
    assert "Active stages" in refusal(aws.delete_deployment, **here, deploymentId=deployment)[1]
    assert refusal(aws.get_deployment, **here, deploymentId="nobody")[0] == "NotFoundException"
    assert refusal(aws.create_stage, **here, stageName="x", deploymentId="nobody")[0] == "BadRequestException"
    logs = [{"op": "replace", "path": "/accessLogSettings/destinationArn", "value": "arn:aws:logs:x"}]
    assert "role ARN must be set" in refusal(aws.update_stage, **here, stageName="dev", patchOperations=logs)[1]
    role = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": f"arn:aws:iam::{ACCOUNT}:role/nobody"}]
    assert "required permissions" in refusal(aws.update_account, patchOperations=role)[1]
    assert refusal(aws.delete_resource, **here, resourceId=api.root)[0] == "BadRequestException"
    assert refusal(aws.delete_method_response, **method, statusCode="200")[0] == "NotFoundException"
    aws.delete_resource(**here, resourceId=resource)
    assert refusal(aws.get_method, **method)[0] == "NotFoundException"
    aws.delete_rest_api(**here)
    assert refusal(aws.delete_rest_api, **here)[0] == "NotFoundException"


@pytest.mark.processes
def test_apis_and_stages_carry_tags_and_are_patched(sandbox: Any) -> None:
    api = Rest(sandbox, "tagged")
    api.method(api.root, "GET", "arn:aws:lambda:x")
    api.deploy()
    whole = f"arn:aws:apigateway:us-east-1::/restapis/{api.id}"
    for arn in (whole, f"{whole}/stages/dev"):
        api.aws.tag_resource(resourceArn=arn, tags={"team": "desk", "tier": "gold"})
        api.aws.untag_resource(resourceArn=arn, tagKeys=["tier"])
        assert api.aws.get_tags(resourceArn=arn)["tags"] == {"team": "desk"}
    assert api.aws.get_rest_api(restApiId=api.id)["tags"] == {"team": "desk"}
    closed = {"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"}
    assert http("GET", f"{api.base}/dev").status == 500
    api.aws.update_rest_api(restApiId=api.id, patchOperations=[closed])
    assert http("GET", f"{api.base}/dev").status == 403
    where = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "GET"}
    asked = {"op": "replace", "path": "/apiKeyRequired", "value": "true"}
    assert api.aws.update_method(**where, patchOperations=[asked])["apiKeyRequired"] is True


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["TOKEN", "REQUEST"])
def test_a_rest_api_asks_its_authorizer(sandbox: Any, kind: str) -> None:
    name = f"guarded-{kind.lower()}"
    function, guard = make_function(sandbox, name, SHOW), make_function(sandbox, f"{name}-guard", GUARD)
    api = Rest(sandbox, name)
    authorizer = api.aws.create_authorizer(
        restApiId=api.id, name="guard", type=kind, authorizerUri=uri(guard),
        identitySource="method.request.header.Authorization",
    )["id"]  # fmt: skip
    api.method(api.path("a"), "GET", function, authorizationType="CUSTOM", authorizerId=authorizer)
    api.method(api.path("b"), "GET", function)
    permit(sandbox, name, f"{api.id}/*/GET/*")
    api.deploy()

    def ask(token: str) -> Any:
        return http("GET", f"{api.base}/dev/a", headers={"Authorization": token} if token else {})

    assert http("GET", f"{api.base}/dev/b").status == 200
    assert ask("friend").status == 500, "the authorizer's function does not let the API in"
    permit(sandbox, f"{name}-guard", f"{api.id}/authorizers/{authorizer}")
    assert (ask("").status, ask("").json) == (401, {"message": "Unauthorized"})
    assert ask("nobody").status == 401
    assert ask("foe").json == {"Message": "User is not authorized to access this resource with an explicit deny"}
    assert (ask("stranger").status, ask("broken").status) == (403, 500)
    friend = ask("friend")
    assert friend.status == 200
    assert friend.json["requestContext"]["authorizer"] == {"principalId": "friend", "tier": "1"}


@pytest.mark.processes
def test_an_http_api_asks_its_authorizer(sandbox: Any) -> None:
    api, endpoint = make_api(sandbox, "simply-guarded", SHOW, routes=["GET /open"])
    guard = make_function(sandbox, "simple-guard", SIMPLE_GUARD)
    aws = client("apigatewayv2", sandbox)
    authorizer = aws.create_authorizer(
        ApiId=api, Name="guard", AuthorizerType="REQUEST", AuthorizerUri=uri(guard), EnableSimpleResponses=True,
        AuthorizerPayloadFormatVersion="2.0", IdentitySource=["$request.header.Authorization"],
    )["AuthorizerId"]  # fmt: skip
    assert refusal(aws.create_authorizer, ApiId=api, Name="guard", AuthorizerType="JWT", IdentitySource=["x"])[0] == (
        "ConflictException"
    )
    target = aws.get_routes(ApiId=api)["Items"][0]["Target"]
    custom = {"AuthorizationType": "CUSTOM", "AuthorizerId": authorizer, "Target": target}
    aws.create_route(ApiId=api, RouteKey="GET /closed", **custom)
    permit(sandbox, "simple-guard", f"{api}/authorizers/{authorizer}")

    def ask(token: str) -> Any:
        return http("GET", f"{endpoint}/closed", headers={"Authorization": token} if token else {})

    assert http("GET", f"{endpoint}/open").status == 200
    assert [ask(token).status for token in ("", "stranger", "broken")] == [401, 403, 500]
    friend = ask("friend")
    assert friend.status == 200
    source = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api}/$default/GET/closed"
    assert friend.json["requestContext"]["authorizer"] == {"lambda": {"from": source}}
    assert refusal(aws.delete_authorizer, ApiId=api, AuthorizerId=authorizer)[0] == "ConflictException"
    aws.update_authorizer(ApiId=api, AuthorizerId=authorizer, EnableSimpleResponses=False)
    assert ask("friend").status == 500, "no policy in the answer"
    policy = {"Statement": [{"Effect": "Allow", "Action": "execute-api:*", "Resource": "*"}]}
    answers = f"def handler(event, context): return {{'principalId': 'x', 'policyDocument': {policy}}}"
    aws.update_authorizer(
        ApiId=api, AuthorizerId=authorizer, AuthorizerUri=uri(make_function(sandbox, "rules", answers))
    )
    permit(sandbox, "rules", f"{api}/authorizers/{authorizer}")
    assert ask("anybody").status == 200
    aws.update_authorizer(ApiId=api, AuthorizerId=authorizer, AuthorizerPayloadFormatVersion="1.0")
    assert ask("friend").status == 403, "another format is not known here"


@pytest.mark.processes
def test_an_api_outlives_its_sandbox_by_its_journal_and_by_its_snapshot(tmp_path: Path) -> None:
    with start(tmp_path) as first:
        function = make_function(first, "kept", SHOW)
        api = Rest(first, "kept")
        api.method(api.path("a"), "GET", function)
        permit(first, "kept", f"{api.id}/*/GET/a")
        api.deploy()
        first.kill()
    for _ in ("from the journal", "from the snapshot that the one before took when it ended"):
        with start(tmp_path) as later:
            assert http("GET", f"{later.url}/_rest/{api.id}/dev/a").status == 200


@pytest.mark.parametrize(
    "result",
    [
        "text",
        {"body": "no status"},
        {"statusCode": "many"},
        {"statusCode": 200, "body": {"an": "object"}},
        {"statusCode": 200, "headers": {"X": ["list"]}},
        {"statusCode": 99},
        {"statusCode": 200, "headers": {"X": "a\r\nb"}},
    ],
)
def test_a_malformed_answer_of_a_function_is_a_502(result: Any) -> None:
    answer = read_result(Invocation(json.dumps(result), False, "$LATEST", ""), binary=False)
    assert (answer.status, answer.body) == (502, b'{"message": "Internal server error"}')


def test_bytes_travel_only_where_the_api_takes_binary_bodies() -> None:
    result = {
        "statusCode": 200,
        "headers": {"Content-Type": "image/png", "X-On": True},
        "body": "AP8=",
        "isBase64Encoded": True,
    }
    done = Invocation(json.dumps(result), False, "$LATEST", "")
    assert read_result(done, binary=False).body == b"AP8="
    assert read_result(done, binary=True).body == b"\x00\xff"
    assert read_result(done, binary=True).header("x-on") == "true"
    assert read_result(Invocation("{}", True, "$LATEST", ""), binary=False).status == 502


def test_a_mock_answers_with_the_headers_it_was_given() -> None:
    origin = {"method.response.header.Access-Control-Allow-Origin": "'*'", "method.response.header.X": "integration.x"}
    responses = {"204": {"statusCode": "204", "responseParameters": origin}}
    integration = {"requestTemplates": {"application/json": '{"statusCode": 204}'}, "integrationResponses": responses}
    answer = mocked(integration)
    assert (answer.status, answer.header("access-control-allow-origin"), answer.header("x")) == (204, "*", "")
    assert mocked({**integration, "requestTemplates": None}).status == 500
