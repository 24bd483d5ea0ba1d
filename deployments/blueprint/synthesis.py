"""From a configuration to the resources it asks for."""

from __future__ import annotations

from deployments.blueprint.agents import ARTIFACTS_BUCKET, add_function, add_layers
from deployments.blueprint.alarms import add_alarms
from deployments.blueprint.api import begin_api
from deployments.blueprint.callee import add_callee
from deployments.blueprint.dashboard import add_dashboard
from deployments.blueprint.draft import Draft
from deployments.blueprint.named import BUCKET_DEFAULTS, add_named, alarm_topic
from deployments.blueprint.network import add_network
from deployments.blueprint.notifications import break_circles
from deployments.blueprint.packaging import NOT_PACKAGED, pack_agents, pack_layers
from deployments.blueprint.resource_policies import add_resource_policies
from deployments.blueprint.roles import add_roles
from deployments.blueprint.rotation import add_rotation
from deployments.blueprint.tracing import add_trace_groups
from deployments.blueprint.triggers import add_triggers
from deployments.blueprint.values import SHARED_STACK, Blueprint, EnvironmentFacts
from projects.bundles import Bundle
from projects.configuration.model import Agent, Configuration


def synthesise(*, configuration: Configuration, facts: EnvironmentFacts, bundle: Bundle | None) -> Blueprint:
    """The blueprint of one environment.

    `configuration` has the environment's overrides applied already. Pure and deterministic: the same input gives
    the same bytes, in whatever order its mappings and lists are. Never raises for what people wrote or uploaded;
    that becomes problems, all at once.
    """
    draft = Draft(facts, configuration.project.tags, configuration.shared.permissions_boundary)
    agents = _deployable_agents(draft, configuration)
    # What nobody wrote down comes first, so that a clash of names is found where somebody can change one.
    if agents:
        properties = {"BucketName": draft.names.bucket("artifacts"), **BUCKET_DEFAULTS}
        draft.add(ARTIFACTS_BUCKET, "AWS::S3::Bucket", properties)
    topic = alarm_topic(draft, configuration) if agents and configuration.shared.monitoring.alarms else None
    api = begin_api(draft, configuration, [agent for _, agent in agents])
    named = add_named(draft, configuration)
    artifacts = pack_agents(draft, agents, bundle)
    packed_layers = pack_layers(draft, agents, bundle)
    layers = add_layers(draft, agents, packed_layers)
    roles = add_roles(draft, configuration, agents, named)
    network = add_network(draft, configuration, agents)
    for path, agent in agents:
        artifact = artifacts.get(agent.name)
        function = add_function(
            draft,
            configuration,
            agent,
            path,
            role=roles[agent.name],
            sha256=artifact.sha256 if artifact else NOT_PACKAGED,
            named=named,
            network=network,
            layers=layers,
        )
        callee = add_callee(draft, agent, path, function=function)
        add_triggers(draft, agent, path, callee=callee, named=named)
        add_rotation(draft, configuration, agent, path, callee=callee, named=named)
        if api:
            api.add_agent(agent, path, callee=callee)
        if topic:
            add_alarms(draft, agent, path, function=function, topic=topic)
    if api:
        api.finish([agent for _, agent in agents])
    if configuration.shared.monitoring.xray:
        add_trace_groups(draft, agents)
    add_resource_policies(draft)
    if configuration.shared.monitoring.dashboard:
        add_dashboard(draft, agents)
    break_circles(draft)
    return Blueprint(
        resources=tuple(
            sorted(
                draft.resources.values(),
                key=lambda resource: (resource.stack != SHARED_STACK, resource.stack, resource.logical_id),
            )
        ),
        artifacts={artifact.sha256: artifact for artifact in (*artifacts.values(), *packed_layers.values())},
        outputs=tuple(sorted(draft.outputs, key=lambda output: (output.agent or "", output.name))),
        grants=tuple(sorted(draft.grants, key=lambda grant: (grant.agent, grant.logical_id))),
        problems=tuple(sorted(draft.problems)),
    )


def _deployable_agents(draft: Draft, configuration: Configuration) -> list[tuple[str, Agent]]:
    """Agents with their path in the configuration; each other target is a problem."""
    agents = []
    for index, agent in enumerate(configuration.agents):
        path = f"agents[{index}]"
        if agent.target == "lambda":
            agents.append((path, agent))
        else:
            draft.not_yet(agent.line, f"{path}.target", f"target {agent.target}", "target: lambda")
    return agents
