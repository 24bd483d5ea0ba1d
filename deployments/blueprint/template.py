"""Desired resources as one CloudFormation template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deployments.blueprint.values import Output
from deployments.engine.resources import Resource

TAG_MAPS = frozenset({"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"})
"""Types whose `Tags` are an object; all others take a list of `Key` and `Value`."""

TAGLESS = frozenset({"AWS::IAM::ManagedPolicy"})
"""Types that AWS can tag, and CloudFormation cannot."""


def as_template(resources: Iterable[Resource], outputs: Iterable[Output] = ()) -> dict[str, Any]:
    """A template that CloudFormation takes: plain JSON, tags in each type's own form, all stacks together."""
    template: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {resource.logical_id: _entry(resource) for resource in resources},
    }
    shown = {
        output.name: {"Description": output.description, "Value": dict(output.value)}
        for output in outputs
        if not output.path  # routes are parts of an address, not values of their own
    }
    if shown:
        template["Outputs"] = shown
    return template


def _entry(resource: Resource) -> dict[str, Any]:
    properties = dict(resource.properties)
    tags = {**resource.tags, **resource.volatile_tags}
    if tags and resource.type not in TAGLESS:
        properties["Tags"] = _tags(resource.type, tags)
    entry: dict[str, Any] = {"Type": resource.type, "Properties": properties}
    if resource.depends_on:
        entry["DependsOn"] = list(resource.depends_on)
    if resource.retain:
        entry |= {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return entry


def _tags(kind: str, tags: Mapping[str, str]) -> dict[str, str] | list[dict[str, str]]:
    if kind in TAG_MAPS:
        return dict(sorted(tags.items()))
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
