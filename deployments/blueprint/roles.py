"""Execution roles: one shared by the agents with the union of what they may do, its own for each isolated agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal
from deployments.blueprint.permissions import (
    CONSUME_QUEUE,
    MANAGED_POLICIES_AT_MOST,
    POLICY_LIMIT,
    READ_SECRET,
    ROTATE_SECRET,
    Permission,
    actions_for,
    document,
    on_resource,
    parts,
    size_estimate,
    to_invoke_model,
    to_live_in_vpc,
    to_make_password,
    to_read_stream,
    to_trace,
    to_write_logs,
)
from deployments.blueprint.rotation import secrets_of
from deployments.blueprint.values import Grant
from projects.configuration.model import Agent, Configuration

SHARED_ROLE = "SharedExecutionRole"


def trust(service: str) -> dict[str, Any]:
    """The policy by which a service may take a role on."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def add_roles(
    draft: Draft, configuration: Configuration, agents: Sequence[tuple[str, Agent]], named: Mapping[str, str]
) -> dict[str, str]:
    """Adds the roles of `agents` (path in the configuration, agent); returns their logical ids by agent name."""
    vpc = configuration.shared.vpc
    always = [to_trace()] if configuration.shared.monitoring.xray else []
    always += [to_live_in_vpc()] if vpc is not None and vpc.enabled else []
    allowed = {agent.name: [*always, *_permissions(draft, configuration, agent, path, named)] for path, agent in agents}
    sharing = [(path, agent) for path, agent in agents if not agent.isolated]
    if sharing:
        union = [permission for _, agent in sharing for permission in allowed[agent.name]]
        _add_role(draft, SHARED_ROLE, "shared", sharing, union)
    roles = {agent.name: SHARED_ROLE for _, agent in sharing}
    for path, agent in agents:
        if agent.isolated:
            roles[agent.name] = pascal(agent.name, "execution role")
            _add_role(draft, roles[agent.name], agent.name, [(path, agent)], allowed[agent.name], agent)
    return roles


def _add_role(
    draft: Draft,
    logical_id: str,
    name: str,
    agents: Sequence[tuple[str, Agent]],
    permissions: Iterable[Permission],
    owner: Agent | None = None,
) -> None:
    who = owner.name if owner else "the agents"
    groups = sorted(draft.names.log_group(agent.name) for _, agent in agents)
    permissions = list(permissions)
    policy = document([*permissions, *(to_write_logs(group) for group in groups)])
    shared_beginning = draft.names.log_group("")
    if size_estimate(policy) > POLICY_LIMIT and all(group.startswith(shared_beginning) for group in groups):
        # Hundreds of log groups do not fit into a role one by one: then all that begin as this environment's do.
        policy = document([*permissions, to_write_logs(f"{shared_beginning}*")])
    path, first = agents[0]
    properties: dict[str, Any] = {
        "RoleName": draft.names.role(name),
        "Description": f"What {who} of {draft.facts.project} may do in {draft.facts.environment}",
        "AssumeRolePolicyDocument": trust("lambda.amazonaws.com"),
    }
    if size_estimate(policy) <= POLICY_LIMIT:
        properties["Policies"] = [{"PolicyName": "permissions", "PolicyDocument": policy}]
    else:
        properties["ManagedPolicyArns"] = _managed_policies(draft, logical_id, name, policy, path, owner, first)
    draft.add(
        logical_id,
        "AWS::IAM::Role",
        properties,
        agent=owner.name if owner else None,
        tags=owner.tags if owner else None,
        line=first.line,
        path=path,
    )


def _managed_policies(
    draft: Draft, role: str, name: str, policy: Mapping[str, Any], path: str, owner: Agent | None, first: Agent
) -> list[dict[str, Any]]:
    """Adds what is too long to be inline as managed policies; answers references to their ARNs."""
    documents = parts(policy)
    if len(documents) > MANAGED_POLICIES_AT_MOST:
        draft.problem(
            first.line,
            path,
            f"the role {role} would need about {size_estimate(policy):,} characters of policy, in {len(documents)} "
            f"managed policies; a role takes {MANAGED_POLICIES_AT_MOST}",
            "let agents share resources" if owner else "give some agents a role of their own: isolated: true",
        )
    return [
        {
            "Ref": draft.add(
                f"{role}Policy{number}",
                "AWS::IAM::ManagedPolicy",
                {
                    "ManagedPolicyName": draft.names.policy(f"{name}-{number}"),
                    "Description": f"Part {number} of what {role} of {draft.facts.project} may do",
                    "PolicyDocument": document,
                },
                agent=owner.name if owner else None,
                tags=owner.tags if owner else None,
                line=first.line,
                path=path,
            )
        }
        for number, document in enumerate(documents, 1)
    ]


def _permissions(
    draft: Draft, configuration: Configuration, agent: Agent, path: str, named: Mapping[str, str]
) -> list[Permission]:
    """What the agent itself may do; notes the grants on named resources."""
    permissions: list[Permission] = []
    granted: dict[str, set[str]] = {}

    def grant(name: str, actions: Iterable[str], pattern: str = "") -> None:
        logical_id = named.get(name)
        if logical_id:  # otherwise its own problem says why it is not there
            actions = tuple(actions)
            granted.setdefault(logical_id, set()).update(actions)
            permissions.extend(on_resource(draft.resources[logical_id], actions, pattern))

    for use in agent.uses:
        if use.resource in named:
            kind = draft.resources[named[use.resource]].type
            grant(use.resource, actions_for(kind, use.access) if use.access else use.actions, use.path or "")
    for trigger in agent.triggers:
        source = trigger.resource or ""
        kind = draft.resources[named[source]].type if source in named else ""
        if kind == "AWS::SQS::Queue":
            grant(source, CONSUME_QUEUE)
        elif kind == "AWS::DynamoDB::Table":
            permissions.append(to_read_stream(named[source]))
    if agent.dead_letter in named:
        target = draft.resources[named[agent.dead_letter or ""]].type
        grant(agent.dead_letter or "", ("sqs:SendMessage",) if target == "AWS::SQS::Queue" else ("sns:Publish",))
    for secret in agent.secrets.values():
        grant(secret, READ_SECRET)
    rotated = secrets_of(configuration, agent)
    for secret, _ in rotated:
        grant(secret, ROTATE_SECRET)
    permissions += [to_make_password()] if rotated else []
    permissions += _model(draft, agent, path)
    draft.grants += [Grant(agent.name, logical_id, tuple(sorted(done))) for logical_id, done in granted.items()]
    return permissions


def _model(draft: Draft, agent: Agent, path: str) -> list[Permission]:
    """`MODEL_PROVIDER: bedrock` with `MODEL_ID` lets the agent invoke that model, and no other.

    These two variables are how an agent's code is told which model to use; any other provider is reached with a
    key of its own, which IAM has no part in.
    """
    if agent.environment.get("MODEL_PROVIDER", "").lower() != "bedrock":
        return []
    model = agent.environment.get("MODEL_ID", "")
    if not model:
        draft.problem(
            agent.line,
            f"{path}.environment",
            f"{agent.name} uses Bedrock without saying which model, so its role cannot allow just that one",
            "add MODEL_ID beside MODEL_PROVIDER",
        )
        return []
    return to_invoke_model(model)
