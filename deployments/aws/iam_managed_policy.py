"""AWS::IAM::ManagedPolicy: a policy of one's own that roles share or that is too long to be inline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.aws.resource_policy import DOCUMENT, documents_parsed
from deployments.engine.canonical import dumps
from deployments.engine.kinds import Kind
from deployments.engine.policies import same_meaning
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("NoSuchEntity",)
_MARKER = ("Marker", "Marker")
VERSIONS_AT_MOST = 5


class IamManagedPolicy(AwsProvisioner):
    """Physical id: the policy's ARN. A changed document is a new version; IAM keeps five, and the oldest goes."""

    service = "iam"
    supported = frozenset({"ManagedPolicyName", "Path", "Description", DOCUMENT})
    kind = Kind(
        type="AWS::IAM::ManagedPolicy",
        label="managed policy",
        immutable=frozenset({"ManagedPolicyName", "Path", "Description"}),
        name_property="ManagedPolicyName",
        policies=frozenset({DOCUMENT}),
        defaults={"Path": "/", "Description": ""},
        normalise=documents_parsed,
        permissions=(
            "iam:CreatePolicy",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:ListPolicyVersions",
            "iam:TagPolicy",
            "iam:UntagPolicy",
        ),
    )

    def locate(self, target: Target) -> str:
        path, name = target.properties.get("Path", "/"), target.properties["ManagedPolicyName"]
        return self.aws.arn("iam", f"policy{path}{name}", region="")

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer = self.aws.look("iam", "get_policy", _ABSENT, PolicyArn=physical_id)
        if answer is None:
            return None
        policy = answer["Policy"]
        version = self.aws.look(
            "iam", "get_policy_version", _ABSENT, PolicyArn=physical_id, VersionId=policy["DefaultVersionId"]
        )
        if version is None:
            return None
        live = {
            "ManagedPolicyName": policy["PolicyName"],
            "Path": policy["Path"],
            "Description": policy.get("Description", ""),
            DOCUMENT: version["PolicyVersion"]["Document"],
        }
        return Live(physical_id, live, _attributes(policy), tags.from_list(policy.get("Tags")))

    def make(self, target: Target) -> Made | Refusal:
        answer = self.aws.attempt(
            "iam",
            "create_policy",
            ("EntityAlreadyExists",),
            PolicyName=target.properties["ManagedPolicyName"],
            PolicyDocument=_text(target),
            Tags=tags.to_list(target.tags),
            **picked(target.properties, "Path", "Description"),
        )
        if isinstance(answer, Refusal):
            return answer
        return Made(answer["Policy"]["Arn"], _attributes(answer["Policy"]))

    def update(self, target: Target, live: Live) -> Made:
        arn = live.physical_id
        calls: list[Callable[[], Any]] = []
        if self.changed(target, live):
            calls.append(lambda: self._new_version(arn, _text(target)))
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("iam", "tag_policy", PolicyArn=arn, Tags=tags.to_list(put)),
            lambda keys: self.aws.call("iam", "untag_policy", PolicyArn=arn, TagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(arn, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        arn = recorded.physical_id
        for version in self._versions(arn):
            if not version["IsDefaultVersion"]:
                self._drop(arn, version)
        self.aws.look("iam", "delete_policy", _ABSENT, PolicyArn=arn)

    def changed(self, target: Target, live: Live) -> frozenset[str]:
        """Documents differ when they mean something else."""
        differing = super().changed(target, live)
        same = same_meaning(target.properties[DOCUMENT], live.properties[DOCUMENT])
        return differing - {DOCUMENT} if same else differing

    def _new_version(self, arn: str, document: str) -> None:
        versions = self._versions(arn)
        spare = sorted(
            (version for version in versions if not version["IsDefaultVersion"]),
            key=lambda version: int(version["VersionId"].removeprefix("v")),
        )
        if len(versions) >= VERSIONS_AT_MOST:
            self._drop(arn, spare[0])
        self.aws.call("iam", "create_policy_version", PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)

    def _versions(self, arn: str) -> list[Any]:
        return (
            self.aws.pages("iam", "list_policy_versions", "Versions", token=_MARKER, absent=_ABSENT, PolicyArn=arn)
            or []
        )

    def _drop(self, arn: str, version: Mapping[str, Any]) -> None:
        self.aws.look("iam", "delete_policy_version", _ABSENT, PolicyArn=arn, VersionId=version["VersionId"])


def _attributes(policy: Mapping[str, Any]) -> dict[str, Any]:
    return {"PolicyArn": policy["Arn"], "PolicyId": policy["PolicyId"]}


def _text(target: Target) -> str:
    document = target.properties[DOCUMENT]
    return document if isinstance(document, str) else dumps(document)
