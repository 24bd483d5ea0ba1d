"""The tags of many resources by one call, from AWS's index of tags over all services.

The index follows the services within seconds, sometimes minutes: what it says is believed where it confirms what is
expected, and asked again at the service itself where it does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deployments.aws import tags
from deployments.aws.calls import Aws
from deployments.engine.errors import CloudError

AT_ONCE = 100
"""ARNs in one call: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html"""
PERMISSION = "tag:GetResources"


def indexed_tags(aws: Aws, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    """ARN -> tags, without the resources that the index does not know; at most `AT_ONCE` of them.

    An index that cannot be asked (a role made before it was used may not) knows nothing: no plan depends on it.
    """
    try:
        answer = aws.call("resourcegroupstaggingapi", "get_resources", ResourceARNList=list(arns))
    except CloudError as refusal:
        aws.log("info", f"Tags are read one by one: {refusal}")
        return {}
    return {entry["ResourceARN"]: tags.from_list(entry.get("Tags")) for entry in answer["ResourceTagMappingList"]}


def confirms(indexed: Mapping[str, str] | None, recorded: Mapping[str, str]) -> bool:
    """Whether the index shows every recorded tag with its recorded value."""
    return indexed is not None and recorded.items() <= indexed.items()
