"""How each declared resource is used, as the configuration says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from deployments.blueprint.identifiers import pascal
from deployments.blueprint.named import ALARM_TOPIC
from deployments.engine.canonical import dumps
from projects.configuration.model import Agent, Configuration, ResourceSpec, Trigger

_NOUNS: Mapping[str, str] = {
    "s3": "bucket",
    "dynamodb": "table",
    "sqs": "queue",
    "sns": "topic",
    "eventbridge": "event bus",
    "secret": "secret",
    "AWS::DynamoDB::Table": "table",
    "AWS::Events::EventBus": "event bus",
    "AWS::S3::Bucket": "bucket",
    "AWS::SNS::Topic": "topic",
    "AWS::SQS::Queue": "queue",
    "AWS::SecretsManager::Secret": "secret",
}


def declared(configuration: Configuration) -> dict[str, ResourceSpec]:
    """What stands under `resources`, by the logical id it has in the blueprint."""
    return {
        pascal(spec.name, _NOUNS.get(spec.type) or spec.type.rpartition("::")[2]): spec
        for spec in configuration.resources
    }


def uses_of(configuration: Configuration) -> dict[str, tuple[str, ...]]:
    """Sentences on how each declared resource is used, by logical id; equal sentences mean equal use."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for agent in configuration.agents:
        for name, sentence in _uses(agent):
            by_name[name].append(sentence)
    for spec in configuration.resources:
        if dead := spec.properties.get("dead_letter_queue"):
            by_name[dead].append(f"takes the dead letters of {spec.name}")
    if configuration.shared.monitoring.alarms:
        by_name[ALARM_TOPIC].append("is told of alarms")
    return {logical_id: tuple(sorted(by_name[spec.name])) for logical_id, spec in declared(configuration).items()}


def _uses(agent: Agent) -> Iterator[tuple[str, str]]:
    for use in agent.uses:
        what = use.access or ", ".join(sorted(use.actions))
        yield use.resource, f"{agent.name} may {what}" + (f" below {use.path}" if use.path else "")
    for trigger in agent.triggers:
        if trigger.resource:
            yield trigger.resource, f"starts {agent.name}" + _settings(trigger)
    for secret in agent.secrets.values():
        yield secret, f"{agent.name} reads its value"
    if agent.dead_letter:
        yield agent.dead_letter, f"takes what {agent.name} failed to handle"


def _settings(trigger: Trigger) -> str:
    keys = ("batch_size", "batching_window", "pattern", "prefix", "suffix")
    said = {key: value for key in keys if (value := getattr(trigger, key)) is not None}
    return f" with {dumps(said)}" if said else ""
