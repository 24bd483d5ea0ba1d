"""Which of several equal resources stays, and which edits of the configuration say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from deployments.blueprint.identifiers import pascal
from deployments.blueprint.roles import SHARED_ROLE
from deployments.engine.duplicates import Same, Seen, needed
from projects.configuration import variable_name
from projects.configuration.model import Agent, Configuration, ResourceSpec

HOLDS_DATA = frozenset({"AWS::Logs::LogGroup", "AWS::SQS::Queue"})
"""Types that hold something for a while, beside those whose kind is stateful; no proposal takes one away."""


@dataclass(frozen=True, slots=True)
class AgentKey:
    """A key of an agent gets a value; False and an empty tuple are what it has when it is not written."""

    agent: str
    key: str
    value: bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """A declared resource goes, and with it what agents say of it."""

    resource: str


Edit = AgentKey | Drop


@dataclass(frozen=True, slots=True)
class Merge:
    """What stays and goes (logical ids); without edits, `by_hand` says why and what to do."""

    title: str
    keeps: str
    goes: tuple[str, ...]
    risk: str = ""
    edits: tuple[Edit, ...] = ()
    by_hand: str = ""


@dataclass(frozen=True)
class Desk:
    """What the decision is made from: resources, the environment's effective configuration, and what it declares."""

    resources: Mapping[str, Seen]
    configuration: Configuration | None
    declared: Mapping[str, ResourceSpec]
    needs: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "needs", needed(self.resources))

    @property
    def agents(self) -> tuple[Agent, ...]:
        """The configuration's agents, if there is one."""
        return self.configuration.agents if self.configuration else ()


def merge_of(same: Same, desk: Desk) -> Merge:
    """What to do about resources that mean the same."""
    return _MERGES.get(same.type, _declared)(same, desk)


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`; of many, the first three and how many more; nothing of none."""
    names = list(names)
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _roles(same: Same, desk: Desk) -> Merge:
    """Isolated agents whose own role allows nothing that the shared one does not, or would, join it."""
    owners = {pascal(agent.name, "execution role"): agent.name for agent in desk.agents}
    own = tuple(name for name in same.logical_ids if name in owners)
    risk = "From then on, what one of these agents is newly allowed, all may that share the role."
    edits = tuple(AgentKey(owners[name], "isolated", False) for name in own)
    agents = listed(owners[name] for name in own)
    if own and SHARED_ROLE in same.logical_ids:
        noun = "role of its own allows" if len(own) == 1 else "roles of their own allow"
        return Merge(f"{agents}: a {noun} what the shared one does", SHARED_ROLE, own, risk, edits)
    title = f"{listed(same.logical_ids)} allow the same"
    if len(own) < 2:
        return _by_hand(same, title)
    if SHARED_ROLE not in desk.resources:
        return Merge(title, SHARED_ROLE, own, risk, edits)
    return Merge(
        title,
        own[0],
        own[1:],
        by_hand=(
            "strands.yaml knows one shared role, which allows something else here. Sharing it would give "
            f"{agents} more than they need, so this is only reported."
        ),
    )


def _groups(same: Same, desk: Desk) -> Merge:
    """Agents whose list of destinations says the same in other words get the shorter list."""
    agents = {name: [each for each in desk.agents if _group_of(each) == name] for name in same.logical_ids}
    made = sorted((name for name in agents if agents[name]), key=lambda name: (len(agents[name][0].egress), name))
    if len(made) < 2:
        return _declared(same, desk)
    keeps, goes = made[0], tuple(made[1:])
    egress = tuple(str(each) for each in agents[keeps][0].egress)
    return Merge(
        f"{listed(same.logical_ids)} have the same rules",
        keeps,
        goes,
        "The functions move from one group to the other, which takes Lambda some minutes; calls go on meanwhile.",
        tuple(AgentKey(agent.name, "egress", egress) for name in goes for agent in agents[name]),
    )


def _group_of(agent: Agent) -> str:
    return pascal("agents", *(str(egress) for egress in sorted(set(agent.egress))), "security group")


def _layers(same: Same, desk: Desk) -> Merge:
    """Folders with the same content: agents name one of them."""
    folders: dict[str, str] = {}
    for agent in desk.agents:
        for folder in agent.layers:
            parts = [part for part in folder.split("/") if part not in ("", ".")]
            folders.setdefault(pascal("-".join(parts), "layer"), folder)
    made = [name for name in same.logical_ids if name in folders]
    title = f"{listed(same.logical_ids)} hold the same files"
    if len(made) < 2:
        return _by_hand(same, title)
    keeps, goes = made[0], tuple(made[1:])
    instead = {folders[name]: folders[keeps] for name in goes}
    edits = []
    for agent in desk.agents:
        layers = tuple(dict.fromkeys(instead.get(folder, folder) for folder in agent.layers))
        if layers != agent.layers:
            edits.append(AgentKey(agent.name, "layers", layers))
    risk = "The folders no longer change apart: a file that only one agent needs is in the layer of all."
    return Merge(title, keeps, goes, risk, tuple(edits))


def _functions(same: Same, desk: Desk) -> Merge:
    first = f"They differ in {listed(same.differing)}; make them agree first. " if same.differing else ""
    keeps, goes = same.logical_ids[0], same.logical_ids[1:]
    return Merge(
        f"{listed(same.logical_ids)} run the same code",
        keeps,
        goes,
        "Callers by name or address, alarms and dashboards of the function that goes have to follow.",
        by_hand=(
            f"{first}One agent with the uses, routes and triggers of all would do: move them to the one behind {keeps} "
            "and take the others out of agents. It is not proposed, because the log of an agent goes with it."
        ),
    )


def _channels(same: Same, desk: Desk) -> Merge:
    """Topics and buses carry, but hold nothing: the agents that use both are left with the first."""
    keeps, goes = same.logical_ids[0], same.logical_ids[1:]
    names = {name: desk.declared[name] for name in same.logical_ids}
    found = [str(variable_name(names[name].name, names[name].type)) for name in same.logical_ids]
    risk = (
        f"Agents find it in {found[0]}, and no longer in {listed(found[1:])}: change their code first. "
        "What told the messages apart is gone, too."
    )
    edits = tuple(Drop(names[name].name) for name in goes)
    return Merge(f"{listed(each.name for each in names.values())} are used for the same", keeps, goes, risk, edits)


def _stores(same: Same, desk: Desk) -> Merge:
    """Queues and buckets hold something, so they are only reported."""
    names = [desk.declared[name].name for name in same.logical_ids]
    goes = same.logical_ids[1:]
    return Merge(
        f"{listed(names)} are set up and used alike",
        same.logical_ids[0],
        goes,
        "What is in them cannot be told apart any more once it is in one.",
        by_hand=(
            f"They hold data, so this is only a suggestion. Let the agents use {names[0]} alone, move what is in "
            f"{listed(names[1:])}, and take that out of resources when nothing is left in it."
        ),
    )


def _declared(same: Same, desk: Desk) -> Merge:
    """Resources written out under `resources` that nothing refers to go; one stays."""
    loose = [name for name in same.logical_ids if name in desk.declared and not desk.needs[name]]
    rest = [name for name in same.logical_ids if name not in loose]
    keeps = rest[0] if rest else loose[0]
    goes = tuple(name for name in loose if name != keeps)
    title = f"{listed(same.logical_ids)} are the same"
    if not goes:
        return _by_hand(same, title)
    different = f" {listed(same.differing)} differ: see that what stays has what you need." if same.differing else ""
    risk = f"Something outside of strandsweb may use what goes.{different}"
    return Merge(title, keeps, goes, risk, tuple(Drop(desk.declared[name].name) for name in goes))


def _by_hand(same: Same, title: str) -> Merge:
    keeps, goes = same.logical_ids[0], same.logical_ids[1:]
    told = (
        f"What uses {listed(goes)} names it in its own properties, which people wrote. Let it name {keeps} there, "
        f"and take {listed(goes)} out of resources."
    )
    return Merge(title, keeps, goes, by_hand=told)


_MERGES: Mapping[str, Callable[[Same, Desk], Merge]] = {
    "AWS::EC2::SecurityGroup": _groups,
    "AWS::Events::EventBus": _channels,
    "AWS::IAM::Role": _roles,
    "AWS::Lambda::Function": _functions,
    "AWS::Lambda::LayerVersion": _layers,
    "AWS::S3::Bucket": _stores,
    "AWS::SNS::Topic": _channels,
    "AWS::SQS::Queue": _stores,
}
