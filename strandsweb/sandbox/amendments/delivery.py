"""Events on their way to functions, which moto would hand to Docker or not deliver at all; and its slowest habits."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.core import responses
from moto.events.models import Rule
from moto.sqs.models import Queue, SQSBackend

from strandsweb.sandbox.functions.spec import FunctionNotFound, FunctionSpec, find

log = logging.getLogger(__name__)


def install(invoke_later: Callable[[FunctionSpec, str], None]) -> None:
    """`invoke_later` takes a function and an event as JSON text."""
    _remember_what_never_changes()
    _run_functions(invoke_later)
    _let_rules_reach_functions(invoke_later)
    _leave_mappings_to_the_pollers()
    _never_wait_for_messages()


def _remember_what_never_changes() -> None:
    """On every call moto inspects the service's class and converts its method names anew: half of its time."""
    names = vars(responses)
    for name in ("camelcase_to_underscores", "method_names_from_class"):
        names[name] = functools.cache(names[name])


def _run_functions(invoke_later: Callable[[FunctionSpec, str], None]) -> None:
    """SNS, S3 and log subscriptions invoke through here; moto would look for Docker."""

    def invoke(self: LambdaFunction, body: Any, request_headers: Any, response_headers: Any) -> str:
        spec = find(self.account_id, self.region, self.function_name)
        invoke_later(spec, body if isinstance(body, str) else json.dumps(body))
        return "{}"

    LambdaFunction.invoke = invoke  # type: ignore[method-assign]


def _let_rules_reach_functions(invoke_later: Callable[[FunctionSpec, str], None]) -> None:
    """moto's EventBridge has no Lambda targets and fails PutEvents when a rule has one."""
    original = Rule.send_to_targets

    def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:
        targets = self.targets
        functions = [target for target in targets if ":lambda:" in target["Arn"]]
        if functions and self.event_pattern.matches_event(original_event):
            for target in functions:
                try:
                    event = target["Input"] if "Input" in target else json.dumps(original_event)
                    invoke_later(find(self.account_id, self.region_name, target["Arn"]), event)
                except FunctionNotFound as missing:
                    log.warning("rule %s targets a function that does not exist: %s", self.name, missing)
        self.targets = [target for target in targets if target not in functions]
        try:
            original(self, original_event, transform_input)
        finally:
            self.targets = targets

    Rule.send_to_targets = send_to_targets  # type: ignore[method-assign]


def _leave_mappings_to_the_pollers() -> None:
    """moto would invoke a mapped function inside SendMessage."""
    original = Queue.add_message

    def add_message(self: Queue, message: Any) -> None:
        mappings, self.lambda_event_source_mappings = self.lambda_event_source_mappings, {}
        try:
            original(self, message)
        finally:
            self.lambda_event_source_mappings = mappings

    def send_dynamodb_items(self: LambdaBackend, function_arn: str, items: list[Any], source: str) -> bool:
        return False  # so that the table's stream keeps them

    Queue.add_message = add_message  # type: ignore[method-assign]
    LambdaBackend.send_dynamodb_items = send_dynamodb_items  # type: ignore[assignment]


def _never_wait_for_messages() -> None:
    """A long poll must not hold the cloud's lock; the front asks again instead."""
    original = SQSBackend.receive_message

    def receive_message(
        self: SQSBackend, queue_name: str, count: int, wait_seconds_timeout: int, *args: Any, **kwargs: Any
    ) -> Any:
        return original(self, queue_name, count, 0, *args, **kwargs)

    SQSBackend.receive_message = receive_message  # type: ignore[method-assign]
