"""S3 lifecycle and CORS rules: between CloudFormation's shape and the S3 API's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_RULE = (
    ("Id", "ID"),
    ("Status", "Status"),
    ("AbortIncompleteMultipartUpload", "AbortIncompleteMultipartUpload"),
    ("NoncurrentVersionExpiration", "NoncurrentVersionExpiration"),
)
_CORS = (
    ("Id", "ID"),
    ("AllowedHeaders", "AllowedHeaders"),
    ("AllowedMethods", "AllowedMethods"),
    ("AllowedOrigins", "AllowedOrigins"),
    ("ExposedHeaders", "ExposeHeaders"),
    ("MaxAge", "MaxAgeSeconds"),
)


def lifecycle_to_api(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """`LifecycleConfiguration` -> the argument of PutBucketLifecycleConfiguration."""
    return {"Rules": [_rule_to_api(rule) for rule in configuration["Rules"]]}


def lifecycle_from_api(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of GetBucketLifecycleConfiguration -> `LifecycleConfiguration`."""
    return {"Rules": [_rule_from_api(rule) for rule in answer["Rules"]]}


def cors_to_api(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """`CorsConfiguration` -> the argument of PutBucketCors."""
    return {"CORSRules": [{api: rule[cfn] for cfn, api in _CORS if cfn in rule} for rule in configuration["CorsRules"]]}


def cors_from_api(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of GetBucketCors -> `CorsConfiguration`."""
    return {"CorsRules": [{cfn: rule[api] for cfn, api in _CORS if api in rule} for rule in answer["CORSRules"]]}


def _rule_to_api(rule: Mapping[str, Any]) -> dict[str, Any]:
    api = {theirs: rule[ours] for ours, theirs in _RULE if ours in rule}
    api["Filter"] = {"Prefix": rule.get("Prefix", "")}
    expiration = {
        theirs: rule[ours]
        for ours, theirs in (("ExpirationInDays", "Days"), ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"))
        if ours in rule
    }
    if expiration:
        api["Expiration"] = expiration
    if rule.get("Transitions"):
        api["Transitions"] = [
            {"Days": entry["TransitionInDays"], "StorageClass": entry["StorageClass"]} for entry in rule["Transitions"]
        ]
    return api


def _rule_from_api(rule: Mapping[str, Any]) -> dict[str, Any]:
    cfn = {ours: rule[theirs] for ours, theirs in _RULE if theirs in rule}
    prefix = rule.get("Filter", {}).get("Prefix") or rule.get("Prefix")
    if prefix:
        cfn["Prefix"] = prefix
    expiration = rule.get("Expiration", {})
    if "Days" in expiration:
        cfn["ExpirationInDays"] = expiration["Days"]
    if expiration.get("ExpiredObjectDeleteMarker"):
        cfn["ExpiredObjectDeleteMarker"] = True
    if rule.get("Transitions"):
        cfn["Transitions"] = [
            {"TransitionInDays": entry["Days"], "StorageClass": entry["StorageClass"]}
            for entry in rule["Transitions"]
            if "Days" in entry
        ]
    return cfn


def notifications_to_api(value: Mapping[str, Any]) -> dict[str, Any]:
    """`NotificationConfiguration` as the API has it: several events may share what CloudFormation says one by one."""
    api: dict[str, Any] = {
        "LambdaFunctionConfigurations": [
            {
                "LambdaFunctionArn": entry["Function"],
                "Events": [entry["Event"]],
                **({"Filter": {"Key": {"FilterRules": rules}}} if (rules := _key_rules(entry)) else {}),
            }
            for entry in value.get("LambdaConfigurations", ())
        ]
    }
    if (value.get("EventBridgeConfiguration") or {}).get("EventBridgeEnabled"):
        api["EventBridgeConfiguration"] = {}
    return api


def notifications_from_api(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `notifications_to_api`."""
    entries = []
    for entry in answer.get("LambdaFunctionConfigurations", ()):
        rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", [])
        rules = [{"Name": rule["Name"].lower(), "Value": rule["Value"]} for rule in rules]
        shape = {"Filter": {"S3Key": {"Rules": rules}}} if rules else {}
        entries += [{"Event": event, "Function": entry["LambdaFunctionArn"], **shape} for event in entry["Events"]]
    value: dict[str, Any] = {"LambdaConfigurations": entries}
    if "EventBridgeConfiguration" in answer:
        value["EventBridgeConfiguration"] = {"EventBridgeEnabled": True}
    return value


def _key_rules(entry: Mapping[str, Any]) -> list[dict[str, str]]:
    rules: list[dict[str, str]] = entry.get("Filter", {}).get("S3Key", {}).get("Rules", [])
    return rules
