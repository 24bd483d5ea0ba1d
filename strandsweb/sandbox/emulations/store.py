"""What emulations keep: fields by their names in the API reference, and a status that settles after a while."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from moto.moto_api._internal import mock_random

from strandsweb.sandbox.operations import Place, Refused

SETTLE_SECONDS = 0.5


@dataclass(slots=True)
class Thing:
    """One resource. `verb` (create, modify, delete) is what was done to it last, at `changed` (seconds)."""

    fields: dict[str, Any]
    changed: float
    verb: str = "create"

    def settled(self, place: Place) -> bool:
        return place.seconds - self.changed >= SETTLE_SECONDS

    def gone(self, place: Place) -> bool:
        return self.verb == "delete" and self.settled(place)

    def change(self, verb: str, place: Place) -> None:
        self.verb, self.changed = verb, place.seconds


def new_id(prefix: str) -> str:
    """An identifier as EC2 makes them: the prefix and 17 hexadecimal digits."""
    return f"{prefix}-0{mock_random.get_random_hex(16)}"


class Tokens:
    """Client tokens: the same token with the same parameters means the same resource."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[str, str]] = {}

    def known(self, operation: str, parameters: Mapping[str, Any], *, mismatch: str) -> str | None:
        """The id made under the token, None for a new one. Raises Refused (`mismatch`) for other parameters."""
        seen = self._seen.get((operation, str(parameters.get("ClientToken"))))
        if seen is None or not parameters.get("ClientToken"):
            return None
        if seen[1] != _digest(parameters):
            raise Refused(mismatch, "The client token was used before with other parameters.")
        return seen[0]

    def remember(self, operation: str, parameters: Mapping[str, Any], identifier: str) -> None:
        if parameters.get("ClientToken"):
            self._seen[operation, parameters["ClientToken"]] = (identifier, _digest(parameters))


def _digest(parameters: Mapping[str, Any]) -> str:
    return json.dumps(dict(parameters), sort_keys=True, default=str)


def filtered(items: Iterable[dict[str, Any]], filters: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """EC2's filters: `ipam-pool-id` is the field IpamPoolId, `tag:name` a tag, `tag-key` any tag of that key."""
    chosen = list(items)
    for one in filters or []:
        chosen = [item for item in chosen if _fits(item, str(one["Name"]), [str(value) for value in one["Values"]])]
    return chosen


def _fits(item: Mapping[str, Any], name: str, patterns: list[str]) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}
    if name.startswith("tag:"):
        values = [tags[name[4:]]] if name[4:] in tags else []
    elif name == "tag-key":
        values = list(tags)
    else:
        value = item.get("".join(part.capitalize() for part in name.split("-")))
        values = [str(value).lower() if isinstance(value, bool) else str(value)] if value is not None else []
    return any(fnmatchcase(value, pattern.replace("[", "[[]")) for value in values for pattern in patterns)


def page(
    items: list[dict[str, Any]], parameters: Mapping[str, Any], key: str, *, size: str = "MaxResults"
) -> dict[str, Any]:
    """One page of `items` under `key`; tokens are offsets. Raises Refused for a token that is none."""
    token = str(parameters.get("NextToken") or "0")
    if not token.isdigit():
        raise Refused("InvalidNextToken", "The token is not valid.")
    start, count = int(token), int(parameters.get(size) or 1000)
    answer: dict[str, Any] = {key: items[start : start + count]}
    if start + count < len(items):
        answer["NextToken"] = str(start + count)
    return answer
