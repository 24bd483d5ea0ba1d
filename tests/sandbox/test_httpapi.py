"""HTTP APIs answer: routes, stages, events, permissions, CORS and failures."""

from __future__ import annotations

import base64
import json

import pytest

from strandsweb.sandbox.permissions import allows
from strandsweb.sandbox.routes import match_route
from strandsweb.sandbox.starter import start
from tests.sandbox.conftest import client, http, make_function

SHOW = "def handler(event, context): return event"


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets", "GET /pets", {}),
        ("POST", "/pets", "ANY /pets", {}),
        ("GET", "/pets/", "GET /pets", {}),
        ("GET", "/pets/dog", "GET /pets/dog", {}),
        ("GET", "/pets/c%20t", "GET /pets/{id}", {"id": "c t"}),
        ("DELETE", "/pets/cat", "ANY /pets/{proxy+}", {"proxy": "cat"}),
        ("GET", "/pets/cat/toys/1", "ANY /pets/{proxy+}", {"proxy": "cat/toys/1"}),
        ("GET", "/else", "$default", {}),
    ],
)
def test_the_most_specific_route_wins(method, path, key, parameters):
    keys = [
        "$default",
        "ANY /pets/{proxy+}",
        "GET /pets/{id}",
        "ANY /pets",
        "GET /pets",
        "GET /pets/dog",
        "PUT /{all+}",
    ]
    found = match_route(keys, method, path)
    assert found is not None and (found.route_key, found.parameters) == (key, parameters)


def test_no_route_no_match():
    assert match_route(["GET /a", "GET /a/{rest+}"], "GET", "/b") is None
    assert match_route(["GET /a/{rest+}"], "GET", "/a") is None
    assert match_route(["GET /a"], "POST", "/a") is None


def statement(**changes):
    source = {"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:us-east-1:1:api/*/*/a"}}
    given = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Principal": {"Service": "apigateway.amazonaws.com"}}
    return given | {"Condition": source} | changes


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"Condition": {}}, True),
        ({"Principal": {"Service": "sns.amazonaws.com"}}, False),
        ({"Action": "lambda:GetFunction"}, False),
        ({"Effect": "Deny"}, False),
        ({"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:us-east-1:1:other/*/*/a"}}}, False),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "2"}}}, False),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
    ],
)
def test_a_policy_allows_only_what_it_names(changes, allowed):
    arns = ["arn:aws:execute-api:us-east-1:1:api/$default/GET/a"]
    given = allows([statement(**changes)], service="apigateway.amazonaws.com", account="1", source_arns=arns)
    assert given is allowed


def make_api(sandbox, name, source=SHOW, *, routes=("ANY /{proxy+}",), stage="$default", permit="*", cors=None, **more):
    """An API whose routes lead to one new function; returns its id and endpoint."""
    function = make_function(sandbox, name, source, **more)
    gateway = client("apigatewayv2", sandbox)
    options = {"CorsConfiguration": cors} if cors else {}
    api = gateway.create_api(Name=name, ProtocolType="HTTP", **options)
    integration = gateway.create_integration(
        ApiId=api["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )
    for route in routes:
        gateway.create_route(ApiId=api["ApiId"], RouteKey=route, Target=f"integrations/{integration['IntegrationId']}")
    gateway.create_stage(ApiId=api["ApiId"], StageName=stage, AutoDeploy=True, StageVariables={"colour": "blue"})
    if permit:
        client("lambda", sandbox).add_permission(
            FunctionName=name, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-1:123456789012:{api['ApiId']}/{permit}",
        )  # fmt: skip
    return api["ApiId"], api["ApiEndpoint"]


@pytest.mark.processes
def test_a_call_becomes_an_event_of_format_2(sandbox):
    api, endpoint = make_api(sandbox, "shows", routes=["POST /support/{ticket}"], permit="*/*/support/*")
    headers = {"Content-Type": "application/json", "Cookie": "a=1; b=2", "X-Thing": "yes"}
    answer = http("POST", f"{endpoint}/support/t%201?x=1&x=2&y=", b'{"q": 1}', headers)
    event = answer.json
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    assert endpoint == f"{sandbox.url}/_apis/{api}"
    assert event["version"] == "2.0" and event["routeKey"] == "POST /support/{ticket}"
    assert event["rawPath"] == "/support/t 1" and event["rawQueryString"] == "x=1&x=2&y="
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""} and event["pathParameters"] == {"ticket": "t 1"}
    assert (
        event["cookies"] == ["a=1", "b=2"] and event["headers"]["x-thing"] == "yes" and "cookie" not in event["headers"]
    )
    assert event["body"] == '{"q": 1}' and event["isBase64Encoded"] is False
    assert event["stageVariables"] == {"colour": "blue"}
    context = event["requestContext"]
    assert (context["apiId"], context["accountId"], context["stage"]) == (api, "123456789012", "$default")
    assert context["http"]["method"] == "POST" and context["http"]["sourceIp"] == "127.0.0.1"
    binary = http("POST", f"{endpoint}/support/t", b"\x00\xff", {"Content-Type": "application/octet-stream"}).json
    assert binary["isBase64Encoded"] is True and base64.b64decode(binary["body"]) == b"\x00\xff"
    by_host = {"Host": f"{api}.execute-api.us-east-1.amazonaws.com", "Content-Type": "text/plain"}
    assert http("POST", f"{sandbox.url}/support/9", b"x", by_host).json["pathParameters"] == {"ticket": "9"}


@pytest.mark.processes
def test_an_answer_becomes_http(sandbox):
    source = """
ANSWERS = {
    "full": {"statusCode": 201, "headers": {"X-A": "1"}, "cookies": ["a=1", "b=2"], "body": "made"},
    "binary": {"statusCode": 200, "headers": {"content-type": "image/png"}, "body": "AP8=", "isBase64Encoded": True},
    "plain": "just text",
    "wrong": {"statusCode": "many"},
    "split": {"statusCode": 200, "headers": {"X-A": "1\\r\\nX-B: 2"}},
}
def handler(event, context):
    return ANSWERS[event["pathParameters"]["proxy"]]
"""
    _, endpoint = make_api(sandbox, "answers", source)
    full = http("GET", f"{endpoint}/full")
    assert (full.status, full.body, full.headers["X-A"]) == (201, b"made", "1")
    assert full.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert http("GET", f"{endpoint}/binary").body == b"\x00\xff"
    assert http("GET", f"{endpoint}/plain").json == "just text"
    for path in ("wrong", "split", "raises-a-key-error"):
        failed = http("GET", f"{endpoint}/{path}")
        assert failed.status == 500 and failed.json == {"message": "Internal Server Error"}


@pytest.mark.processes
def test_named_stages_unknown_paths_and_apis(sandbox):
    api, endpoint = make_api(sandbox, "staged", routes=["GET /a"], stage="v1")
    assert http("GET", f"{endpoint}/v1/a").json["rawPath"] == "/v1/a"
    for address in (f"{endpoint}/a", f"{endpoint}/v1/b", f"{sandbox.url}/_apis/nobody/a"):
        missing = http("GET", address)
        assert missing.status == 404 and missing.json == {"message": "Not Found"}
    client("apigatewayv2", sandbox).update_stage(ApiId=api, StageName="v1", AutoDeploy=False)
    assert http("GET", f"{endpoint}/v1/a").status == 404


@pytest.mark.processes
def test_without_permission_the_function_is_not_invoked(sandbox):
    api, endpoint = make_api(sandbox, "closed", routes=["GET /a"], permit="*/*/b")
    assert http("GET", f"{endpoint}/a").status == 500
    aws = client("lambda", sandbox)
    aws.add_permission(
        FunctionName="closed", StatementId="now", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:123456789012:{api}/*/GET/a",
    )  # fmt: skip
    assert http("GET", f"{endpoint}/a").status == 200
    aws.remove_permission(FunctionName="closed", StatementId="now")
    assert http("GET", f"{endpoint}/a").status == 500


@pytest.mark.processes
def test_cors_is_the_apis_own_business(sandbox):
    cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["POST"], "AllowHeaders": ["x-a"], "MaxAge": 60}
    _, endpoint = make_api(sandbox, "cross", cors=cors)
    asks = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    preflight = http("OPTIONS", f"{endpoint}/x", headers=asks)
    assert preflight.status == 204 and preflight.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert (
        preflight.headers["Access-Control-Allow-Methods"] == "POST"
        and preflight.headers["Access-Control-Max-Age"] == "60"
    )
    real = http("POST", f"{endpoint}/x", b"{}", {"Origin": "https://a.example"})
    assert real.status == 200 and real.headers["Access-Control-Allow-Origin"] == "https://a.example"
    foreign = http("OPTIONS", f"{endpoint}/x", headers=asks | {"Origin": "https://b.example"})
    assert foreign.headers["Access-Control-Allow-Origin"] is None
    _, plain = make_api(sandbox, "uncrossed")
    assert (
        http("GET", f"{plain}/x", headers={"Origin": "https://a.example"}).headers["Access-Control-Allow-Origin"]
        is None
    )


@pytest.mark.processes
def test_the_endpoint_follows_the_sandbox_to_another_port(tmp_path):
    with start(tmp_path) as first:
        api, before = make_api(first, "moves")
        port = first.url.rsplit(":", 1)[1]
        first.kill()
    with start(tmp_path) as second:
        endpoint = client("apigatewayv2", second).get_api(ApiId=api)["ApiEndpoint"]
        assert endpoint == f"{second.url}/_apis/{api}" and (port in second.url or endpoint != before)
        assert json.loads(http("GET", f"{endpoint}/x").body)["rawPath"] == "/x"
