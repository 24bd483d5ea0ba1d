"""The Resource Groups Tagging API: resources named by ARN are told all at once, or not at all with pages."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.resourcegroupstaggingapi.responses import ResourceGroupsTaggingAPIResponse

from strandsweb.sandbox.operations import Refused

ARNS_AT_MOST = 100
_PAGING = ("PaginationToken", "ResourcesPerPage", "TagsPerPage")


def install() -> None:
    in_pages = ResourceGroupsTaggingAPIResponse.get_resources

    def get_resources(self: Any) -> ActionResult:
        arns = self._get_param("ResourceARNList", [])
        if not arns:
            return in_pages(self)
        if len(arns) > ARNS_AT_MOST or any(self._get_param(name) for name in _PAGING):
            raise Refused(
                "InvalidParameterException", f"At most {ARNS_AT_MOST} ARNs can be named, and no pages of them."
            )
        _, found = self.backend.get_resources(
            resources_per_page=len(arns), tags_per_page=51 * len(arns), resource_arn_list=arns
        )
        listed = [
            {"ResourceARN": each.arn, "Tags": [{"Key": key, "Value": value} for key, value in each.tags.items()]}
            for each in found
        ]
        return ActionResult({"ResourceTagMappingList": listed, "PaginationToken": ""})

    ResourceGroupsTaggingAPIResponse.get_resources = get_resources  # type: ignore[method-assign]
