"""The one place where AWS is called: clients, retries, limits, error mapping, and telling who listens."""

from __future__ import annotations

import contextvars
import random as random_module
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from deployments.aws.failures import cloud_error
from deployments.aws.limits import Limiters
from deployments.aws.tag_batches import TagBatches
from deployments.engine.errors import RETRYABLE, Category, CloudError
from deployments.engine.ports import Call, Listener

Answer = dict[str, Any]

CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 65
_READS = ("Get", "List", "Describe", "Head", "Filter", "Lookup", "BatchGet", "Query", "Scan", "Simulate")
_LIMITERS = Limiters(time.monotonic)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of AWS that the caller expected and handles: its error code and words."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a category of failure is retried: full jitter over base * 2^n, never above cap (all in seconds)."""

    attempts: int
    seconds: float
    base: float
    cap: float

    def pause(self, attempt: int, random: Callable[[], float]) -> float:
        """Seconds to wait after attempt number `attempt` (from 1)."""
        return random() * min(self.cap, self.base * 2.0 ** min(attempt - 1, 20))


# Eventual consistency needs patience above all: SQS keeps a deleted queue's name for 60 seconds.
PATIENCE: Mapping[Category, Patience] = {
    Category.THROTTLED: Patience(attempts=12, seconds=120, base=0.2, cap=20),
    Category.UNAVAILABLE: Patience(attempts=6, seconds=60, base=0.2, cap=8),
    Category.EVENTUAL: Patience(attempts=40, seconds=150, base=0.5, cap=8),
}


def is_write(operation: str) -> bool:
    """Whether the operation (as CloudTrail spells it) changes anything."""
    return not operation.startswith(_READS)


class Aws:
    """Calls AWS for one environment: one account, one region, one set of credentials, one listener.

    Safe to share between threads. `sleep`, `random` and `clock` are arguments so that tests need no time.
    """

    def __init__(
        self,
        session: boto3.Session,
        *,
        account: str,
        region: str,
        listener: Listener,
        endpoint_url: str | None = None,
        parallelism: int = 32,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_module.random,
        clock: Callable[[], float] = time.monotonic,
        limiters: Limiters = _LIMITERS,
    ) -> None:
        self.account = account
        self.region = region
        self.partition = session.get_partition_for_region(region)
        self._session = session
        self._listener = listener
        self._endpoint_url = endpoint_url
        self._sleep = sleep
        self._random = random
        self._clock = clock
        self._limiters = limiters
        self._clients: dict[str, Any] = {}
        self.tagging = TagBatches(self.call)
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=parallelism, thread_name_prefix="aws")
        self._config = Config(
            retries={"total_max_attempts": 1},
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            # `together` calls from its own threads, on top of the run's.
            max_pool_connections=2 * parallelism,
            # A stand-in for S3 has no wildcard DNS.
            s3={"addressing_style": "path"} if endpoint_url else None,
        )

    def arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        """`arn:{partition}:{service}:{region}:{account}:{resource}` in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region if region is None else region}:{self.account}:{resource}"

    def call(
        self, service: str, method: str, *, recover: Callable[[], Answer | None] | None = None, **parameters: Any
    ) -> Answer:
        """Calls a boto3 client's method and returns its answer.

        `recover` is for a create that AWS would gladly do twice: before a retry it looks whether the lost attempt
        got through, and its answer (if any) is taken instead.

        Raises:
            CloudError: AWS refused for good, or retries are spent.
        """
        answer = self._call(service, method, frozenset(), recover, parameters)
        assert not isinstance(answer, Refusal), "nothing was expected"
        return answer

    def attempt(self, service: str, method: str, expect: Sequence[str], **parameters: Any) -> Answer | Refusal:
        """Like `call`, but the error codes in `expect` are answers: they come back as a `Refusal`."""
        return self._call(service, method, frozenset(expect), None, parameters)

    def look(self, service: str, method: str, absent: Sequence[str], **parameters: Any) -> Answer | None:
        """Like `call` for a read or a delete, where the codes in `absent` mean that there is nothing: None."""
        answer = self._call(service, method, frozenset(absent), None, parameters)
        return None if isinstance(answer, Refusal) else answer

    def pages(
        self,
        service: str,
        method: str,
        items: str,
        *,
        token: tuple[str, str] = ("NextToken", "NextToken"),
        absent: Sequence[str] = (),
        **parameters: Any,
    ) -> list[Any] | None:
        """All entries of the list `items`, page after page; None where a code in `absent` comes.

        `token` names the continuation: in the question and in the answer.
        """
        asked, answered = token
        entries: list[Any] = []
        while True:
            page = self.look(service, method, absent, **parameters)
            if page is None:
                return None
            entries += page.get(items, [])
            following = page.get(answered)
            # A page that names itself as the next would never end.
            if not following or following == parameters.get(asked):
                return entries
            parameters[asked] = following

    def together(self, *calls: Callable[[], Any]) -> list[Any]:
        """Runs independent calls at the same time and returns their results in order.

        All of them end before this returns or raises the first error; the listener sees the caller's context.
        """
        if len(calls) < 2:
            return [call() for call in calls]
        first, *rest = calls
        begun = [self._pool.submit(contextvars.copy_context().run, call) for call in rest]
        ended = [_outcome(first)]
        for call, future in reversed(list(zip(rest, begun, strict=True))):
            # What no thread has begun is done here: threads that only waited for each other would wait for ever.
            ended.insert(1, _outcome(call) if future.cancel() else future)
        wait_for(ended)
        return [future.result() for future in ended]

    def wait(
        self,
        probe: Callable[[], bool],
        *,
        what: str,
        seconds: float,
        first: float = 0.05,
        cap: float = 3.0,
    ) -> None:
        """Asks `probe` until it says yes, quickly at first and then ever more slowly.

        Raises:
            CloudError: it did not happen within `seconds` (category eventual).
        """
        started = self._clock()
        pause = first
        while not probe():
            if self._clock() - started + pause > seconds:
                raise CloudError(
                    f"{what} did not happen within {seconds:.0f} seconds.",
                    service="",
                    operation="Wait",
                    code="Timeout",
                    category=Category.EVENTUAL,
                    advice="AWS may still be at it: try again, it is picked up where it stands.",
                )
            self._sleep(pause)
            pause = min(cap, pause * 1.6)

    def log(self, level: str, message: str) -> None:
        """A sentence for the run's log."""
        self._listener.log(level, message)

    def close(self) -> None:
        """Ends the threads of `together`; the clients' connections go with the object."""
        self._pool.shutdown(wait=False)

    def _client(self, service: str) -> Any:
        client = self._clients.get(service)
        if client is None:
            # botocore's sessions are not safe to make clients from in several threads; clients are safe to use.
            with self._lock:
                client = self._clients.get(service)
                if client is None:
                    client = self._session.client(
                        service, region_name=self.region, endpoint_url=self._endpoint_url, config=self._config
                    )
                    self._clients[service] = client
        return client

    def _call(
        self,
        service: str,
        method: str,
        expect: frozenset[str],
        recover: Callable[[], Answer | None] | None,
        parameters: Mapping[str, Any],
    ) -> Answer | Refusal:
        client = self._client(service)
        operation = client.meta.method_to_api_mapping[method]
        limiter = self._limiters.of(self.account, service)
        started = self._clock()
        attempt = 0
        while True:
            attempt += 1
            try:
                with limiter.slot():
                    answer: Answer = getattr(client, method)(**parameters)
            except (ClientError, BotoCoreError) as error:
                code, status = _code_and_status(error)
                failure = cloud_error(error, service=service, operation=operation, parameters=parameters)
                expected = code in expect
                if failure.category is Category.THROTTLED:
                    limiter.throttled()
                if not expected and self._may_retry(failure.category, attempt, self._clock() - started):
                    pause = PATIENCE[failure.category].pause(attempt, self._random)
                    if attempt in (3, 6, 12, 24):
                        self.log("info", f"{service} {operation}: attempt {attempt} failed ({code}), trying again.")
                    self._sleep(pause)
                    if recover is not None and (recovered := recover()) is not None:
                        return recovered
                    continue
                self._tell(service, operation, started, status, attempt, failure.request_id, "" if expected else code)
                if expected:
                    return Refusal(code, str(failure))
                # `from None`: botocore's own words may quote the values that were sent.
                raise failure from None
            limiter.succeeded()
            metadata = answer.pop("ResponseMetadata", {})
            status = metadata.get("HTTPStatusCode", 0)
            self._tell(service, operation, started, status, attempt, metadata.get("RequestId", ""), "")
            return answer

    @staticmethod
    def _may_retry(category: Category, attempt: int, elapsed: float) -> bool:
        if category not in RETRYABLE:
            return False
        patience = PATIENCE[category]
        return attempt < patience.attempts and elapsed < patience.seconds

    def _tell(
        self, service: str, operation: str, started: float, status: int, attempts: int, request_id: str, error: str
    ) -> None:
        self._listener.call_ended(
            Call(
                service=service,
                operation=operation,
                seconds=self._clock() - started,
                status=status,
                attempts=attempts,
                request_id=request_id,
                write=is_write(operation),
                error=error,
            )
        )


def _outcome(call: Callable[[], Any]) -> Future[Any]:
    """The call's result or error, in the form that other threads' come in."""
    outcome: Future[Any] = Future()
    try:
        outcome.set_result(call())
    except BaseException as error:  # raised again by whoever asks for the result
        outcome.set_exception(error)
    return outcome


def _code_and_status(error: Exception) -> tuple[str, int]:
    if isinstance(error, ClientError):
        response = error.response
        return str(response.get("Error", {}).get("Code", "Unknown")), int(
            response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        )
    return type(error).__name__, 0
