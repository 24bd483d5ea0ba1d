"""What differs only because two sides are two: generated ids, derived names, account, region, the order of sets (pure).

`Veil` writes a side's own ids and names as what they stand for, `${Jobs.Arn}`, so that two environments can be put
side by side; `comparable` brings properties into the form in which their kind compares them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from deployments.comparing.sides import Entry, Place
from deployments.engine.comparison import as_set
from deployments.engine.kinds import Kind, Kinds
from deployments.engine.policies import documents

VOLATILE_TAGS = frozenset({"strands:version", "strands:deployed-by"})
"""Tags that change with every deployment and say nothing about the resource."""

_SHORTEST_ID = 8
"""Shorter physical ids are words that people chose, a stage's name for example."""
_DERIVED = re.compile(r"(?:/aws/lambda/|/)?strands[-/]")
_TOKEN = re.compile(r"[A-Za-z0-9_.\-]{8,}")
_SETS = ("Action", "NotAction", "Resource", "NotResource")


class Veil:
    """Hides what is particular to one place; made once for a side, then used on its values."""

    def __init__(self, place: Place, resources: Mapping[str, Entry], kinds: Kinds, *, across: bool) -> None:
        """`across`: the other side is another place, so account, region and the environment's name count as noise."""
        self._known: dict[str, str] = {}
        for logical_id in sorted(resources, key=lambda name: (len(name), name)):
            self._learn(logical_id, resources[logical_id], kinds)
        self._words: list[tuple[re.Pattern[str], str]] = []
        self._environment = place.environment if across else None
        if across:
            self._words = [
                (re.compile(rf"(?<![0-9]){re.escape(place.account)}(?![0-9])"), "${AWS::AccountId}"),
                (re.compile(rf"(?<![a-z0-9-]){re.escape(place.region)}(?![0-9])"), "${AWS::Region}"),
            ]
        self._project = place.project
        self._environment_word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(place.environment)}(?![A-Za-z0-9])")

    def _learn(self, logical_id: str, entry: Entry, kinds: Kinds) -> None:
        for name, value in entry.get("attributes", {}).items():
            if isinstance(value, str) and len(value) >= _SHORTEST_ID:
                self._known.setdefault(value, f"${{{logical_id}.{name}}}")
        if len(entry["physicalId"]) >= _SHORTEST_ID:
            self._known.setdefault(entry["physicalId"], f"${{{logical_id}}}")
        kind = kinds.get(entry["type"])
        own = entry["properties"].get(kind.name_property) if kind and kind.name_property else None
        if isinstance(own, str) and _DERIVED.match(own):
            self._known.setdefault(own, f"${{{logical_id}}}")

    def over(self, value: Any) -> Any:
        """The value with everything particular replaced; keys of mappings stay."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return {key: self.over(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.over(inner) for inner in value]
        return value

    def _text(self, text: str) -> str:
        if (known := self._known.get(text)) is not None:
            return known
        if text == self._environment:
            return "${environment}"
        if len(text) < _SHORTEST_ID:
            return text
        for end in ("/", ":*"):  # what is inside a resource, by its ARN
            head, found, rest = text.partition(end)
            if found and head in self._known:
                return f"{self._known[head]}{found}{rest}"
        text = _TOKEN.sub(lambda found: self._known.get(found.group(), found.group()), text)
        for pattern, word in self._words:
            text = pattern.sub(word, text)
        if self._environment and self._project in text:  # a name, or a sentence about it
            text = self._environment_word.sub("${environment}", text)
        return text


def properties_of(entry: Entry, *, volatile: bool = False) -> dict[str, Any]:
    """What people compare of a resource: its properties and the tags somebody chose; all tags where asked for."""
    tags = {key: tag for key, tag in entry.get("tags", {}).items() if volatile or key not in VOLATILE_TAGS}
    return {**entry["properties"], **({"Tags": tags} if tags else {})}


def comparable(kind: Kind | None, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties in one form: sets sorted, policies with sorted actions and resources, defaults left out."""
    if kind is None:
        return dict(properties)
    found = {}
    for name, value in kind.normalise(properties).items():
        if name in kind.defaults and kind.defaults[name] == value:
            continue
        if name in kind.policies:
            found[name] = _policies(value)
        else:
            found[name] = as_set(value) if name in kind.unordered else value
    return found


def _policies(value: Any) -> Any:
    """One document, or a list of them with their names, each with its sets in order."""
    named = documents(value)
    if list(named) == [""]:
        return policy(value)
    return [{"PolicyName": name, "PolicyDocument": policy(document)} for name, document in sorted(named.items())]


def policy(document: Any) -> Any:
    """A policy document with statements as a list, and actions and resources of each as sorted lists."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return document
    if not isinstance(document, Mapping) or "Statement" not in document:
        return document
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return {**document, "Statement": [_statement(each) for each in listed]}


def _statement(statement: Any) -> Any:
    if not isinstance(statement, Mapping):
        return statement
    return {
        name: sorted(value if isinstance(value, list) else [value], key=str) if name in _SETS else value
        for name, value in statement.items()
    }
