"""AWS::DynamoDB::Table: a table with its indexes, backups, stream and expiry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.aws import dynamodb_shapes as shapes
from deployments.aws import tags
from deployments.aws.calls import Answer, Refusal
from deployments.aws.provisioner import picked
from deployments.aws.tagged_apart import TaggedApart
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

SETTLED_SECONDS = 900
_ABSENT = ("ResourceNotFoundException", "ResourceNotFound", "TableNotFoundException")
# Written by calls of their own, once the table is active.
_EXTRAS = ("PointInTimeRecoverySpecification", "TimeToLiveSpecification")


class DynamoDbTable(TaggedApart):
    """Physical id: the table's name."""

    service = "dynamodb"
    supported = frozenset(
        [
            "TableName",
            "AttributeDefinitions",
            "KeySchema",
            "BillingMode",
            "ProvisionedThroughput",
            "GlobalSecondaryIndexes",
            "LocalSecondaryIndexes",
            "SSESpecification",
            "StreamSpecification",
            "TableClass",
            "DeletionProtectionEnabled",
        ]
    ) | frozenset(_EXTRAS)
    kind = Kind(
        type="AWS::DynamoDB::Table",
        label="DynamoDB table",
        immutable=frozenset({"TableName", "KeySchema", "LocalSecondaryIndexes"}),
        stateful=True,
        holds="the items",
        name_property="TableName",
        unordered=frozenset({"AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes"}),
        defaults=shapes.DEFAULTS,
        normalise=shapes.normalise,
        fixed_monthly_usd=shapes.monthly_usd,
        permissions=(
            "dynamodb:CreateTable",
            "dynamodb:DeleteTable",
            "dynamodb:DescribeContinuousBackups",
            "dynamodb:DescribeTable",
            "dynamodb:DescribeTimeToLive",
            "dynamodb:ListTagsOfResource",
            "dynamodb:TagResource",
            "dynamodb:UntagResource",
            "dynamodb:UpdateContinuousBackups",
            "dynamodb:UpdateTable",
            "dynamodb:UpdateTimeToLive",
            "tag:GetResources",
        ),
    )

    def locate(self, target: Target) -> str:
        return str(target.properties["TableName"])

    def describe(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        described, backups, expiry = self.aws.together(
            lambda: self.aws.look("dynamodb", "describe_table", _ABSENT, TableName=physical_id),
            lambda: self.aws.look("dynamodb", "describe_continuous_backups", _ABSENT, TableName=physical_id),
            lambda: self.aws.look("dynamodb", "describe_time_to_live", _ABSENT, TableName=physical_id),
        )
        if described is None or described["Table"]["TableStatus"] == "DELETING":
            return None
        table = described["Table"]
        live = {**self.kind.defaults, **shapes.from_api(table, properties)}
        if backups is not None:
            live["PointInTimeRecoverySpecification"] = shapes.backups_from_api(backups)
        if expiry is not None:
            live["TimeToLiveSpecification"] = shapes.expiry_from_api(expiry)
        return Live(physical_id, live, _attributes(table))

    def tags_of(self, physical_id: str) -> dict[str, str]:
        arn = self.arn_of(physical_id)
        found = self.aws.pages("dynamodb", "list_tags_of_resource", "Tags", absent=_ABSENT, ResourceArn=arn)
        return tags.from_list(found)

    def arn_of(self, physical_id: str) -> str:
        return self.aws.arn("dynamodb", f"table/{physical_id}")

    def make(self, target: Target) -> Made | Refusal:
        wanted = target.properties
        answer = self.aws.attempt(
            "dynamodb",
            "create_table",
            ("ResourceInUseException", "TableAlreadyExistsException"),
            Tags=tags.to_list(target.tags),
            **shapes.to_api({name: value for name, value in wanted.items() if name not in _EXTRAS}),
        )
        if isinstance(answer, Refusal):
            return answer
        table = self._until_active(answer["TableDescription"])
        self._write_extras(target, frozenset(name for name in _EXTRAS if name in wanted))
        return Made(table["TableName"], _attributes(table))

    def update(self, target: Target, live: Live) -> Made:
        name, changed, arn = live.physical_id, self.changed(target, live), self.arn_of(live.physical_id)
        self.aws.together(
            *self._retag(
                target,
                live,
                lambda put: self.aws.call("dynamodb", "tag_resource", ResourceArn=arn, Tags=tags.to_list(put)),
                lambda keys: self.aws.call("dynamodb", "untag_resource", ResourceArn=arn, TagKeys=keys),
            )
        )
        attributes = live.attributes
        updates = shapes.updates(target.properties, live.properties, changed)
        if updates or changed:
            # An earlier attempt may have left the table busy.
            table = self._until_active(self._describe(name))
            for update in updates:
                # DynamoDB takes one change of a table at a time.
                answer = self.aws.call("dynamodb", "update_table", TableName=name, **update)
                table = self._until_active(answer["TableDescription"])
            attributes = _attributes(table)
        self._write_extras(target, changed)
        return Made(name, attributes)

    def delete(self, recorded: StateResource) -> None:
        name = recorded.physical_id
        answer = self.aws.look("dynamodb", "delete_table", _ABSENT, TableName=name)
        if answer is not None:
            self.aws.wait(
                lambda: self.aws.look("dynamodb", "describe_table", _ABSENT, TableName=name) is None,
                what=f"Deletion of table {name}",
                seconds=SETTLED_SECONDS,
            )

    def _describe(self, name: str) -> Answer:
        table: Answer = self.aws.call("dynamodb", "describe_table", TableName=name)["Table"]
        return table

    def _until_active(self, table: Answer) -> Answer:
        if _is_active(table):
            return table
        name = table["TableName"]
        self.aws.wait(
            lambda: _is_active(self._describe(name)),
            what=f"Table {name} becoming active",
            seconds=SETTLED_SECONDS,
            first=0.2,
        )
        return self._describe(name)

    def _write_extras(self, target: Target, names: frozenset[str]) -> None:
        name = self.locate(target)
        calls: list[Callable[[], Any]] = []
        if "PointInTimeRecoverySpecification" in names:
            backups = picked(
                target.properties.get("PointInTimeRecoverySpecification", {"PointInTimeRecoveryEnabled": False}),
                "PointInTimeRecoveryEnabled",
                "RecoveryPeriodInDays",
            )
            calls.append(
                lambda: self.aws.call(
                    "dynamodb",
                    "update_continuous_backups",
                    TableName=name,
                    PointInTimeRecoverySpecification=backups,
                )
            )
        if "TimeToLiveSpecification" in names:
            expiry = target.properties.get("TimeToLiveSpecification")
            calls.append(lambda: self._write_expiry(name, expiry))
        self.aws.together(*calls)

    def _write_expiry(self, name: str, wanted: Mapping[str, Any] | None) -> None:
        there = shapes.expiry_from_api(self.aws.call("dynamodb", "describe_time_to_live", TableName=name))
        after = wanted if wanted and wanted.get("Enabled") else None
        # Only one attribute can be the expiry: the old one is switched off before the new one is switched on.
        if there.get("Enabled") and (after is None or after["AttributeName"] != there["AttributeName"]):
            self._set_expiry(name, {**there, "Enabled": False})
            there = {}
        if after is not None and not there.get("Enabled"):
            self._set_expiry(name, after)

    def _set_expiry(self, name: str, specification: Mapping[str, Any]) -> None:
        self.aws.call("dynamodb", "update_time_to_live", TableName=name, TimeToLiveSpecification=dict(specification))


def _is_active(table: Mapping[str, Any]) -> bool:
    indexes = table.get("GlobalSecondaryIndexes") or ()
    return table["TableStatus"] == "ACTIVE" and all(index.get("IndexStatus", "ACTIVE") == "ACTIVE" for index in indexes)


def _attributes(table: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {"Arn": table["TableArn"]}
    if table.get("StreamSpecification", {}).get("StreamEnabled") and table.get("LatestStreamArn"):
        attributes["StreamArn"] = table["LatestStreamArn"]
    return attributes
