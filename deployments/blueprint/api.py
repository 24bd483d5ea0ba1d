"""The API that agents share, of either kind: begun before the agents are added, then theirs, then deployed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deployments.blueprint.callee import Callee
from deployments.blueprint.draft import Draft
from deployments.blueprint.http_api import add_http_api, add_http_authorizer, add_http_routes
from deployments.blueprint.rest_api import add_rest_api, add_rest_authorizer, add_rest_routes, deploy_rest_api
from projects.configuration.model import Agent, Configuration


@dataclass(frozen=True, slots=True)
class SharedApi:
    """An API that has been begun."""

    draft: Draft
    configuration: Configuration

    def add_agent(self, agent: Agent, path: str, *, callee: Callee) -> None:
        """Adds the agent's routes, and has it asked about all calls when it is the one to be asked."""
        api = self.configuration.shared.api_gateway
        is_rest = api.type == "rest"
        if api.authorizer and api.authorizer.agent == agent.name:
            add_authorizer = add_rest_authorizer if is_rest else add_http_authorizer
            add_authorizer(self.draft, api.authorizer, agent, path, callee=callee)
        if agent.routes:
            add_routes = add_rest_routes if is_rest else add_http_routes
            add_routes(self.draft, api, agent, path, callee=callee)

    def finish(self, agents: Sequence[Agent]) -> None:
        """Deploys what is there, where an API does not do so by itself."""
        if self.configuration.shared.api_gateway.type == "rest":
            deploy_rest_api(self.draft, self.configuration, [route for agent in agents for route in agent.routes])


def begin_api(draft: Draft, configuration: Configuration, agents: Sequence[Agent]) -> SharedApi | None:
    """The API, if any agent has a route on it."""
    if not any(agent.routes for agent in agents):
        return None
    add = add_rest_api if configuration.shared.api_gateway.type == "rest" else add_http_api
    add(draft, configuration)
    return SharedApi(draft, configuration)
