"""What could be merged or left out, with what it saves and what there is to mind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from deployments.engine.canonical import digest, dumps
from deployments.engine.duplicates import Same, Seen, duplicates, is_attached, unneeded
from deployments.engine.kinds import Kinds
from deployments.optimising.merges import HOLDS_DATA, Desk, Drop, Edit, listed, merge_of
from deployments.optimising.uses import declared, uses_of
from projects.configuration.model import Configuration

_TEXT_LIMIT = 300


class Sort(StrEnum):
    """What a finding is about."""

    SAME = "same"
    UNUSED = "unused"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to save.

    `facts` are the evidence, what was compared and its value as text; `monthly_usd` what going saves of the fixed
    cost, None where it costs by use. `edits` are what the configuration would say instead; where there are none,
    `by_hand` says why and what to do. `settled`: the configuration says it already, and only a plan is missing.
    """

    sort: Sort
    type: str
    logical_ids: tuple[str, ...]
    keeps: str
    goes: tuple[str, ...]
    title: str
    facts: tuple[tuple[str, str], ...]
    differing: tuple[str, ...] = ()
    monthly_usd: float | None = None
    risk: str = ""
    edits: tuple[Edit, ...] = ()
    by_hand: str = ""
    settled: bool = False

    @property
    def key(self) -> str:
        """Names the finding in addresses: the same as long as the same things are found."""
        return digest([self.sort.value, self.type, list(self.logical_ids), list(self.goes)])[:12]


def findings(
    seen: Iterable[Seen], configuration: Configuration | None, kinds: Kinds, *, wanted: Container[str] | None = None
) -> tuple[Finding, ...]:
    """All findings of one environment, in order.

    `configuration` is the effective one of the environment, None when there is none to edit; `wanted` the logical ids
    that it still asks for (None: all).
    """
    resources = {each.logical_id: each for each in seen}
    uses = uses_of(configuration) if configuration else {}
    desk = Desk(resources, configuration, declared(configuration) if configuration else {})
    found = [_same(same, desk, kinds) for same in duplicates(resources.values(), kinds, uses)]
    attached = _attached(resources)
    unused = unneeded(resources.values(), (name for name, used in uses.items() if not used))
    found += [_unused(name, desk, kinds, attached) for name in unused if resources[name].type in _CALLED]
    if wanted is not None:
        found = [_if_still_wanted(finding, wanted) for finding in found]
    return in_order(found)


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that save money first, the most before the less; then those with a change ready."""
    return tuple(sorted(found, key=lambda each: (-(each.monthly_usd or 0), not each.edits, each.type, each.title)))


def across(environment: str, worlds: Mapping[str, Iterable[Seen]], kinds: Kinds) -> tuple[Finding, ...]:
    """What environments of one account and region each pay for, though the network could have it once.

    `worlds` are the resources of every such environment by its name, `environment` among them.
    """
    holders: defaultdict[tuple[str, str], dict[str, Seen]] = defaultdict(dict)
    for name, seen in worlds.items():
        for each in seen:
            if what := _shareable(each):
                holders[each.type, what].setdefault(name, each)
    found = []
    for (type_name, what), by_name in sorted(holders.items()):
        if environment not in by_name or len(by_name) < 2:
            continue
        others = sorted(set(by_name) - {environment})
        found.append(
            Finding(
                sort=Sort.ELSEWHERE,
                type=type_name,
                logical_ids=(by_name[environment].logical_id,),
                keeps="",
                goes=tuple(f"{name}/{by_name[name].logical_id}" for name in others),
                title=f"{listed([environment, *others])} each have {what}",
                facts=tuple((name, f"{each.logical_id} in {_network(each)}") for name, each in sorted(by_name.items())),
                monthly_usd=_usd((by_name[name] for name in others), kinds),
                risk="Environments that share a part of the network fail together and can reach each other.",
                by_hand=(
                    "strands.yaml gives every environment a network of its own, so this cannot be said there. Outside "
                    "of it, a VPC peering or transit gateway with a private hosted zone lets one serve the others; "
                    f"then take it out of the vpc of {listed(others)}."
                ),
            )
        )
    return tuple(found)


def _shareable(each: Seen) -> str:
    """What a resource is, if environments beside each other could share it; else nothing."""
    if each.type == "AWS::EC2::NatGateway":
        return "a NAT gateway"
    if each.type == "AWS::EC2::VPCEndpoint" and each.properties.get("VpcEndpointType") == "Interface":
        return f"an interface endpoint for {str(each.properties.get('ServiceName')).rpartition('.')[2]}"
    return ""


def _network(each: Seen) -> str:
    return str(each.properties.get("VpcId") or each.properties.get("SubnetId"))


def _same(same: Same, desk: Desk, kinds: Kinds) -> Finding:
    merge = merge_of(same, desk)
    return Finding(
        sort=Sort.SAME,
        type=same.type,
        logical_ids=same.logical_ids,
        keeps=merge.keeps,
        goes=merge.goes,
        title=merge.title,
        facts=_texts(same.facts),
        differing=same.differing,
        monthly_usd=_usd((desk.resources[name] for name in merge.goes), kinds),
        risk=merge.risk,
        edits=merge.edits,
        by_hand=merge.by_hand,
    )


def _attached(resources: Mapping[str, Seen]) -> Mapping[str, list[str]]:
    """What goes with a resource because it only says something of it, by its logical id."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for each in resources.values():
        for name in each.dependencies:
            if name in resources and is_attached(each, resources[name]):
                found[name].append(each.logical_id)
    return found


def _unused(logical_id: str, desk: Desk, kinds: Kinds, attached: Mapping[str, list[str]]) -> Finding:
    found = desk.resources[logical_id]
    name = desk.declared[logical_id].name
    parts = [each for each in found.dependencies if _is_part(desk, found, each)]
    own = sorted([*parts, *(policy for each in (logical_id, *parts) for policy in attached.get(each, ()))])
    going = (logical_id, *own)
    holds = _CALLED[found.type]
    destroyed = found.type in kinds and kinds[found.type].stateful
    keeps_data = destroyed or found.type in HOLDS_DATA
    told = (
        "the plan then says that data is destroyed, before anything is" if destroyed else "see that it is empty first"
    )
    return Finding(
        sort=Sort.UNUSED,
        type=found.type,
        logical_ids=(logical_id,),
        keeps="",
        goes=going,
        title=f"Nothing uses the {holds} {name}",
        facts=(
            ("agents", "none uses it, none is started by it"),
            ("other resources", "none refers to it"),
            *(("goes with it", each) for each in own),
        ),
        monthly_usd=_usd((desk.resources[each] for each in going), kinds),
        risk="Something outside of strandsweb may use it; look at its metrics first.",
        edits=() if keeps_data else (Drop(name),),
        by_hand=(
            f"It holds data, so leaving it out is not proposed. If nobody needs what is in it, take {name} out of "
            f"resources; {told}."
            if keeps_data
            else ""
        ),
    )


def _is_part(desk: Desk, whole: Seen, name: str) -> bool:
    """The other is of the same type, nobody declared it, and nothing else needs it: a queue's dead letter queue."""
    part = desk.resources.get(name)
    return part is not None and part.type == whole.type and name not in desk.declared and desk.needs[name] == 1


def _if_still_wanted(finding: Finding, wanted: Container[str]) -> Finding:
    """A finding that the configuration has dealt with already needs no edit, only a plan."""
    gone = tuple(name for name in finding.logical_ids if name not in wanted)
    enough = 2 if finding.sort is Sort.SAME else 1
    if len(finding.logical_ids) - len(gone) >= enough:
        return finding
    told = "The latest configuration no longer asks for this. A plan carries that out."
    return replace(finding, goes=gone, edits=(), by_hand=told, settled=True)


def _usd(going: Iterable[Seen], kinds: Kinds) -> float | None:
    """Fixed US dollars a month; None where all of it costs by use."""
    costs = [
        kind.fixed_monthly_usd(each.properties)
        for each in going
        if (kind := kinds.get(each.type)) is not None and kind.fixed_monthly_usd is not None
    ]
    return sum(costs) if costs else None


def _texts(facts: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Facts as short texts, a list one line for each entry."""
    lines = []
    for name, value in facts.items():
        for entry in value if isinstance(value, list) else [value]:
            text = entry if isinstance(entry, str) else dumps(entry)
            lines.append((name, text if len(text) <= _TEXT_LIMIT else f"{text[:_TEXT_LIMIT]} …"))
    return tuple(lines)


_CALLED: Mapping[str, str] = {
    "AWS::DynamoDB::Table": "table",
    "AWS::Events::EventBus": "event bus",
    "AWS::S3::Bucket": "bucket",
    "AWS::SNS::Topic": "topic",
    "AWS::SQS::Queue": "queue",
    "AWS::SecretsManager::Secret": "secret",
}
