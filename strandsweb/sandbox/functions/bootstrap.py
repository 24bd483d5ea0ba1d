"""Runs inside a function's process: imports the handler and answers one event after another. Standard library only.

Started as `python bootstrap.py EVENTS RESULTS LIFELINE` with three inherited pipes. EVENTS and RESULTS carry frames:
four bytes of length, then JSON. The lifeline carries nothing; it closes when the sandbox dies, and then the whole group
of processes ends.
"""

import importlib
import io
import json
import logging
import os
import signal
import struct
import sys
import threading
import time
import traceback
from typing import Any


def read_frame(descriptor: int) -> Any:
    header = read_exactly(descriptor, 4)
    return json.loads(read_exactly(descriptor, struct.unpack(">I", header)[0]))


def read_exactly(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = os.read(descriptor, size - len(data))
        if not chunk:
            os._exit(0)
        data += chunk
    return data


def write_frame(descriptor: int, value: Any) -> None:
    payload = json.dumps(value).encode()
    data = memoryview(struct.pack(">I", len(payload)) + payload)
    while data:
        data = data[os.write(descriptor, data) :]


def watch(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


class Context:
    """What a handler learns about its invocation: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    client_context = None
    identity = None

    def __init__(self, given: dict[str, Any]) -> None:
        self._deadline = time.monotonic() + given.pop("seconds")
        vars(self).update(given)

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class LogHandler(logging.Handler):
    """Writes records as AWS's runtime does: level, time, request id and message, separated by tabs."""

    request_id = ""

    def emit(self, record: logging.LogRecord) -> None:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        sys.stdout.write(f"[{record.levelname}]\t{moment}\t{LogHandler.request_id}\t{self.format(record)}\n")


def describe(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[1:]  # without this file's own
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": LogHandler.request_id,
        "stackTrace": [
            line.replace(os.environ["LAMBDA_TASK_ROOT"], "/var/task") for line in traceback.format_list(frames)
        ],
    }


def load_handler(name: str) -> tuple[Any, dict[str, Any] | None]:
    """The handler named `folder/package.module.function`, or the error AWS's runtime gives."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        return None, failure("MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        return None, failure("ImportModuleError", f"Unable to import module '{module_name}': {error}")
    except SyntaxError as error:
        text = f"Syntax error in module '{module_name}': {error}"
        return None, failure("UserCodeSyntaxError", text)
    except Exception as error:
        return None, describe(error)
    if not callable(getattr(module, function_name, None)):
        return None, failure("HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    return getattr(module, function_name), None


def failure(kind: str, message: str) -> dict[str, Any]:
    return {"errorMessage": message, "errorType": f"Runtime.{kind}", "requestId": "", "stackTrace": []}


def answer(handler: Any, frame: dict[str, Any]) -> dict[str, Any]:
    """The result of one event: {"payload": text} or {"error": {...}}."""
    LogHandler.request_id = frame["context"]["aws_request_id"]
    try:
        value = handler(json.loads(frame["event"]), Context(frame["context"]))
    except Exception as error:
        return {"error": describe(error)}
    try:
        return {"payload": json.dumps(value)}
    except (TypeError, ValueError) as error:
        return {"error": failure("MarshalError", f"Unable to marshal response: {error}")}


def main() -> None:
    events, results, lifeline = (int(argument) for argument in sys.argv[1:4])
    for descriptor in (events, results, lifeline):
        os.set_inheritable(descriptor, False)
    threading.Thread(target=watch, args=(lifeline,), daemon=True).start()
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", 0), "utf-8", "replace", write_through=True)
    sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", 0), "utf-8", "replace", write_through=True)
    layers = [layer for layer in os.environ.pop("_LAYERS", "").split(os.pathsep) if layer]
    sys.path[0:1] = [os.environ["LAMBDA_TASK_ROOT"], *(os.path.join(layer, "python") for layer in layers)]
    logging.getLogger().addHandler(LogHandler())
    handler, problem = load_handler(os.environ["_HANDLER"])
    write_frame(results, {"started": problem is None, "error": problem})
    while problem is None:
        write_frame(results, answer(handler, read_frame(events)))


if __name__ == "__main__":
    main()
