"""Who may do what in a state, readable: roles with the agents that use them, and what resources let others do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.engine.policies import Grant, documents, grants
from deployments.engine.state import State, StateResource

ROLE = "AWS::IAM::Role"


@dataclass(frozen=True, slots=True)
class Place:
    """On what something may be done: a resource of the state and what is meant of it, or text as the policy has it."""

    resource: str = ""
    rest: str = ""

    def __str__(self) -> str:
        return f"{self.resource} {self.rest}".strip()


@dataclass(frozen=True, slots=True)
class Permission:
    """Actions on the same places under the same condition.

    `actions` are by service, without its prefix; `principal` is empty where the holder itself may. `wide` says, in
    words, what makes it reach further than a name; empty where nothing does.
    """

    denies: bool
    principal: str
    actions: tuple[tuple[str, tuple[str, ...]], ...]
    places: tuple[Place, ...]
    condition: str
    wide: str

    @property
    def count(self) -> int:
        """How many actions."""
        return sum(len(names) for _, names in self.actions)


@dataclass(frozen=True, slots=True)
class Holder:
    """A role or policy with what it may do, or a resource with what others may do to it.

    `agents` use it; `taken_on_by` may take on the role; `attached` are AWS's policies, by name.
    """

    logical_id: str
    type: str
    permissions: tuple[Permission, ...]
    agents: tuple[str, ...] = ()
    taken_on_by: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()

    @property
    def wide(self) -> int:
        """How many of its permissions reach further than a name."""
        return sum(bool(permission.wide) for permission in self.permissions)


@dataclass(frozen=True, slots=True)
class Permissions:
    """All of a state: what roles may do, and what resources let others do to them, both by name."""

    roles: tuple[Holder, ...]
    resources: tuple[Holder, ...]

    def __bool__(self) -> bool:
        return bool(self.roles or self.resources)

    @property
    def parts(self) -> tuple[tuple[str, tuple[Holder, ...]], ...]:
        """Both with their titles."""
        return ("What roles may do", self.roles), ("What resources let others do", self.resources)


def permissions_of(state: State) -> Permissions:
    """Everything that policies in the state say."""
    names = _names(state)
    roles, resources = [], []
    for name, entry in sorted(state.resources.items()):
        match entry.type:
            case "AWS::IAM::Role":
                roles.append(_role(state, entry, names))
            case "AWS::IAM::ManagedPolicy":
                held = _together(grants(entry.properties.get("PolicyDocument")), names)
                roles.append(Holder(name, entry.type, held, agents=_agents(state, name)))
            case "AWS::Lambda::Permission":
                resources.append(Holder(name, entry.type, _together([_invocation(entry)], names)))
            case _ if "PolicyDocument" in entry.properties:
                held = _together(grants(entry.properties["PolicyDocument"]), names)
                resources.append(Holder(name, entry.type, held))
    return Permissions(tuple(roles), tuple(resources))


def _role(state: State, entry: StateResource, names: list[tuple[str, str]]) -> Holder:
    said = documents(entry.properties.get("Policies"))
    found = frozenset[Grant]().union(*(grants(document) for document in said.values()))
    trusted = grants(entry.properties.get("AssumeRolePolicyDocument"))
    arns = entry.properties.get("ManagedPolicyArns", ())
    return Holder(
        entry.logical_id,
        entry.type,
        _together(found, names),
        agents=_agents(state, entry.logical_id),
        taken_on_by=tuple(sorted({grant.principal for grant in trusted if grant.effect == "Allow"})),
        attached=tuple(sorted(str(arn).rpartition("/")[2] for arn in arns)),
    )


def _agents(state: State, holder: str) -> tuple[str, ...]:
    """Agents whose code depends on the role, or on the role that the policy is attached to."""
    needed = state.resources[holder].dependencies
    roles = {holder} | {need for need in needed if need in state.resources and state.resources[need].type == ROLE}
    return tuple(
        sorted(
            {
                entry.agent
                for entry in state.resources.values()
                if entry.agent and "Role" in entry.properties and roles & set(entry.dependencies)
            }
        )
    )


def _invocation(entry: StateResource) -> Grant:
    properties: Mapping[str, Any] = entry.properties
    condition = " and ".join(
        f"{name} is {properties[name]}" for name in ("SourceArn", "SourceAccount") if properties.get(name)
    )
    action = str(properties.get("Action", ""))
    function = str(properties.get("FunctionName", ""))
    return Grant("Allow", str(properties.get("Principal", "")), action.lower(), function, condition, action)


def _together(found: Iterable[Grant], names: list[tuple[str, str]]) -> tuple[Permission, ...]:
    """Grants on one resource together, then those with the same actions; what is denied last, wide ones first."""
    actions: dict[tuple[str, str, str, str], list[str]] = {}
    for grant in sorted(found):
        actions.setdefault((grant.effect, grant.principal, grant.condition, grant.resource), []).append(grant.action)
    places: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
    for (effect, principal, condition, resource), same in actions.items():
        places.setdefault((effect, principal, condition, tuple(same)), []).append(resource)
    rows = [
        Permission(
            denies=effect == "Deny",
            principal="anyone" if principal == "*" else principal,
            actions=_by_service(same),
            places=tuple(_place(resource, names) for resource in resources),
            condition=condition,
            wide="" if effect == "Deny" else _wide(same, resources),
        )
        for (effect, principal, condition, same), resources in places.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.denies, not row.wide, row.principal, row.actions)))


def _by_service(actions: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, list[str]] = {}
    for action in actions:
        service, colon, name = action.partition(":")
        found.setdefault(service if colon else "", []).append(name if colon else action)
    return tuple((service, tuple(names)) for service, names in found.items())


def _wide(actions: Iterable[str], resources: Iterable[str]) -> str:
    said = []
    for action in actions:
        service, _, name = action.partition(":")
        if action == "*" or action.startswith("all but"):
            said.append("nearly any action" if action != "*" else "any action")
        elif name == "*":
            said.append(f"any action of {service}")
    if any(resource == "*" or resource.startswith("all but") for resource in resources):
        said.append("any resource")
    return " on ".join(said) if len(said) <= 2 else ", ".join(said)


def _names(state: State) -> list[tuple[str, str]]:
    """The texts by which policies name resources (ARNs and physical ids), the longest first, with the logical ids."""
    found = {
        (text.removesuffix(":*"), name)
        for name, entry in state.resources.items()
        for text in (entry.physical_id, *entry.attributes.values())
        if isinstance(text, str) and len(text) > 5
    }
    return sorted(found, key=lambda pair: (-len(pair[0]), pair))


def _place(resource: str, names: list[tuple[str, str]]) -> Place:
    for text, name in names:
        if resource == text:
            return Place(name)
        if resource.startswith(text) and resource[len(text)] in "/:":
            return Place(name, resource[len(text) :])
    return Place(rest={"*": "any resource", "": ""}.get(resource, resource))
