"""DynamoDB tables: between CloudFormation's shape and the API's, and which UpdateTable calls a change takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.aws.provisioner import in_order, picked

DEFAULTS: Mapping[str, Any] = {
    "BillingMode": "PROVISIONED",
    "DeletionProtectionEnabled": False,
    "GlobalSecondaryIndexes": [],
    "LocalSecondaryIndexes": [],
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False},
    "SSESpecification": {"SSEEnabled": False},
    "TableClass": "STANDARD",
    "TimeToLiveSpecification": {"Enabled": False},
}
_HOURS_A_MONTH = 730
_READ_UNIT_USD, _WRITE_UNIT_USD = 0.00013, 0.00065  # per hour, us-east-1, standard class


def normalise(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leaves out what DynamoDB reports beyond, or in other words than, what was asked for."""
    normal = dict(properties)
    expiry = normal.get("TimeToLiveSpecification")
    # An attribute name is kept after switching off, and means nothing.
    if isinstance(expiry, Mapping) and not expiry.get("Enabled"):
        normal["TimeToLiveSpecification"] = {"Enabled": False}
    backups = normal.get("PointInTimeRecoverySpecification")
    if isinstance(backups, Mapping):
        # 35 days is the default; a switched off recovery has no period.
        enabled = backups.get("PointInTimeRecoveryEnabled", False)
        days = backups.get("RecoveryPeriodInDays", 35)
        normal["PointInTimeRecoverySpecification"] = {
            "PointInTimeRecoveryEnabled": enabled,
            **({"RecoveryPeriodInDays": days} if enabled and days != 35 else {}),
        }
    encryption = normal.get("SSESpecification")
    if isinstance(encryption, Mapping):
        # The type is always KMS.
        normal["SSESpecification"] = {name: value for name, value in encryption.items() if name != "SSEType"}
    if normal.get("BillingMode") == "PAY_PER_REQUEST":
        normal.pop("ProvisionedThroughput", None)
    for name in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if isinstance(normal.get(name), list):
            normal[name] = in_order([_index(index) for index in normal[name]])
    return normal


def to_api(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties -> the arguments of CreateTable; empty lists are left out, as DynamoDB refuses them."""
    api = {name: value for name, value in properties.items() if value != []}
    if "SSESpecification" in api:
        api["SSESpecification"] = encryption_to_api(api["SSESpecification"])
    if "StreamSpecification" in api:
        api["StreamSpecification"] = {"StreamEnabled": True, **api["StreamSpecification"]}
    return api


def from_api(table: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
    """A table description -> properties; `recorded` says in which words a key was asked for, if it was."""
    live = {
        **picked(table, "TableName", "AttributeDefinitions", "KeySchema", "DeletionProtectionEnabled"),
        "BillingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "TableClass": table.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
        "GlobalSecondaryIndexes": [_index(index) for index in table.get("GlobalSecondaryIndexes") or ()],
        "LocalSecondaryIndexes": [_index(index) for index in table.get("LocalSecondaryIndexes") or ()],
    }
    if live["BillingMode"] == "PROVISIONED":
        live["ProvisionedThroughput"] = _throughput(table["ProvisionedThroughput"])
    live["SSESpecification"] = _encryption_from_api(table.get("SSEDescription", {}), recorded)
    stream = table.get("StreamSpecification", {})
    if stream.get("StreamEnabled"):
        live["StreamSpecification"] = {"StreamViewType": stream["StreamViewType"]}
    return live


def backups_from_api(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of DescribeContinuousBackups -> `PointInTimeRecoverySpecification`."""
    description = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return {
        "PointInTimeRecoveryEnabled": description.get("PointInTimeRecoveryStatus") == "ENABLED",
        **picked(description, "RecoveryPeriodInDays"),
    }


def expiry_from_api(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of DescribeTimeToLive -> `TimeToLiveSpecification`."""
    description = answer["TimeToLiveDescription"]
    enabled = description.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    return {"Enabled": enabled, **picked(description, "AttributeName")}


def encryption_to_api(specification: Mapping[str, Any]) -> dict[str, Any]:
    """`SSESpecification` -> the API's."""
    return {"Enabled": specification.get("SSEEnabled", False), **picked(specification, "SSEType", "KMSMasterKeyId")}


def updates(wanted: Mapping[str, Any], live: Mapping[str, Any], changed: frozenset[str]) -> list[dict[str, Any]]:
    """The arguments of the UpdateTable calls that bring `live` to `wanted`, in order; one change each."""
    calls: list[dict[str, Any]] = []
    if changed & {"BillingMode", "ProvisionedThroughput"}:
        mode = wanted.get("BillingMode", "PROVISIONED")
        throughput = {} if mode == "PAY_PER_REQUEST" else picked(wanted, "ProvisionedThroughput")
        calls.append({"BillingMode": mode, **throughput})
    if "SSESpecification" in changed:
        calls.append({"SSESpecification": encryption_to_api(wanted.get("SSESpecification", {}))})
    if "StreamSpecification" in changed:
        # A stream's view cannot be changed: it is switched off and a new one switched on.
        if "StreamSpecification" in live:
            calls.append({"StreamSpecification": {"StreamEnabled": False}})
        if "StreamSpecification" in wanted:
            calls.append({"StreamSpecification": {"StreamEnabled": True, **wanted["StreamSpecification"]}})
    for name in ("TableClass", "DeletionProtectionEnabled"):
        if name in changed:
            calls.append({name: wanted.get(name, DEFAULTS[name])})
    if "GlobalSecondaryIndexes" in changed:
        calls += _index_updates(wanted, live)
    return calls


def monthly_usd(properties: Mapping[str, Any]) -> float:
    """Provisioned capacity of the table and its indexes; a table paid by request costs nothing when idle."""
    if properties.get("BillingMode", "PROVISIONED") == "PAY_PER_REQUEST":
        return 0.0
    units = [properties, *properties.get("GlobalSecondaryIndexes", ())]
    throughputs = [entry.get("ProvisionedThroughput", {}) for entry in units]
    hourly: float = sum(
        entry.get("ReadCapacityUnits", 0) * _READ_UNIT_USD + entry.get("WriteCapacityUnits", 0) * _WRITE_UNIT_USD
        for entry in throughputs
    )
    return round(hourly * _HOURS_A_MONTH, 4)


def _encryption_from_api(description: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
    if description.get("Status") not in ("ENABLED", "ENABLING", "UPDATING"):
        return {"SSEEnabled": False}
    asked = recorded.get("SSESpecification", {}).get("KMSMasterKeyId")
    # Without a key of one's own, AWS reports the ARN of its own key, which nobody asked for.
    if not asked:
        return {"SSEEnabled": True}
    arn = description.get("KMSMasterKeyArn", "")
    # What an alias stands for cannot be seen here: it is taken at its word.
    return {"SSEEnabled": True, "KMSMasterKeyId": asked if "alias/" in asked or arn.endswith(asked) else arn}


def _index_updates(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> list[dict[str, Any]]:
    before = {index["IndexName"]: _index(index) for index in live.get("GlobalSecondaryIndexes", ())}
    after = {index["IndexName"]: _index(index) for index in wanted.get("GlobalSecondaryIndexes", ())}
    definitions = {"AttributeDefinitions": wanted["AttributeDefinitions"]}
    changes: list[dict[str, Any]] = []
    for name in sorted(before):
        if name not in after or _shape(after[name]) != _shape(before[name]):
            changes.append({"Delete": {"IndexName": name}})
    for name in sorted(after):
        if name not in before or _shape(after[name]) != _shape(before[name]):
            changes.append({"Create": after[name]})
        elif after[name] != before[name]:
            changes.append({"Update": picked(after[name], "IndexName", "ProvisionedThroughput")})
    return [{**definitions, "GlobalSecondaryIndexUpdates": [change]} for change in changes]


def _index(index: Mapping[str, Any]) -> dict[str, Any]:
    kept = picked(index, "IndexName", "KeySchema", "Projection")
    throughput = _throughput(index.get("ProvisionedThroughput", {}))
    return {**kept, "ProvisionedThroughput": throughput} if any(throughput.values()) else kept


def _shape(index: Mapping[str, Any]) -> Any:
    return index["KeySchema"], index["Projection"]


def _throughput(reported: Mapping[str, Any]) -> dict[str, Any]:
    return picked(reported, "ReadCapacityUnits", "WriteCapacityUnits")
