"""Where in strands.yaml a live property stands, and how its value is written there (pure).

The tables say what may be; that a place really gives a resource its property is checked by whoever writes there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.blueprint.identifiers import pascal
from projects.configuration import Configuration

TAGS = "Tags."
OWN_TAGS = "strands:"
VARIABLES = "Environment.Variables."
FUNCTION, LOG_GROUP = "AWS::Lambda::Function", "AWS::Logs::LogGroup"


def _as_it_is(value: Any) -> Any:
    return value


_STREAMS = {name.upper().replace("-", "_"): name for name in ("keys-only", "new-image", "old-image")}
_STREAMS["NEW_AND_OLD_IMAGES"] = "new-and-old-images"

_AGENT_KEYS: Mapping[str, str] = {
    "MemorySize": "memory",
    "Timeout": "timeout",
    "Runtime": "runtime",
    "Handler": "handler",
    "ReservedConcurrentExecutions": "reserved_concurrency",
}
_NOUNS: Mapping[str, str] = {
    "AWS::S3::Bucket": "bucket",
    "AWS::DynamoDB::Table": "table",
    "AWS::SQS::Queue": "queue",
    "AWS::SNS::Topic": "topic",
    "AWS::Events::EventBus": "event bus",
    "AWS::SecretsManager::Secret": "secret",
}
"""Type -> the noun in its logical id."""
_RESOURCE_KEYS: Mapping[tuple[str, str], tuple[str, Callable[[Any], Any]]] = {
    ("AWS::S3::Bucket", "VersioningConfiguration.Status"): ("versioning", lambda status: status == "Enabled"),
    ("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled"): (
        "point_in_time_recovery",
        _as_it_is,
    ),
    ("AWS::DynamoDB::Table", "TimeToLiveSpecification.AttributeName"): ("time_to_live", _as_it_is),
    ("AWS::DynamoDB::Table", "StreamSpecification.StreamViewType"): ("stream", lambda kind: _STREAMS.get(kind, kind)),
    ("AWS::SQS::Queue", "VisibilityTimeout"): ("visibility_timeout", _as_it_is),
    ("AWS::SQS::Queue", "MessageRetentionPeriod"): ("retention", _as_it_is),
    ("AWS::SQS::Queue", "DelaySeconds"): ("delay", _as_it_is),
    ("AWS::SQS::Queue", "RedrivePolicy.maxReceiveCount"): ("max_receives", _as_it_is),
    ("AWS::SNS::Topic", "DisplayName"): ("display_name", _as_it_is),
    ("AWS::Events::EventBus", "Description"): ("description", _as_it_is),
    ("AWS::SecretsManager::Secret", "Description"): ("description", _as_it_is),
}
"""Type and property -> the key below `properties`, and the value as it is written there."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place below an environment's own overrides, and what to write there."""

    path: str
    value: Any


def why_nowhere(*, type_name: str, path: str) -> str:
    """Why strands.yaml has no place for a property, as far as can be said without reading it; empty when it may."""
    if path.startswith(TAGS):
        return "strandsweb writes this tag itself" if path.startswith(TAGS + OWN_TAGS) else ""
    known = (
        path in _AGENT_KEYS or _is_variable(path)
        if type_name == FUNCTION
        else (type_name, path) in _RESOURCE_KEYS or (type_name, path) == (LOG_GROUP, "RetentionInDays")
    )
    # What has no short type is written in CloudFormation's own properties.
    return "" if known or type_name not in {*_NOUNS, FUNCTION, LOG_GROUP} else "strands.yaml has no key for it"


def places(
    configuration: Configuration, *, stack: str, logical_id: str, type_name: str, path: str, value: Any
) -> Iterator[Place]:
    """The places that may give the resource this property, the narrowest first."""
    agents = {agent.name for agent in configuration.agents}
    noun = _NOUNS.get(type_name, "")
    named = [
        spec.name
        for spec in configuration.resources
        if (pascal(spec.name, noun) == logical_id if noun else spec.type == type_name)
    ]
    if path.startswith(TAGS):
        key = f"tags{_step(path.removeprefix(TAGS))}"
        yield from (Place(f"resources.{name}.{key}", value) for name in named)
        if stack in agents:
            yield Place(f"agents.{stack}.{key}", value)
    elif type_name == FUNCTION:
        if stack in agents and _is_variable(path):
            yield Place(f"agents.{stack}.environment{_step(path.removeprefix(VARIABLES))}", value)
        elif stack in agents and path in _AGENT_KEYS:
            yield Place(f"agents.{stack}.{_AGENT_KEYS[path]}", value)
    elif (type_name, path) == (LOG_GROUP, "RetentionInDays"):
        yield Place("monitoring.log_retention_days", value)
    elif (type_name, path) in _RESOURCE_KEYS:
        key, written = _RESOURCE_KEYS[type_name, path]
        yield from (Place(f"resources.{name}.properties.{key}", written(value)) for name in named)
    elif not noun:
        yield from (Place(f"resources.{name}.properties.{path}", value) for name in named)


def _is_variable(path: str) -> bool:
    return path.startswith(VARIABLES) and "." not in path.removeprefix(VARIABLES)


def _step(key: str) -> str:
    """A key as one step of a path, whatever is in it."""
    return f"[{key}]"
