"""DynamoDB: table class, turning encryption with a KMS key on and off, and one value for each tag."""

from __future__ import annotations

from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler


def install() -> None:
    describe = Table.describe

    def amended_describe(self: Table, base_key: str = "TableDescription") -> dict[str, Any]:
        answer = describe(self, base_key)
        kind = getattr(self, "table_class", None)
        if kind:
            answer[base_key]["TableClassSummary"] = {"TableClass": kind}
        return answer

    Table.describe = amended_describe  # type: ignore[method-assign]
    tag_resource = DynamoDBBackend.tag_resource

    def replace_tags(self: DynamoDBBackend, arn: str, tags: dict[str, str]) -> None:
        # moto appends a tag of the same key, and then pages through the list for ever.
        self.untag_resource(arn, list(tags))
        tag_resource(self, arn, tags)

    DynamoDBBackend.tag_resource = replace_tags  # type: ignore[method-assign]
    for name in ("create_table", "update_table"):
        setattr(DynamoHandler, name, _with_more(getattr(DynamoHandler, name)))


def _with_more(original: Any) -> Any:
    def performed(self: DynamoHandler) -> Any:
        answer = original(self)
        table: Any = self.dynamodb_backend.get_table(self.body["TableName"])
        if "TableClass" in self.body:
            table.table_class = self.body["TableClass"]
        if "SSESpecification" in self.body and original.__name__ == "update_table":
            wanted = dict(self.body["SSESpecification"])
            if wanted.get("Enabled"):
                wanted.setdefault(
                    "KMSMasterKeyId", table._get_default_encryption_key(self.current_account, self.region)
                )
            table.sse_specification = wanted
        answer.result["TableDescription"] = table.describe()["TableDescription"]
        return answer

    performed.__name__ = original.__name__
    return performed
