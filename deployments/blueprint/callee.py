"""What callers of an agent call: its function, or the alias of the version that is published with every change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal
from deployments.blueprint.values import Output
from deployments.engine.canonical import dumps
from projects.configuration.model import Agent

# What is the function's own and in none of its versions.
_NOT_PUBLISHED = frozenset({"FunctionName", "ReservedConcurrentExecutions"})


@dataclass(frozen=True, slots=True)
class Callee:
    """`name` for what takes a function's name, `arn` for what takes an ARN, both intrinsics."""

    function: str
    name: Mapping[str, Any]
    arn: Mapping[str, Any]


def add_callee(draft: Draft, agent: Agent, path: str, *, function: str) -> Callee:
    """Adds version, alias and address of a function, as far as they are asked for."""
    callee = Callee(function, {"Ref": function}, {"Fn::GetAtt": [function, "Arn"]})
    if agent.alias:
        alias = _add_alias(draft, agent, path, agent.alias, function)
        callee = Callee(function, {"Ref": alias}, {"Ref": alias})
    if agent.function_url:
        _add_url(draft, agent, path, callee)
    return callee


def _add_alias(draft: Draft, agent: Agent, path: str, name: str, function: str) -> str:
    """A version never changes: what it is made of is part of its logical id, as it is its description."""
    published = {key: value for key, value in draft.resources[function].properties.items() if key not in _NOT_PUBLISHED}
    digest = hashlib.sha256(dumps(published).encode()).hexdigest()[:12]
    version = draft.add(
        pascal(agent.name, "version", digest),
        "AWS::Lambda::Version",
        {"FunctionName": {"Ref": function}, "Description": digest},
        agent=agent.name,
        line=agent.line,
        path=path,
    )
    return draft.add(
        pascal(agent.name, "alias"),
        "AWS::Lambda::Alias",
        {
            "FunctionName": {"Ref": function},
            "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
            "Name": name,
            "Description": f"The version of {agent.name} in use",
        },
        agent=agent.name,
        line=agent.line,
        path=f"{path}.alias",
    )


def _add_url(draft: Draft, agent: Agent, path: str, callee: Callee) -> None:
    place = f"{path}.function_url"
    properties: dict[str, Any] = {"TargetFunctionArn": {"Ref": callee.function}, "AuthType": "AWS_IAM"}
    depends_on: tuple[str, ...] = ()
    if agent.alias:
        properties["Qualifier"] = agent.alias
        depends_on = (str(callee.arn["Ref"]),)
    if agent.function_url == "none":
        properties["AuthType"] = "NONE"
        for action, condition in (
            ("lambda:InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}),
            ("lambda:InvokeFunction", {"InvokedViaFunctionUrl": True}),
        ):
            draft.add(
                pascal(agent.name, action.partition(":")[2], "permission"),
                "AWS::Lambda::Permission",
                {"FunctionName": callee.name, "Action": action, "Principal": "*", **condition},
                agent=agent.name,
                line=agent.line,
                path=place,
            )
        message = f"anybody can call {agent.name} at its own address"
        draft.problem(
            agent.line, place, message, "function_url: iam lets only those who are allowed", severity="warning"
        )
    url = draft.add(
        pascal(agent.name, "url"),
        "AWS::Lambda::Url",
        properties,
        agent=agent.name,
        depends_on=depends_on,
        line=agent.line,
        path=place,
    )
    draft.outputs.append(Output(url, url, "FunctionUrl", f"Address of {agent.name} itself", agent.name))
