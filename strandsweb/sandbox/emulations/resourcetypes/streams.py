"""AWS::Kinesis::Stream, in terms of its service's own calls."""

from __future__ import annotations

from typing import Any

from strandsweb.sandbox.emulations.resourcetypes.model import Model, ResourceType, changed, filled, pairs, tag_changes
from strandsweb.sandbox.operations import Place


def _create_stream(client: Any, model: Model, place: Place) -> str:
    name: str = model["Name"]
    options = {} if "ShardCount" not in model else {"ShardCount": model["ShardCount"]}
    mode = model.get("StreamModeDetails") or {"StreamMode": "PROVISIONED" if options else "ON_DEMAND"}
    client.create_stream(StreamName=name, StreamModeDetails=mode, **options)
    made = _read_stream(client, name, place)
    _update_stream(client, name, made, made | model)
    return name


def _read_stream(client: Any, name: str, place: Place) -> Model:
    summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    model = {
        "Name": name,
        "Arn": summary["StreamARN"],
        "RetentionPeriodHours": summary["RetentionPeriodHours"],
        "StreamModeDetails": summary["StreamModeDetails"],
        "Tags": client.list_tags_for_stream(StreamName=name)["Tags"],
    }
    if summary["StreamModeDetails"]["StreamMode"] == "PROVISIONED":
        model["ShardCount"] = summary["OpenShardCount"]
    if summary.get("EncryptionType", "NONE") != "NONE":
        model["StreamEncryption"] = {"EncryptionType": summary["EncryptionType"], "KeyId": summary["KeyId"]}
    return filled(model)


def _update_stream(client: Any, name: str, before: Model, after: Model) -> None:
    hours, wanted = before["RetentionPeriodHours"], after.get("RetentionPeriodHours", 24)
    if wanted > hours:
        client.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=wanted)
    elif wanted < hours:
        client.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=wanted)
    if changed(before, after, "StreamModeDetails") and after.get("StreamModeDetails"):
        client.update_stream_mode(StreamARN=before["Arn"], StreamModeDetails=after["StreamModeDetails"])
    if after.get("ShardCount") and changed(before, after, "ShardCount"):
        client.update_shard_count(StreamName=name, TargetShardCount=after["ShardCount"], ScalingType="UNIFORM_SCALING")
    if changed(before, after, "StreamEncryption"):
        if before.get("StreamEncryption"):
            client.stop_stream_encryption(StreamName=name, **before["StreamEncryption"])
        if after.get("StreamEncryption"):
            client.start_stream_encryption(StreamName=name, **after["StreamEncryption"])
    added, removed = tag_changes(pairs(before.get("Tags")), pairs(after.get("Tags")))
    if added:
        client.add_tags_to_stream(StreamName=name, Tags=added)
    if removed:
        client.remove_tags_from_stream(StreamName=name, TagKeys=removed)


STREAM = ResourceType(
    "kinesis",
    "Name",
    frozenset(["ShardCount", "RetentionPeriodHours", "StreamModeDetails", "StreamEncryption", "Tags"]),
    _create_stream,
    _read_stream,
    _update_stream,
    lambda client, name: client.delete_stream(StreamName=name),
    lambda client, _: client.list_streams()["StreamNames"],
    read_only=frozenset(["Arn"]),
    create_only=frozenset(["Name"]),
)
