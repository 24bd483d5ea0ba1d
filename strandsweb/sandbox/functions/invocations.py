"""Lambda's Invoke: runs a function's handler and writes what it said to CloudWatch Logs."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import re
import time
from collections.abc import Callable
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
from strandsweb.sandbox.functions.package import BadPackage, Packages
from strandsweb.sandbox.functions.pool import Pool
from strandsweb.sandbox.functions.spec import FunctionNotFound, FunctionSpec, find
from strandsweb.sandbox.functions.worker import Outcome, Worker
from strandsweb.sandbox.insider import Insider
from strandsweb.sandbox.messages import Answer, Request

log = logging.getLogger(__name__)

PAYLOAD_AT_MOST = 6 * 1024 * 1024
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
        self.pool = Pool()

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
        """Runs a function without anybody waiting, once; its log tells how it went."""
        self._later.submit(self._invoke_quietly, spec, event)

    def _invoke_quietly(self, spec: FunctionSpec, event: str) -> None:
        try:
            self.invoke(spec, event)
        except Exception:
            log.exception("the event for %s was lost", spec.arn)

    def invoke(self, spec: FunctionSpec, event: str) -> Invocation:
        """Runs the handler with one event (JSON text). Raises CannotInvoke when it cannot begin."""
        if not re.fullmatch(r"python3\.\d+", spec.runtime):
            message = (
                f"The sandbox runs python3.x functions; {spec.name} asks for {spec.runtime or 'a container image'}."
            )
            raise CannotInvoke("InvalidRuntimeException", 502, message)
        if spec.concurrency == 0:
            raise CannotInvoke("TooManyRequestsException", 429, "Rate Exceeded.")
        request_id = str(uuid4())
        try:
            root = self._packages.unpack(spec.code_sha256, spec.code)
        except BadPackage as problem:
            raise CannotInvoke("InvalidZipFileException", 502, str(problem)) from problem
        begun = time.time()
        worker = self.pool.take(spec.key, lambda: self._start(spec, root))
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
        return Invocation(payload, failed, spec.version, "\n".join(lines) + "\n")

    def close(self) -> None:
        """Ends what runs, and forgets events that wait."""
        self.pool.close()
        self._later.shutdown(cancel_futures=True)

    def _start(self, spec: FunctionSpec, root: Path) -> Worker:
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
        return Worker(root=root, handler=spec.handler, environment=environment, memory_mib=spec.memory_mib)

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
        "invoked_function_arn": spec.arn if spec.version == "$LATEST" else f"{spec.arn}:{spec.version}",
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
