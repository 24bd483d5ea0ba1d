"""A recorded resource as it really is: what was written, with the live value wherever that differs."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from deployments.engine.differences import managed
from deployments.engine.kinds import Kind
from deployments.engine.plan import ABSENT
from deployments.engine.ports import Live
from deployments.engine.state import StateResource


def observed(kind: Kind, recorded: StateResource, live: Live) -> StateResource:
    """The resource with the properties and tags that are live, as far as they are ours to look at.

    What does not differ by the rules of plans (`differences`) is as it was recorded, to the letter; so a resource that
    did not drift equals its record. Tags that we never wrote are not looked at.
    """
    properties: dict[str, Any] = dict(deepcopy(dict(kind.normalise(recorded.properties))))
    drifted = False
    for place in managed(kind, desired=recorded.properties, recorded=recorded.properties, live=live.properties):
        if not place.equal(place.recorded, place.live):
            drifted = True
            if place.policy:
                _put_policy(properties, place.path, place.live)
            else:
                _put(properties, place.path, place.live)
    return replace(
        recorded,
        physical_id=live.physical_id,
        properties=properties if drifted else recorded.properties,
        tags={key: live.tags[key] for key in recorded.tags if key in live.tags},
    )


def _put(properties: dict[str, Any], path: str, value: Any) -> None:
    """Sets what is at a dotted path, or takes it away; keys may hold dots, and the longest that fits is meant."""
    inside: dict[str, Any] = properties
    rest = path
    while True:
        deeper = [key for key, inner in inside.items() if rest.startswith(f"{key}.") and isinstance(inner, Mapping)]
        if not deeper or rest in inside:
            break
        key = max(deeper, key=len)
        inside, rest = inside[key], rest[len(key) + 1 :]
    if value is ABSENT:
        inside.pop(rest, None)
    else:
        inside[rest] = value


def _put_policy(properties: dict[str, Any], path: str, document: Any) -> None:
    """Sets, adds or takes away one policy document: the property's own, or the one of that name in its list."""
    name, dot, policy = path.partition(".")
    if not dot:
        _put(properties, name, document)
        return
    others = [entry for entry in properties.get(name, ()) if entry.get("PolicyName") != policy]
    mine = [] if document is ABSENT else [{"PolicyName": policy, "PolicyDocument": document}]
    properties[name] = [*others, *mine]
