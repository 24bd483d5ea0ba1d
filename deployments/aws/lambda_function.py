"""AWS::Lambda::Function: code, configuration and reserved concurrency of a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import lambda_code, tags
from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, in_order, picked
from deployments.engine.errors import Category, CloudError
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

READY_SECONDS = 300
_ABSENT = ("ResourceNotFoundException",)
# What one UpdateFunctionConfiguration can write, and what it takes to take a property back.
_CONFIGURATION: Mapping[str, Any] = {
    "Role": None,
    "Runtime": None,
    "Handler": None,
    "Description": "",
    "MemorySize": 128,
    "Timeout": 3,
    "Environment": {"Variables": {}},
    "Layers": [],
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
    "TracingConfig": {"Mode": "PassThrough"},
    "DeadLetterConfig": {"TargetArn": ""},
    "LoggingConfig": {"LogFormat": "Text"},
    "EphemeralStorage": {"Size": 512},
}


def _normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    normal = dict(properties)
    if isinstance(normal.get("Environment"), Mapping):
        normal["Environment"] = {"Variables": normal["Environment"].get("Variables") or {}}
    vpc = normal.get("VpcConfig")
    if isinstance(vpc, Mapping):
        normal["VpcConfig"] = {name: in_order(vpc.get(name) or []) for name in ("SubnetIds", "SecurityGroupIds")}
    logging = normal.get("LoggingConfig")
    if isinstance(logging, Mapping):
        logging = {"LogFormat": "Text", **logging}
        # The log group is reported even where it is the one of the function's own name.
        if logging.get("LogGroup") == f"/aws/lambda/{normal.get('FunctionName')}":
            del logging["LogGroup"]
        normal["LoggingConfig"] = logging
    return normal


class LambdaFunction(AwsProvisioner):
    """Physical id: the function's name."""

    service = "lambda"
    supported = frozenset(_CONFIGURATION) | {"FunctionName", "Code", "Architectures", "ReservedConcurrentExecutions"}
    kind = Kind(
        type="AWS::Lambda::Function",
        label="Lambda function",
        immutable=frozenset({"FunctionName"}),
        name_property="FunctionName",
        defaults={
            "Architectures": ["x86_64"],
            **{name: value for name, value in _CONFIGURATION.items() if value is not None},
        },
        normalise=_normalise,
        permissions=(
            "iam:PassRole",
            "lambda:CreateFunction",
            "lambda:DeleteFunction",
            "lambda:DeleteFunctionConcurrency",
            "lambda:GetFunction",
            "lambda:GetFunctionConfiguration",
            "lambda:GetLayerVersion",
            "lambda:PutFunctionConcurrency",
            "lambda:TagResource",
            "lambda:UntagResource",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
            "s3:GetObject",
            "s3:PutObject",
        ),
    )

    def locate(self, target: Target) -> str:
        return str(target.properties["FunctionName"])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer = self.aws.look("lambda", "get_function", _ABSENT, FunctionName=physical_id)
        if answer is None:
            return None
        configuration = answer["Configuration"]
        live = {
            **self.kind.defaults,
            **picked(configuration, "FunctionName", *_CONFIGURATION, "Architectures"),
            "Layers": [layer["Arn"] for layer in configuration.get("Layers", ())],
            "Code": lambda_code.live_code(properties.get("Code", {}), configuration["CodeSha256"]),
        }
        live["Environment"] = {"Variables": configuration.get("Environment", {}).get("Variables", {})}
        if "Concurrency" in answer:
            live["ReservedConcurrentExecutions"] = answer["Concurrency"]["ReservedConcurrentExecutions"]
        return Live(physical_id, live, {"Arn": configuration["FunctionArn"]}, tags.own(answer.get("Tags")))

    def make(self, target: Target) -> Made | Refusal:
        wanted = target.properties
        lambda_code.upload(self.aws, self.artifacts, wanted["Code"])
        answer = self.aws.attempt(
            "lambda",
            "create_function",
            ("ResourceConflictException",),
            Tags=dict(target.tags),
            **picked(wanted, "FunctionName", "Code", "Architectures", *_CONFIGURATION),
        )
        if isinstance(answer, Refusal):
            return answer
        name = answer["FunctionName"]
        self._until_ready(answer)
        if "ReservedConcurrentExecutions" in wanted:
            self._put_concurrency(name, wanted["ReservedConcurrentExecutions"])
        return Made(name, {"Arn": answer["FunctionArn"]})

    def update(self, target: Target, live: Live) -> Made:
        name, arn, changed = live.physical_id, live.attributes["Arn"], self.changed(target, live)
        calls: list[Callable[[], Any]] = []
        if changed & {"Code", "Architectures", *_CONFIGURATION}:
            calls.append(lambda: self._update_function(target, changed))
        if "ReservedConcurrentExecutions" in changed:
            calls.append(lambda: self._put_concurrency(name, target.properties.get("ReservedConcurrentExecutions")))
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("lambda", "tag_resource", Resource=arn, Tags=put),
            lambda keys: self.aws.call("lambda", "untag_resource", Resource=arn, TagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(name, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("lambda", "delete_function", _ABSENT, FunctionName=recorded.physical_id)

    def _update_function(self, target: Target, changed: frozenset[str]) -> None:
        wanted = target.properties
        name = self.locate(target)
        parameters = {key: wanted.get(key, fallback) for key, fallback in _CONFIGURATION.items() if key in changed}
        if parameters:
            # Lambda takes one change at a time: each is awaited before the next.
            self._until_ready(self.aws.call("lambda", "update_function_configuration", FunctionName=name, **parameters))
        if changed & {"Code", "Architectures"}:
            lambda_code.upload(self.aws, self.artifacts, wanted["Code"])
            answer = self.aws.call(
                "lambda",
                "update_function_code",
                FunctionName=name,
                Architectures=wanted.get("Architectures", ["x86_64"]),
                **wanted["Code"],
            )
            self._until_ready(answer)

    def _put_concurrency(self, name: str, executions: int | None) -> None:
        if executions is None:
            self.aws.call("lambda", "delete_function_concurrency", FunctionName=name)
        else:
            self.aws.call(
                "lambda", "put_function_concurrency", FunctionName=name, ReservedConcurrentExecutions=executions
            )

    def _until_ready(self, answer: Mapping[str, Any]) -> None:
        """Waits until the function is active and its last update is through, beginning with what `answer` says."""
        name = answer["FunctionName"]
        if not _is_ready(answer):
            self.aws.wait(
                lambda: _is_ready(self.aws.call("lambda", "get_function_configuration", FunctionName=name)),
                what=f"Lambda function {name} becoming ready",
                seconds=READY_SECONDS,
                first=0.1,
            )


def _is_ready(configuration: Mapping[str, Any]) -> bool:
    for status, reason in (("State", "StateReason"), ("LastUpdateStatus", "LastUpdateStatusReason")):
        if configuration.get(status) == "Failed":
            raise CloudError(
                f"Lambda could not set up {configuration['FunctionName']}: {configuration.get(reason, 'no reason')}",
                service="lambda",
                operation="GetFunctionConfiguration",
                code=configuration.get(f"{reason}Code", "Failed"),
                category=Category.INVALID,
                advice="Correct what the reason names, then run the deployment again.",
            )
    return configuration.get("State") in (None, "Active", "Inactive") and configuration.get("LastUpdateStatus") in (
        None,
        "Successful",
    )
