"""AWS::ECR::Repository, in terms of its service's own calls."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from strandsweb.sandbox.emulations.resourcetypes.model import (
    Model,
    ResourceType,
    changed,
    filled,
    listed,
    pairs,
    tag_changes,
)
from strandsweb.sandbox.operations import Place


def _create_repository(client: Any, model: Model, place: Place) -> str:
    name: str = model["RepositoryName"]
    names = {"ImageTagMutability": "imageTagMutability"}
    given = {names[key]: model[key] for key in names if key in model}
    if "EncryptionConfiguration" in model:
        encryption = model["EncryptionConfiguration"]
        given["encryptionConfiguration"] = {key[0].lower() + key[1:]: value for key, value in encryption.items()}
    client.create_repository(repositoryName=name, tags=model.get("Tags") or [], **given)
    made = _read_repository(client, name, place)
    _update_repository(client, name, made, made | model)
    return name


def _read_repository(client: Any, name: str, place: Place) -> Model:
    found = client.describe_repositories(repositoryNames=[name])["repositories"][0]
    encryption = found.get("encryptionConfiguration") or {}
    model: Model = {
        "RepositoryName": name,
        "Arn": found["repositoryArn"],
        "RepositoryUri": found["repositoryUri"],
        "ImageTagMutability": found["imageTagMutability"],
        "ImageScanningConfiguration": {"ScanOnPush": found["imageScanningConfiguration"].get("scanOnPush", False)},
        "EncryptionConfiguration": {key[0].upper() + key[1:]: value for key, value in encryption.items()},
        "Tags": client.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"],
    }
    with contextlib.suppress(client.exceptions.LifecyclePolicyNotFoundException):
        text = client.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
        model["LifecyclePolicy"] = {"LifecyclePolicyText": text}
    with contextlib.suppress(client.exceptions.RepositoryPolicyNotFoundException):
        model["RepositoryPolicyText"] = json.loads(client.get_repository_policy(repositoryName=name)["policyText"])
    return filled(model)


def _update_repository(client: Any, name: str, before: Model, after: Model) -> None:
    if changed(before, after, "ImageTagMutability"):
        mutability = after.get("ImageTagMutability", "MUTABLE")
        client.put_image_tag_mutability(repositoryName=name, imageTagMutability=mutability)
    if changed(before, after, "ImageScanningConfiguration"):
        scan = {"scanOnPush": (after.get("ImageScanningConfiguration") or {}).get("ScanOnPush", False)}
        client.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration=scan)
    if changed(before, after, "LifecyclePolicy"):
        if after.get("LifecyclePolicy"):
            text = after["LifecyclePolicy"]["LifecyclePolicyText"]
            client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)
        else:
            client.delete_lifecycle_policy(repositoryName=name)
    if changed(before, after, "RepositoryPolicyText"):
        if after.get("RepositoryPolicyText"):
            policy = after["RepositoryPolicyText"]
            text = policy if isinstance(policy, str) else json.dumps(policy)
            client.set_repository_policy(repositoryName=name, policyText=text)
        else:
            client.delete_repository_policy(repositoryName=name)
    added, removed = tag_changes(pairs(before.get("Tags")), pairs(after.get("Tags")))
    if added:
        client.tag_resource(resourceArn=before["Arn"], tags=listed(added))
    if removed:
        client.untag_resource(resourceArn=before["Arn"], tagKeys=removed)


REPOSITORY = ResourceType(
    "ecr",
    "RepositoryName",
    frozenset(["ImageTagMutability", "ImageScanningConfiguration", "LifecyclePolicy", "RepositoryPolicyText"])
    | {"EmptyOnDelete", "Tags"},
    _create_repository,
    _read_repository,
    _update_repository,
    lambda client, name: client.delete_repository(repositoryName=name),
    lambda client, _: [item["repositoryName"] for item in client.describe_repositories()["repositories"]],
    read_only=frozenset(["Arn", "RepositoryUri"]),
    create_only=frozenset(["RepositoryName", "EncryptionConfiguration"]),
)
