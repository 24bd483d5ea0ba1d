"""Secrets that an agent gives a new value every so many days; the value stays between the two of them."""

from __future__ import annotations

from collections.abc import Mapping

from deployments.blueprint.callee import Callee
from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal
from projects.configuration.model import Agent, Configuration


def secrets_of(configuration: Configuration, agent: Agent) -> list[tuple[str, int]]:
    """The names of the secrets an agent rotates, and every how many days."""
    return [
        (spec.name, spec.properties["rotation"]["days"])
        for spec in configuration.resources
        if spec.type == "secret" and spec.properties.get("rotation", {}).get("agent") == agent.name
    ]


def add_rotation(
    draft: Draft, configuration: Configuration, agent: Agent, path: str, *, callee: Callee, named: Mapping[str, str]
) -> None:
    """Lets Secrets Manager call the agent for the secrets it rotates, and tells it how often."""
    for name, days in secrets_of(configuration, agent):
        secret = {"Ref": named[name]}
        permission = draft.add(
            pascal(agent.name, name, "rotation permission"),
            "AWS::Lambda::Permission",
            {
                "FunctionName": callee.name,
                "Action": "lambda:InvokeFunction",
                "Principal": "secretsmanager.amazonaws.com",
                "SourceArn": secret,
            },
            agent=agent.name,
            line=agent.line,
            path=path,
        )
        draft.add(
            pascal(agent.name, name, "rotation"),
            "AWS::SecretsManager::RotationSchedule",
            {
                "SecretId": secret,
                "RotationLambdaARN": callee.arn,
                "RotationRules": {"AutomaticallyAfterDays": days},
                # Deploying is no reason to change a value that somebody may have just entered.
                "RotateImmediatelyOnUpdate": False,
            },
            agent=agent.name,
            depends_on=(permission,),
            line=agent.line,
            path=path,
        )
