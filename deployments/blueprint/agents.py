"""An agent as a Lambda function: its log group, the function itself, and what its environment tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal
from deployments.blueprint.network import Network
from deployments.blueprint.permissions import arn
from deployments.blueprint.values import Artifact
from projects.configuration.model import Agent, Configuration
from projects.configuration.resource_types import secret_variable_name, variable_name

ARTIFACTS_BUCKET = "ArtifactsBucket"


def add_function(
    draft: Draft,
    configuration: Configuration,
    agent: Agent,
    path: str,
    *,
    role: str,
    sha256: str,
    named: Mapping[str, str],
    network: Network | None,
    layers: Mapping[str, Mapping[str, Any]],
) -> str:
    """Adds log group and function of an agent whose code zip has that SHA-256; returns the function's logical id."""
    monitoring = configuration.shared.monitoring
    log_group = draft.add(
        pascal(agent.name, "log group"),
        "AWS::Logs::LogGroup",
        {"LogGroupName": draft.names.log_group(agent.name), "RetentionInDays": monitoring.log_retention_days},
        agent=agent.name,
        tags=agent.tags,
        line=agent.line,
        path=path,
    )
    properties: dict[str, Any] = {
        "FunctionName": draft.names.function(agent.name),
        "Description": f"The agent {agent.name} of {draft.facts.project}",
        "Role": {"Fn::GetAtt": [role, "Arn"]},
        "Runtime": agent.runtime,
        "Handler": agent.handler,
        "MemorySize": agent.memory,
        "Timeout": agent.timeout,
        "Code": {"S3Bucket": {"Ref": ARTIFACTS_BUCKET}, "S3Key": f"{agent.name}/{sha256}.zip"},
    }
    if variables := _variables(draft, configuration, agent, named):
        properties["Environment"] = {"Variables": variables}
    if agent.layers:
        properties["Layers"] = [layers.get(layer, layer) for layer in agent.layers]
    if agent.reserved_concurrency is not None:
        properties["ReservedConcurrentExecutions"] = agent.reserved_concurrency
    if agent.dead_letter:
        properties |= _dead_letter(draft, agent, path, named)
    if network is not None:
        properties["VpcConfig"] = network.of(agent)
    if monitoring.xray:
        properties["TracingConfig"] = {"Mode": "Active"}
    return draft.add(
        pascal(agent.name, "function"),
        "AWS::Lambda::Function",
        properties,
        agent=agent.name,
        tags=agent.tags,
        depends_on=(log_group,),  # else Lambda makes one itself, without retention
        line=agent.line,
        path=path,
    )


def add_layers(
    draft: Draft, agents: Sequence[tuple[str, Agent]], artifacts: Mapping[str, Artifact]
) -> dict[str, Mapping[str, Any]]:
    """Adds the layers that are folders of the bundle, each once; answers references to them by folder."""
    layers: dict[str, Mapping[str, Any]] = {}
    for path, agent in agents:
        for folder in agent.layers:
            if folder in layers or folder not in artifacts:
                continue
            name = "-".join(part for part in folder.split("/") if part not in ("", "."))
            sha256 = artifacts[folder].sha256
            layer = draft.add(
                pascal(name, "layer"),
                "AWS::Lambda::LayerVersion",
                {
                    "LayerName": draft.names.layer(name),
                    "Content": {"S3Bucket": {"Ref": ARTIFACTS_BUCKET}, "S3Key": f"layers/{sha256}.zip"},
                },
                line=agent.line,
                path=f"{path}.layers",
            )
            layers[folder] = {"Ref": layer}
    return layers


def _dead_letter(draft: Draft, agent: Agent, path: str, named: Mapping[str, str]) -> dict[str, Any]:
    resource = draft.resources.get(named.get(agent.dead_letter or "", ""))
    if resource is None or resource.type not in ("AWS::SQS::Queue", "AWS::SNS::Topic"):
        message = f"{agent.dead_letter} is no queue or topic of this configuration"
        draft.problem(agent.line, f"{path}.dead_letter", message, "name a resource of type sqs or sns")
        return {}
    return {"DeadLetterConfig": {"TargetArn": arn(resource)}}


def _variables(
    draft: Draft, configuration: Configuration, agent: Agent, named: Mapping[str, str]
) -> dict[str, str | Mapping[str, Any]]:
    """The agent's own variables, the address of each resource it uses, and where its secrets are (not what they are).

    `Ref` is what a variable of each type promises: names of tables, buckets and buses, the URL of a queue, the ARN
    of a topic or secret.
    """
    variables: dict[str, str | Mapping[str, Any]] = {}
    types = {spec.name: spec.type for spec in configuration.resources}
    for use in agent.uses:
        variable = variable_name(use.resource, types.get(use.resource, ""))
        if variable and use.resource in named:
            variables[variable] = {"Ref": named[use.resource]}
    for name, secret in agent.secrets.items():
        if secret in named:
            variables[secret_variable_name(name)] = arn(draft.resources[named[secret]])
    variables.update(agent.environment)
    return dict(sorted(variables.items()))
