"""Lambda's Invoke: runs a function's handler and writes what it said to CloudWatch Logs."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from botocore.exceptions import ClientError

from strandsweb.sandbox.calls import Call
from strandsweb.sandbox.cloud import Cloud
from strandsweb.sandbox.errors import error_answer
from strandsweb.sandbox.functions.metrics import Metrics
from strandsweb.sandbox.functions.package import BadPackage, Packages
from strandsweb.sandbox.functions.pool import Pool
from strandsweb.sandbox.functions.spec import FunctionNotFound, FunctionSpec, find
from strandsweb.sandbox.functions.worker import Outcome, Worker
from strandsweb.sandbox.insider import Insider
from strandsweb.sandbox.messages import Answer, Request

log = logging.getLogger(__name__)

PAYLOAD_AT_MOST = 6 * 1024 * 1024
RETRY_SECONDS = 1.0  # AWS waits one minute, then two; here seconds are enough
INVOKE_PATH = re.compile(r"^/2015-03-31/functions/([^/]+)/invocations/?$")


@dataclass(frozen=True, slots=True)
class Invocation:
    """The end of an invocation: `payload` is JSON text, an error object when `failed`; `tail` the last of its log."""

    payload: str
    failed: bool
    version: str
    tail: str


class CannotInvoke(Exception):
    """An invocation that did not begin: an AWS error code, its status and a message."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Functions:
    """Runs the functions of a cloud. `address` tells where the sandbox listens, for the functions' own AWS calls."""

    def __init__(self, cloud: Cloud, insider: Insider, folder: Path, address: Callable[[], str]) -> None:
        self._cloud = cloud
        self._insider = insider
        self._packages = Packages(folder)
        self._address = address
        self._later = ThreadPoolExecutor(max_workers=8, thread_name_prefix="event")
        self._streams: dict[int, str] = {}
        self._counting = threading.Lock()
        self._running: Counter[str] = Counter()
        self._closing = threading.Event()
        self.pool = Pool()
        self.metrics = Metrics()

    def answer(self, request: Request, call: Call, account: str) -> Answer:
        """Answers the API operation Invoke: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html."""
        matched = INVOKE_PATH.match(request.path)
        name = unquote(matched.group(1)) if matched else ""
        kind = request.header("x-amz-invocation-type", "RequestResponse")
        try:
            with self._cloud.lock:
                spec = find(account, call.region, name, request.parameters().get("Qualifier"))
            event = _event_text(request.body)
            if kind == "DryRun":
                return Answer(204)
            if kind == "Event":
                self.invoke_later(spec, event)
                return Answer(202, (("x-amzn-requestid", str(uuid4())),))
            done = self.invoke(spec, event)
        except FunctionNotFound as missing:
            text = f"Function not found: {missing}"
            return error_answer(request, call, code="ResourceNotFoundException", message=text, status=404)
        except CannotInvoke as problem:
            return error_answer(request, call, code=problem.code, message=str(problem), status=problem.status)
        headers = [("Content-Type", "application/json"), ("X-Amz-Executed-Version", done.version)]
        headers.append(("x-amzn-requestid", str(uuid4())))
        if done.failed:
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        if request.header("x-amz-log-type") == "Tail":
            headers.append(("X-Amz-Log-Result", base64.b64encode(done.tail.encode()[-4096:]).decode()))
        return Answer(200, tuple(headers), done.payload.encode())

    def invoke_arn(self, arn: str, event: dict[str, Any]) -> Invocation:
        """Runs the function of an ARN (qualified or not). Raises FunctionNotFound or CannotInvoke."""
        with self._cloud.lock:
            spec = find("", "", arn)
        return self.invoke(spec, json.dumps(event))

    def invoke_later(self, spec: FunctionSpec, event: str) -> None:
        """Runs a function without anybody waiting, again after a while if it failed; then its dead letters tell."""
        self._later.submit(self._invoke_quietly, spec, event)

    def _invoke_quietly(self, spec: FunctionSpec, event: str) -> None:
        try:
            error = self._invoke_persistently(spec, event)
            if error is not None and spec.dead_letter_arn:
                self._bury(spec, event, error)
        except Exception:
            log.exception("the event for %s was lost", spec.arn)

    def _invoke_persistently(self, spec: FunctionSpec, event: str) -> str | None:
        """Why the last attempt failed, None after a success. A throttled call is no attempt, as in AWS."""
        failures = 0
        while True:
            try:
                done = self.invoke(spec, event)
                error = done.payload if done.failed else None
            except CannotInvoke as problem:
                error = str(problem)
                if problem.status == 429 and spec.concurrency and not self._closing.wait(RETRY_SECONDS):
                    continue
            if error is None:
                return None
            failures += 1
            if failures > spec.retries or self._closing.wait(failures * RETRY_SECONDS):
                return error

    def _bury(self, spec: FunctionSpec, event: str, error: str) -> None:
        """Sends an event to the dead letters: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html."""
        texts = {"RequestID": str(uuid4()), "ErrorCode": "200", "ErrorMessage": error[:1024]}
        attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}
        service, place = spec.dead_letter_arn.split(":")[2], spec.dead_letter_arn.rpartition(":")[2]
        client = self._insider.client(service, spec.account, spec.dead_letter_arn.split(":")[3])
        if service == "sqs":
            url = f"http://127.0.0.1/{spec.dead_letter_arn.split(':')[4]}/{place}"
            client.send_message(QueueUrl=url, MessageBody=event, MessageAttributes=attributes)
        else:
            client.publish(TopicArn=spec.dead_letter_arn, Message=event, MessageAttributes=attributes)

    def invoke(self, spec: FunctionSpec, event: str) -> Invocation:
        """Runs the handler with one event (JSON text). Raises CannotInvoke when it cannot begin."""
        if not re.fullmatch(r"python3\.\d+", spec.runtime):
            message = (
                f"The sandbox runs python3.x functions; {spec.name} asks for {spec.runtime or 'a container image'}."
            )
            raise CannotInvoke("InvalidRuntimeException", 502, message)
        with self._counted(spec):
            return self._invoke(spec, event)

    @contextlib.contextmanager
    def _counted(self, spec: FunctionSpec) -> Iterator[None]:
        """Holds one of the function's reserved places. Raises CannotInvoke when all are taken."""
        with self._counting:
            if spec.concurrency is not None and self._running[spec.arn] >= spec.concurrency:
                self.metrics.throttled(spec)
                raise CannotInvoke("TooManyRequestsException", 429, "Rate Exceeded.")
            self._running[spec.arn] += 1
        try:
            yield
        finally:
            with self._counting:
                self._running[spec.arn] -= 1

    def _invoke(self, spec: FunctionSpec, event: str) -> Invocation:
        request_id = str(uuid4())
        try:
            root = self._packages.unpack(spec.code_sha256, spec.code)
            layers = tuple(self._packages.unpack(_digest(code), code) for _, code in spec.layers)
        except BadPackage as problem:
            raise CannotInvoke("InvalidZipFileException", 502, str(problem)) from problem
        begun = time.time()
        worker = self.pool.take(spec.key, lambda: self._start(spec, root, layers))
        try:
            stream = self._streams.setdefault(id(worker), _stream_name(spec))
            outcome = worker.invoke(event, _context(spec, request_id, stream), float(spec.timeout_seconds))
        finally:
            if not worker.alive:
                self._streams.pop(id(worker), None)
            self.pool.give_back(spec.key, worker)
        lines = _log_lines(spec, request_id, outcome)
        self._write_log(spec, stream, begun, lines)
        payload = outcome.payload if outcome.payload is not None else json.dumps(outcome.error)
        failed = outcome.error is not None
        if len(payload) > PAYLOAD_AT_MOST:
            text = f"Response payload size exceeded maximum allowed payload size ({PAYLOAD_AT_MOST} bytes)."
            payload, failed = json.dumps({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": text}), True
        self.metrics.ended(spec, seconds=outcome.seconds, failed=failed)
        return Invocation(payload, failed, spec.version, "\n".join(lines) + "\n")

    def close(self) -> None:
        """Ends what runs, and forgets events that wait."""
        self._closing.set()
        self.pool.close()
        self._later.shutdown(cancel_futures=True)

    def _start(self, spec: FunctionSpec, root: Path, layers: tuple[Path, ...]) -> Worker:
        sts = self._insider.client("sts", spec.account, spec.region)
        try:
            given = sts.assume_role(RoleArn=spec.role, RoleSessionName=spec.name[:64])["Credentials"]
        except ClientError as refusal:
            message = f"The role defined for the function cannot be assumed by Lambda: {refusal}"
            raise CannotInvoke("AccessDeniedException", 403, message) from refusal
        environment = spec.environment | {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
            "AWS_REGION": spec.region,
            "AWS_DEFAULT_REGION": spec.region,
            "AWS_ENDPOINT_URL": self._address(),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mib),
            "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        }
        return Worker(
            root=root, handler=spec.handler, environment=environment, memory_mib=spec.memory_mib, layers=layers
        )

    def _write_log(self, spec: FunctionSpec, stream: str, begun: float, lines: list[str]) -> None:
        logs = self._insider.client("logs", spec.account, spec.region)
        place = {"logGroupName": spec.log_group, "logStreamName": stream}
        now = int(time.time() * 1000)
        first = int(begun * 1000)
        events = [{"timestamp": first if i == 0 else now, "message": line + "\n"} for i, line in enumerate(lines)]
        try:
            try:
                logs.put_log_events(**place, logEvents=events)
            except logs.exceptions.ResourceNotFoundException:
                with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                    logs.create_log_group(logGroupName=spec.log_group)
                with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                    logs.create_log_stream(**place)
                logs.put_log_events(**place, logEvents=events)
        except ClientError:
            log.exception("the log of %s was lost", spec.arn)


def _digest(code: bytes) -> str:
    return hashlib.sha256(code).hexdigest()


def _event_text(body: bytes) -> str:
    if len(body) > PAYLOAD_AT_MOST:
        message = f"{len(body)} byte payload is too large for the RequestResponse invocation type "
        raise CannotInvoke("RequestTooLargeException", 413, f"{message}(limit {PAYLOAD_AT_MOST} bytes)")
    text = body.decode("utf-8", "replace") or "{}"
    try:
        json.loads(text)
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise CannotInvoke("InvalidRequestContentException", 400, message) from error
    return text


def _stream_name(spec: FunctionSpec) -> str:
    return f"{datetime.now(UTC):%Y/%m/%d}/[{spec.version}]{uuid4().hex}"


def _context(spec: FunctionSpec, request_id: str, stream: str) -> dict[str, Any]:
    return {
        "function_name": spec.name,
        "function_version": spec.version,
        "invoked_function_arn": spec.invoked_arn,
        "memory_limit_in_mb": str(spec.memory_mib),
        "aws_request_id": request_id,
        "log_group_name": spec.log_group,
        "log_stream_name": stream,
    }


def _log_lines(spec: FunctionSpec, request_id: str, outcome: Outcome) -> list[str]:
    """START, what the handler wrote, the error if any, END and REPORT, as AWS words them."""
    lines = [f"START RequestId: {request_id} Version: {spec.version}", *outcome.output.splitlines()]
    if outcome.error is not None:
        message, kind = str(outcome.error["errorMessage"]), str(outcome.error["errorType"])
        if kind == "Sandbox.Timedout":
            moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            lines.append(f"{moment} {request_id} Task timed out after {spec.timeout_seconds:.2f} seconds")
        else:
            lines.append(f"[ERROR] {kind}: {message}")
            lines += [line.rstrip("\n") for line in outcome.error.get("stackTrace", [])]
    lines.append(f"END RequestId: {request_id}")
    used, billed = f"{outcome.seconds * 1000:.2f} ms", f"{int(outcome.seconds * 1000) + 1} ms"
    report = f"REPORT RequestId: {request_id}\tDuration: {used}\tBilled Duration: {billed}"
    report += f"\tMemory Size: {spec.memory_mib} MB\tMax Memory Used: {outcome.memory_mib} MB"
    if outcome.start_seconds is not None:
        report += f"\tInit Duration: {outcome.start_seconds * 1000:.2f} ms"
    return [line for line in [*lines, report] if line]
