"""Lambda: the whole configuration changes and shows, statements and mappings are not doubled, and code must exist."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError, UnknownFunctionException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.policy import Policy
from moto.core.utils import iso_8601_datetime_with_nanoseconds


class _ResourceConflict(LambdaClientError):
    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


def install() -> None:
    _refuse_missing_code()
    _keep_whole_configuration()
    _refuse_doubled_statements()
    _map_what_is_named()


def _refuse_missing_code() -> None:
    """moto accepts an S3 key that does not exist and makes an empty function of it."""
    original = LambdaFunction._set_function_code

    def set_function_code(self: LambdaFunction, updated_spec: dict[str, Any]) -> None:
        original(self, updated_spec)
        if "S3Key" in updated_spec and "ZipFile" not in updated_spec and not self.code_size:
            reason = "S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist."
            raise InvalidParameterValueException(f"Error occurred while GetObject. {reason}")

    LambdaFunction._set_function_code = set_function_code  # type: ignore[method-assign]


def _keep_whole_configuration() -> None:
    """LoggingConfig, DeadLetterConfig and RevisionId are unknown to moto, and updates of half the rest are dropped."""
    create, configuration = LambdaFunction.__init__, LambdaFunction.get_configuration
    update, update_code = LambdaFunction.update_configuration, LambdaFunction.update_function_code

    def init(self: Any, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        create(self, account_id, spec, region, version)
        self.logging_config = spec.get("LoggingConfig") or {}
        self.dead_letter_config = spec.get("DeadLetterConfig") or {}

    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        answer = configuration(self, on_create)
        defaults = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
        answer["LoggingConfig"] = defaults | self.logging_config
        if self.dead_letter_config.get("TargetArn"):
            answer["DeadLetterConfig"] = self.dead_letter_config
        settled = {key: value for key, value in answer.items() if key != "LastUpdateStatus"}
        digest = hashlib.md5(json.dumps(settled, default=str).encode(), usedforsecurity=False)
        answer["RevisionId"] = str(UUID(bytes=digest.digest()))
        return answer

    def update_configuration(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        if "Environment" in config_updates:
            variables = (config_updates["Environment"] or {}).get("Variables") or {}
            config_updates = config_updates | {"Environment": {"Variables": variables}}
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        names = {"TracingConfig": "tracing_config", "LoggingConfig": "logging_config", "KMSKeyArn": "kms_key_arn"}
        names["DeadLetterConfig"] = "dead_letter_config"
        for key, attribute in names.items():
            if key in config_updates:
                setattr(self, attribute, config_updates[key])
        self.last_modified = iso_8601_datetime_with_nanoseconds()
        update(self, config_updates)
        return get_configuration(self)

    def update_function_code(self: Any, updated_spec: dict[str, Any]) -> dict[str, Any]:
        update_code(self, updated_spec)
        if not updated_spec.get("DryRun"):
            self.architectures = updated_spec.get("Architectures") or self.architectures
            self.last_modified = iso_8601_datetime_with_nanoseconds()
        return get_configuration(self)

    LambdaFunction.__init__ = init  # type: ignore[method-assign]
    LambdaFunction.get_configuration = get_configuration  # type: ignore[method-assign]
    LambdaFunction.update_configuration = update_configuration  # type: ignore[method-assign]
    LambdaFunction.update_function_code = update_function_code  # type: ignore[method-assign]


def _refuse_doubled_statements() -> None:
    original = Policy.add_statement

    def add_statement(self: Policy, raw: str, qualifier: str | None = None) -> tuple[Any, str]:
        identifier = json.loads(raw).get("StatementId")
        if any(statement.get("Sid") == identifier for statement in self.statements):
            message = f"The statement id ({identifier}) provided already exists. Please provide a new statement id, "
            raise _ResourceConflict(message + "or remove the existing statement.")
        answer = original(self, raw, qualifier)
        auth_type = json.loads(raw).get("FunctionUrlAuthType")
        if auth_type:  # moto leaves it where it was
            statement = self.statements[-1]
            statement.pop("FunctionUrlAuthType", None)
            equals = statement.setdefault("Condition", {}).setdefault("StringEquals", {})
            equals["lambda:FunctionUrlAuthType"] = auth_type
        return answer

    Policy.add_statement = add_statement  # type: ignore[method-assign]


def _map_what_is_named() -> None:
    """moto maps the version that an alias stands for at the moment, finds mappings by spelling, and makes any twice."""
    create, update = LambdaBackend.create_event_source_mapping, LambdaBackend.update_event_source_mapping

    def create_event_source_mapping(self: LambdaBackend, spec: dict[str, Any]) -> Any:
        arn, source = _named(self, spec.get("FunctionName", "")), spec.get("EventSourceArn", "")
        for mapping in self._event_source_mappings.values():
            if mapping.event_source_arn == source and mapping.function_arn == arn:
                message = (
                    f'An event source mapping with SQS arn (" {source} ") and function (" {arn.split(":", 6)[6]} ") '
                )
                message += "already exists. Please update or delete the existing mapping with UUID "
                raise _ResourceConflict(message + mapping.uuid)
        made = create(self, spec)
        made.function_arn = arn
        return made

    def update_event_source_mapping(self: LambdaBackend, uuid: str, spec: dict[str, Any]) -> Any:
        mapping = update(self, uuid, spec)
        if mapping is not None and "FunctionName" in spec:
            mapping.function_arn = _named(self, spec["FunctionName"])
        return mapping

    def list_event_source_mappings(self: LambdaBackend, event_source_arn: str, function_name: str) -> list[Any]:
        try:
            arn = _named(self, function_name) if function_name else ""
        except UnknownFunctionException:
            return []
        return [
            mapping
            for mapping in self._event_source_mappings.values()
            if event_source_arn in (None, "", mapping.event_source_arn) and arn in ("", mapping.function_arn)
        ]

    LambdaBackend.create_event_source_mapping = create_event_source_mapping  # type: ignore[method-assign]
    LambdaBackend.update_event_source_mapping = update_event_source_mapping  # type: ignore[method-assign]
    LambdaBackend.list_event_source_mappings = list_event_source_mappings  # type: ignore[method-assign]


def _named(functions: LambdaBackend, name: str) -> str:
    """The ARN of a function named by name or ARN, with the version or alias that is named. Raises if unknown."""
    parts = functions.get_function(name).function_arn.split(":")[:7]
    given = name.split(":")
    return ":".join([*parts, *(given[7:8] if name.startswith("arn:") else given[1:2])])
