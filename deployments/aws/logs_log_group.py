"""AWS::Logs::LogGroup: a log group with its retention and key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deployments.aws import tags
from deployments.aws.calls import Refusal
from deployments.aws.provisioner import present
from deployments.aws.tagged_apart import TaggedApart
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("ResourceNotFoundException",)


class LogsLogGroup(TaggedApart):
    """Physical id: the group's name."""

    service = "logs"
    at_once = 50
    supported = frozenset({"LogGroupName", "RetentionInDays", "KmsKeyId", "LogGroupClass"})
    kind = Kind(
        type="AWS::Logs::LogGroup",
        label="log group",
        immutable=frozenset({"LogGroupName", "LogGroupClass"}),
        name_property="LogGroupName",
        defaults={"LogGroupClass": "STANDARD"},
        permissions=(
            "logs:AssociateKmsKey",
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:DeleteRetentionPolicy",
            "logs:DescribeLogGroups",
            "logs:DisassociateKmsKey",
            "logs:ListTagsForResource",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
            "logs:UntagResource",
            "tag:GetResources",
        ),
    )

    def locate(self, target: Target) -> str:
        return str(target.properties["LogGroupName"])

    def describe(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        # Groups are listed by name, so the one that is exactly the prefix is on the first page.
        return self._listed(logGroupNamePrefix=physical_id).get(physical_id)

    def described(self, resources: Sequence[StateResource]) -> Mapping[str, Live]:
        found = self._listed(logGroupIdentifiers=[entry.physical_id for entry in resources])
        return {entry.logical_id: found[entry.physical_id] for entry in resources if entry.physical_id in found}

    def tags_of(self, physical_id: str) -> dict[str, str]:
        answer = self.aws.look("logs", "list_tags_for_resource", _ABSENT, resourceArn=self.arn_of(physical_id))
        return tags.own((answer or {}).get("tags"))

    def arn_of(self, physical_id: str) -> str:
        return self.aws.arn("logs", f"log-group:{physical_id}")

    def make(self, target: Target) -> Made | Refusal:
        wanted = target.properties
        name = self.locate(target)
        answer = self.aws.attempt(
            "logs",
            "create_log_group",
            ("ResourceAlreadyExistsException",),
            logGroupName=name,
            tags=dict(target.tags),
            **present(kmsKeyId=wanted.get("KmsKeyId"), logGroupClass=wanted.get("LogGroupClass")),
        )
        if isinstance(answer, Refusal):
            return answer
        if "RetentionInDays" in wanted:
            self._put_retention(name, wanted["RetentionInDays"])
        return Made(name, self._attributes(name))

    def update(self, target: Target, live: Live) -> Made:
        name, wanted, changed = live.physical_id, target.properties, self.changed(target, live)
        calls: list[Callable[[], Any]] = []
        if "RetentionInDays" in changed:
            calls.append(lambda: self._put_retention(name, wanted.get("RetentionInDays")))
        if "KmsKeyId" in changed:
            calls.append(lambda: self._put_key(name, wanted.get("KmsKeyId")))
        arn = self.arn_of(name)
        calls += self._retag(
            target,
            live,
            lambda put: self.aws.call("logs", "tag_resource", resourceArn=arn, tags=put),
            lambda keys: self.aws.call("logs", "untag_resource", resourceArn=arn, tagKeys=keys),
        )
        self.aws.together(*calls)
        return Made(name, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("logs", "delete_log_group", _ABSENT, logGroupName=recorded.physical_id)

    def _listed(self, **which: Any) -> dict[str, Live]:
        """The groups on the first page, which holds as many as are ever asked for by name."""
        groups = self.aws.call("logs", "describe_log_groups", **which)["logGroups"]
        return {group["logGroupName"]: self._live(group) for group in groups}

    def _live(self, group: Mapping[str, Any]) -> Live:
        name = group["logGroupName"]
        live = {
            "LogGroupName": name,
            "LogGroupClass": group.get("logGroupClass", "STANDARD"),
            **present(RetentionInDays=group.get("retentionInDays"), KmsKeyId=group.get("kmsKeyId")),
        }
        return Live(name, live, self._attributes(name))

    def _attributes(self, name: str) -> dict[str, Any]:
        return {"Arn": f"{self.arn_of(name)}:*"}

    def _put_retention(self, name: str, days: int | None) -> None:
        if days is None:
            self.aws.call("logs", "delete_retention_policy", logGroupName=name)
        else:
            self.aws.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=days)

    def _put_key(self, name: str, key: str | None) -> None:
        if key is None:
            self.aws.call("logs", "disassociate_kms_key", logGroupName=name)
        else:
            self.aws.call("logs", "associate_kms_key", logGroupName=name, kmsKeyId=key)
