"""The choke point: retries with jitter, what is told, what is never said, and the limit that throttling lowers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from deployments.aws.calls import PATIENCE, Aws, Refusal, is_write
from deployments.engine.errors import Category, CloudError
from tests.aws.conftest import FakeTime, Recording


def refused(code: str, message: str = "no", status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "req-1"},
        },
        "Operation",
    )


@pytest.fixture
def failing(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """Makes a client's method fail with the given errors, then answer; returns the calls it got."""

    def fail(service: str, method: str, *errors: Exception, answer: dict[str, Any] | None = None) -> list[Any]:
        left: Iterator[Exception] = iter(errors)
        got: list[dict[str, Any]] = []

        def call(**parameters: Any) -> dict[str, Any]:
            got.append(parameters)
            error = next(left, None)
            if error is not None:
                raise error
            return {**(answer or {}), "ResponseMetadata": {"HTTPStatusCode": 200, "RequestId": "req-ok"}}

        monkeypatch.setattr(aws._client(service), method, call)
        return got

    return fail


@pytest.mark.parametrize(
    "error",
    [
        refused("Throttling"),
        refused("TooManyRequestsException", status=429),
        refused("InternalFailure", status=500),
        refused("SomethingNew", status=503),
        EndpointConnectionError(endpoint_url="https://example"),
        ReadTimeoutError(endpoint_url="https://example"),
        refused("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."),
        refused("AWS.SimpleQueueService.QueueDeletedRecently", "You must wait 60 seconds"),
    ],
    ids=lambda error: str(error)[:60],
)
def test_what_may_pass_is_retried_with_growing_pauses(
    aws: Aws, failing: Any, time: FakeTime, listener: Recording, error: Exception
) -> None:
    got = failing("iam", "get_role", error, error, error, answer={"Role": {}})
    assert aws.call("iam", "get_role", RoleName="r") == {"Role": {}}
    assert len(got) == 4
    # random() is 1 here, so the pauses are the upper bounds of the jitter: each twice the one before.
    assert time.naps == [time.naps[0], time.naps[0] * 2, time.naps[0] * 4]
    (call,) = listener.calls
    assert (call.operation, call.attempts, call.status, call.error, call.request_id, call.write) == (
        "GetRole", 4, 200, "", "req-ok", False,
    )  # fmt: skip


@pytest.mark.parametrize("category", sorted(PATIENCE))
def test_patience_ends(aws: Aws, failing: Any, time: FakeTime, listener: Recording, category: Category) -> None:
    code = {
        Category.THROTTLED: "Throttling",
        Category.UNAVAILABLE: "InternalFailure",
        Category.EVENTUAL: "OperationAborted",
    }[category]
    got = failing("s3", "delete_bucket", *[refused(code)] * 100)
    with pytest.raises(CloudError) as caught:
        aws.call("s3", "delete_bucket", Bucket="b")
    assert caught.value.category is category
    assert len(got) <= PATIENCE[category].attempts
    assert time.now <= PATIENCE[category].seconds + PATIENCE[category].cap
    assert listener.calls[-1].error == code and listener.calls[-1].attempts == len(got)


@pytest.mark.parametrize(
    ("error", "category"),
    [
        (refused("AccessDenied", status=403), Category.DENIED),
        (refused("ExpiredToken", status=403), Category.CREDENTIALS),
        (refused("ValidationException"), Category.INVALID),
        (refused("LimitExceeded"), Category.QUOTA),
        (refused("Unheard", status=404), Category.NOT_FOUND),
        (NoCredentialsError(), Category.CREDENTIALS),
    ],
    ids=str,
)
def test_what_will_not_pass_is_not_retried(
    aws: Aws, failing: Any, time: FakeTime, error: Exception, category: Category
) -> None:
    got = failing("iam", "get_role", error)
    with pytest.raises(CloudError) as caught:
        aws.call("iam", "get_role", RoleName="r")
    assert (caught.value.category, len(got), time.naps) == (category, 1, [])
    assert caught.value.advice and caught.value.service == "iam" and caught.value.operation == "GetRole"


def test_an_expected_answer_is_no_error(aws: Aws, failing: Any, listener: Recording) -> None:
    failing("iam", "get_role", refused("NoSuchEntity", status=404))
    assert aws.look("iam", "get_role", ("NoSuchEntity",), RoleName="r") is None
    failing("iam", "create_role", refused("EntityAlreadyExists", status=409))
    answer = aws.attempt("iam", "create_role", ("EntityAlreadyExists",), RoleName="r", AssumeRolePolicyDocument="{}")
    assert isinstance(answer, Refusal) and answer.code == "EntityAlreadyExists"
    assert [(call.status, call.error) for call in listener.calls] == [(404, ""), (409, "")]


def test_a_create_that_got_lost_is_looked_up_before_it_is_repeated(aws: Aws, failing: Any) -> None:
    got = failing("apigatewayv2", "create_api", ReadTimeoutError(endpoint_url="https://example"))
    answer = aws.call("apigatewayv2", "create_api", recover=lambda: {"ApiId": "found"}, Name="n", ProtocolType="HTTP")
    assert (answer, len(got)) == ({"ApiId": "found"}, 1)


def test_secret_values_are_in_no_message(aws: Aws, failing: Any, listener: Recording) -> None:
    said = "1 validation error: Value '{TOKEN=hunter22}' at 'environment' failed; also hunter22 and s3cr3t-word"
    failing("lambda", "update_function_configuration", refused("ValidationException", said))
    with pytest.raises(CloudError) as caught:
        aws.call(
            "lambda",
            "update_function_configuration",
            FunctionName="f",
            Environment={"Variables": {"TOKEN": "hunter22", "WORD": "s3cr3t-word"}},
        )
    told = repr(caught.value.as_dict()) + repr(listener) + repr(caught.value.__cause__)
    assert "hunter22" not in told and "s3cr3t-word" not in told
    assert caught.value.__suppress_context__


def test_a_misfit_names_the_parameter_and_not_its_value(aws: Aws) -> None:
    with pytest.raises(CloudError) as caught:
        aws.call("lambda", "update_function_configuration", FunctionName="f", Environment={"Variables": {"T": 5551234}})
    assert caught.value.category is Category.INVALID
    assert "Environment.Variables.T" in str(caught.value) and "5551234" not in str(caught.value)


def test_calls_together_keep_the_callers_context_and_the_first_error(aws: Aws) -> None:
    step: ContextVar[str] = ContextVar("step", default="")
    step.set("create:Bucket")
    assert aws.together(step.get, step.get, step.get) == ["create:Bucket"] * 3
    done: list[str] = []

    def fails() -> None:
        raise CloudError("no", service="s3", operation="X", code="C", category=Category.INVALID)

    with pytest.raises(CloudError):
        aws.together(lambda: done.append("one"), fails, lambda: done.append("two"))
    assert sorted(done) == ["one", "two"], "what was started has ended"


def test_calls_together_within_calls_together_never_wait_for_each_other(session: Any, listener: Recording) -> None:
    aws = Aws(session, account="123456789012", region="us-east-1", listener=listener, parallelism=2)
    # Every thread of the pool waits for calls that only the pool would begin.
    meeting = Barrier(3)

    def outer(number: int) -> list[int]:
        if number < 3:
            meeting.wait(10)
        return aws.together(*(partial(int, 10 * number + inner) for inner in range(4)))

    with ThreadPoolExecutor(1) as other:
        found = other.submit(aws.together, *(partial(outer, number) for number in range(8))).result(30)
    aws.close()
    assert found == [[10 * number + inner for inner in range(4)] for number in range(8)]


def test_waiting_is_bounded(aws: Aws, time: FakeTime) -> None:
    answers = iter([False, False, True])
    aws.wait(lambda: next(answers), what="It", seconds=10)
    with pytest.raises(CloudError, match="It did not happen within 10 seconds"):
        aws.wait(lambda: False, what="It", seconds=10)
    assert time.now <= 11


def test_pages_are_joined_and_end(aws: Aws, failing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {None: {"Items": [1, 2], "NextToken": "a"}, "a": {"Items": [3], "NextToken": "a"}}
    monkeypatch.setattr(aws._client("apigatewayv2"), "get_apis", lambda **asked: dict(pages[asked.get("NextToken")]))
    assert aws.pages("apigatewayv2", "get_apis", "Items") == [1, 2, 3]


def test_reads_and_writes_are_told_apart() -> None:
    assert not any(map(is_write, ("GetRole", "ListTags", "DescribeTable", "HeadBucket")))
    assert all(map(is_write, ("CreateFunction", "PutRolePolicy", "TagResource", "DeleteTable", "UpdateStage")))
