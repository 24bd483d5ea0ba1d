"""What agents, roles and everybody else may newly do, or no longer, between two sides: by meaning, in sentences (pure).

Roles are told with the agents that run as them, and with the managed policies that are attached to them; policies of
buckets, queues and other resources with whom they let in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.comparing.noise import Veil, policy
from deployments.comparing.sides import Entry, Side
from deployments.engine.intrinsics import is_intrinsic
from deployments.engine.kinds import Kinds
from deployments.engine.policies import Grant, documents, grants

ROLE, MANAGED, FUNCTION, INVOKES = (
    "AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::Lambda::Function", "AWS::Lambda::Permission",
)  # fmt: skip
_REFERENCE = re.compile(r"\$\{(?!AWS::|environment\})([^.}]+)")

_NOUNS = {
    "s3": ("bucket", "buckets"), "dynamodb": ("table", "tables"), "sqs": ("queue", "queues"),
    "sns": ("topic", "topics"),
    "logs": ("log group", "log groups"), "secretsmanager": ("secret", "secrets"), "lambda": ("function", "functions"),
    "kms": ("key", "keys"), "events": ("event bus", "event buses"), "bedrock": ("model", "models"),
    "iam": ("role", "roles"),
}  # fmt: skip
_THINGS = ("resource", "resources")
_SERVICES = {
    "AWS::S3::Bucket": "s3", "AWS::DynamoDB::Table": "dynamodb", "AWS::SQS::Queue": "sqs", "AWS::SNS::Topic": "sns",
    "AWS::Logs::LogGroup": "logs", "AWS::SecretsManager::Secret": "secretsmanager", FUNCTION: "lambda",
    "AWS::KMS::Key": "kms", "AWS::Events::EventBus": "events", ROLE: "iam",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: `customer-support gains s3:DeleteObject on 2 buckets`.

    `widens`: more is possible than before (allowed newly, or denied no longer). `broad`: to everything, or for
    everyone. `resources` are what `place` counts.
    """

    who: str
    verb: str
    actions: tuple[str, ...]
    place: str
    resources: tuple[str, ...]
    condition: str
    widens: bool
    broad: bool

    def __str__(self) -> str:
        condition = f" if {self.condition}" if self.condition else ""
        return f"{self.who} {self.verb} {', '.join(self.actions)} on {self.place}{condition}"


@dataclass(frozen=True, slots=True)
class PermissionRow:
    """What changed for one role or in one resource's policy, and the documents behind it (None where there is none)."""

    logical_id: str
    type: str
    agents: tuple[str, ...]
    lines: tuple[Line, ...]
    before: Any
    after: Any

    @property
    def widens(self) -> bool:
        """Somebody may more than before."""
        return any(line.widens for line in self.lines)


def compare_permissions(before: Side, after: Side, kinds: Kinds) -> tuple[PermissionRow, ...]:
    """One row per role and resource whose policies do not mean the same, those that widen first."""
    across = before.place != after.place
    was = _Policies(before, Veil(before.place, before.resources, kinds, across=across), kinds)
    now = _Policies(after, Veil(after.place, after.resources, kinds, across=across), kinds)
    rows = []
    for name in sorted(was.holders | now.holders):
        old, new = was.grants(name), now.grants(name)
        if old == new:
            continue
        agents = tuple(sorted({*was.agents(name), *now.agents(name)}))
        who = agents[0] if len(agents) == 1 else f"{len(agents)} agents" if agents else name
        types = {**was.types, **now.types}
        lines = [_line(name, who, group, types, newly=True) for group in _grouped(new - old)]
        lines += [_line(name, who, group, types, newly=False) for group in _grouped(old - new)]
        rows.append(
            PermissionRow(name, types[name], agents, tuple(lines), was.shown(name) or None, now.shown(name) or None)
        )
    return tuple(sorted(rows, key=lambda row: (not row.widens, row.logical_id)))


class _Policies:
    """Who may what on one side, with references by name."""

    def __init__(self, side: Side, veil: Veil, kinds: Kinds) -> None:
        self._kinds = kinds
        self._entries: dict[str, tuple[Entry, Mapping[str, Any]]] = {
            name: (entry, veil.over(entry["properties"]))
            for name, entry in side.resources.items()
            if entry["type"] in (FUNCTION, INVOKES) or self._holds(entry["type"])
        }
        self.types = {name: str(entry["type"]) for name, entry in side.resources.items()}
        attached = {name for name in self._entries for name in self._attached(name)}
        self.holders = frozenset(
            name for name, (entry, _) in self._entries.items() if entry["type"] != FUNCTION and name not in attached
        )

    def _holds(self, type_name: str) -> bool:
        kind = self._kinds.get(type_name)
        return bool(kind and kind.policies)

    def agents(self, name: str) -> Iterator[str]:
        """The agents whose functions run as the role of that name."""
        for entry, properties in self._entries.values():
            if entry["type"] == FUNCTION and properties.get("Role") == f"${{{name}.Arn}}":
                yield str(entry.get("agent") or "an agent")

    def grants(self, name: str) -> frozenset[Grant]:
        """Everything that is granted by the policies of one holder."""
        found = frozenset[Grant]().union(*map(_granted, self.shown(name).values()))
        return found | {
            Grant("Allow", "", "everything in it", arn, "", "everything in it") for arn in self._foreign(name)
        }

    def shown(self, name: str) -> dict[str, Any]:
        """The policy documents of one holder by what they are called."""
        if name not in self._entries:
            return {}
        entry, properties = self._entries[name]
        if entry["type"] == INVOKES:
            return {"permission": _invocation(properties)}
        kind = self._kinds[entry["type"]]
        found = {
            (f"{each}.{called}" if called else each): policy(document)
            for each in sorted(kind.policies)
            for called, document in documents(properties.get(each)).items()
        }
        for other in self._attached(name):
            found |= {f"{other}.{called}": document for called, document in self.shown(other).items()}
        return found

    def _attached(self, name: str) -> list[str]:
        """The managed policies of ours that a role has."""
        _, properties = self._entries.get(name, ({}, {}))
        names = (str(arn).removeprefix("${").partition("}")[0].partition(".")[0] for arn in _arns(properties))
        return [other for other in names if other in self._entries and self._entries[other][0]["type"] == MANAGED]

    def _foreign(self, name: str) -> list[str]:
        """The managed policies a role has of which only AWS knows what is in them."""
        _, properties = self._entries.get(name, ({}, {}))
        return [arn for arn in _arns(properties) if arn.startswith("arn:")]


def _arns(properties: Mapping[str, Any]) -> list[str]:
    value = properties.get("ManagedPolicyArns")
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _granted(document: Any) -> frozenset[Grant]:
    """What a document says; one that cannot be read says nothing."""
    try:
        return frozenset() if is_intrinsic(document) else grants(document)
    except (ValueError, AttributeError):
        return frozenset()


def _invocation(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A Lambda permission as the policy document that it becomes."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": properties.get("Principal"),
        "Action": [properties.get("Action")],
        "Resource": [properties.get("FunctionName")],
    }
    if "SourceArn" in properties:
        statement["Condition"] = {"ArnLike": {"aws:SourceArn": properties["SourceArn"]}}
    return {"Statement": [statement]}


def _grouped(found: Iterable[Grant]) -> list[tuple[Grant, tuple[str, ...], tuple[str, ...]]]:
    """Grants put together: actions over the same resource first, then resources with the same actions."""
    actions: dict[tuple[str, str, str, str], list[Grant]] = {}
    for grant in sorted(found):
        actions.setdefault((grant.effect, grant.principal, grant.condition, grant.resource), []).append(grant)
    together: dict[tuple[Any, ...], list[Grant]] = {}
    for (effect, principal, condition, _), over in actions.items():
        names = tuple(grant.action for grant in over)
        together.setdefault((effect, principal, condition, names), []).append(over[0])
    return [(over[0], key[3], tuple(grant.resource for grant in over)) for key, over in together.items()]


def _line(
    holder: str,
    who: str,
    group: tuple[Grant, tuple[str, ...], tuple[str, ...]],
    types: Mapping[str, str],
    *,
    newly: bool,
) -> Line:
    grant, actions, resources = group
    several = who.endswith(" agents") and not grant.principal
    if grant.effect == "Deny":
        verb = ("are" if several else "is") + (" newly denied" if newly else " no longer denied")
    else:
        verb = ("gain" if newly else "lose") + ("" if several else "s")
    anybody = grant.principal == "*"
    told = tuple(resource for resource in resources if resource)
    return Line(
        who="anyone" if anybody else grant.principal or who,
        verb=verb,
        actions=actions,
        place=_place(told or (f"${{{holder}}}",), types),
        resources=told,
        condition=grant.condition,
        widens=newly is (grant.effect != "Deny"),
        broad=anybody or "*" in told or "*" in actions,
    )


def _place(resources: tuple[str, ...], types: Mapping[str, str]) -> str:
    """`2 buckets and 1 queue`; a single one by its name."""
    if "*" in resources:
        return "everything"
    whole = sorted({_whole(resource) for resource in resources})
    if len(whole) == 1:
        return f"the {_noun(whole[0], types)[0]} {whole[0]}" if whole[0] in types else resources[0]
    counted = Counter(_noun(each, types) for each in whole)
    words = [f"{count} {one if count == 1 else many}" for (one, many), count in counted.items()]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _whole(resource: str) -> str:
    """What a resource is part of: the objects of a bucket are the bucket's, the indexes of a table the table's."""
    if found := _REFERENCE.search(resource):
        return found[1]
    head, _, rest = resource.partition("/")
    return head if resource.startswith("arn:aws:s3:") or rest == "*" else resource


def _noun(whole: str, types: Mapping[str, str]) -> tuple[str, str]:
    if whole in types:
        return _NOUNS.get(_SERVICES.get(types[whole], ""), _THINGS)
    parts = whole.split(":")
    return _NOUNS.get(parts[2], _THINGS) if len(parts) > 5 else _THINGS
