"""X-Ray: groups, which moto lacks. Source: the API reference of CreateGroup and its kin."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.moto_api._internal import mock_random
from moto.utilities.utils import get_partition
from moto.xray import urls
from moto.xray.responses import XRayResponse

from strandsweb.sandbox.operations import Refused

NAME_LIMIT = 32
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_INSIGHTS = {"InsightsEnabled": False, "NotificationsEnabled": False}


def install() -> None:
    for name, operation in _OPERATIONS.items():
        setattr(XRayResponse, "".join(f"_{c.lower()}" if c.isupper() else c for c in name)[1:], _answering(operation))
        urls.url_paths[f"{{0}}/{name}$"] = XRayResponse.dispatch


def _answering(operation: Callable[[Any, Mapping[str, Any]], Any]) -> Callable[[XRayResponse], Any]:
    def answer(self: XRayResponse) -> Any:
        try:
            return json.dumps(operation(self.xray_backend, self.request_params))
        except Refused as refused:
            headers = {"status": refused.status, "x-amzn-errortype": refused.code}
            return json.dumps({"__type": refused.code, "Message": str(refused)}), headers

    return answer


def _groups(backend: Any) -> dict[str, dict[str, Any]]:
    """Groups by ARN; `Tags` beside what describes them."""
    groups: dict[str, dict[str, Any]] = vars(backend).setdefault("groups", {})
    return groups


def _found(backend: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
    for arn, group in _groups(backend).items():
        if asked.get("GroupARN", arn) == arn and asked.get("GroupName", group["GroupName"]) == group["GroupName"]:
            return group
    raise Refused("InvalidRequestException", "Group not found")


def _shown(group: Mapping[str, Any]) -> dict[str, Any]:
    return {"Group": {key: value for key, value in group.items() if key != "Tags"}}


def _create(backend: Any, asked: Mapping[str, Any]) -> Any:
    name = asked.get("GroupName", "")
    if not 1 <= len(name) <= NAME_LIMIT:
        raise Refused("InvalidRequestException", f"A group's name has 1 to {NAME_LIMIT} characters")
    if any(group["GroupName"] == name for group in _groups(backend).values()):
        raise Refused("InvalidRequestException", "Group name already exists")
    region, account = backend.region_name, backend.account_id
    unique = "".join(mock_random.choice(_ALPHABET) for _ in range(52))
    arn = f"arn:{get_partition(region)}:xray:{region}:{account}:group/{name}/{unique}"
    group = {
        "GroupName": name,
        "GroupARN": arn,
        "FilterExpression": asked.get("FilterExpression", ""),
        "InsightsConfiguration": {**_INSIGHTS, **(asked.get("InsightsConfiguration") or {})},
        "Tags": {tag["Key"]: tag["Value"] for tag in asked.get("Tags") or ()},
    }
    _groups(backend)[arn] = group
    return _shown(group)


def _update(backend: Any, asked: Mapping[str, Any]) -> Any:
    group = _found(backend, asked)
    if "FilterExpression" in asked:
        group["FilterExpression"] = asked["FilterExpression"]
    group["InsightsConfiguration"] |= asked.get("InsightsConfiguration") or {}
    return _shown(group)


def _delete(backend: Any, asked: Mapping[str, Any]) -> Any:
    del _groups(backend)[_found(backend, asked)["GroupARN"]]
    return {}


def _list(backend: Any, asked: Mapping[str, Any]) -> Any:
    return {"Groups": [_shown(group)["Group"] for _, group in sorted(_groups(backend).items())]}


def _tagged(backend: Any, asked: Mapping[str, Any]) -> dict[str, str]:
    group = _groups(backend).get(asked.get("ResourceARN", ""))
    if group is None:
        raise Refused("ResourceNotFoundException", "The resource was not found", 404)
    tags: dict[str, str] = group["Tags"]
    return tags


def _list_tags(backend: Any, asked: Mapping[str, Any]) -> Any:
    return {"Tags": [{"Key": key, "Value": value} for key, value in _tagged(backend, asked).items()]}


def _tag(backend: Any, asked: Mapping[str, Any]) -> Any:
    _tagged(backend, asked).update({tag["Key"]: tag["Value"] for tag in asked["Tags"]})
    return {}


def _untag(backend: Any, asked: Mapping[str, Any]) -> Any:
    tags = _tagged(backend, asked)
    for key in asked["TagKeys"]:
        tags.pop(key, None)
    return {}


_OPERATIONS: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "CreateGroup": _create,
    "DeleteGroup": _delete,
    "GetGroup": lambda backend, asked: _shown(_found(backend, asked)),
    "Groups": _list,  # the path of GetGroups
    "ListTagsForResource": _list_tags,
    "TagResource": _tag,
    "UntagResource": _untag,
    "UpdateGroup": _update,
}
