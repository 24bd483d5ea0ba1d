"""CloudWatch Logs: the class of a log group, changing its key, and groups listed by their names."""

from __future__ import annotations

import json
from typing import Any

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse


def install() -> None:
    create = LogsResponse.create_log_group
    describe, in_pages = LogGroup.to_describe_dict, LogsResponse.describe_log_groups

    def create_log_group(self: LogsResponse) -> str:
        answer = create(self)
        _group(self).log_group_class = self._get_param("logGroupClass") or "STANDARD"
        return answer

    def to_describe_dict(self: LogGroup) -> dict[str, Any]:
        return describe(self) | {"logGroupClass": getattr(self, "log_group_class", "STANDARD")}

    def describe_log_groups(self: LogsResponse) -> str:
        names = {name.partition(":log-group:")[2] or name for name in self._get_param("logGroupIdentifiers") or ()}
        if not names:
            return in_pages(self)
        groups = self.logs_backend.groups
        return json.dumps({"logGroups": [groups[name].to_describe_dict() for name in sorted(names & groups.keys())]})

    def associate_kms_key(self: LogsResponse) -> str:
        _group(self).kms_key_id = self._get_param("kmsKeyId")
        return ""

    def disassociate_kms_key(self: LogsResponse) -> str:
        _group(self).kms_key_id = None
        return ""

    LogsResponse.create_log_group = create_log_group  # type: ignore[method-assign]
    LogGroup.to_describe_dict = to_describe_dict  # type: ignore[method-assign]
    LogsResponse.describe_log_groups = describe_log_groups  # type: ignore[method-assign]
    LogsResponse.associate_kms_key = associate_kms_key  # type: ignore[attr-defined]
    LogsResponse.disassociate_kms_key = disassociate_kms_key  # type: ignore[attr-defined]


def _group(response: LogsResponse) -> Any:
    group = response.logs_backend.groups.get(response._get_param("logGroupName"))
    if group is None:
        raise ResourceNotFoundException()
    return group
