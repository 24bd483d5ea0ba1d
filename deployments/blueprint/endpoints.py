"""VPC endpoints: AWS services the agents reach without the internet, one set for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal
from deployments.blueprint.security_groups import GATEWAY_SERVICES, HTTPS
from projects.configuration.model import Agent, Configuration
from projects.configuration.resource_types import RESOURCE_TYPES

_GROUP = "EndpointsSecurityGroup"


def add_endpoints(
    draft: Draft,
    configuration: Configuration,
    agents: Sequence[tuple[str, Agent]],
    *,
    vpc_id: str,
    subnets: Iterable[str],
    route_table: str,
    callers: Iterable[str],
) -> None:
    """Adds the endpoints; `callers` are the security groups that may call them. Warns of services out of reach."""
    vpc = configuration.shared.vpc
    assert vpc is not None, "only a network has endpoints"
    by_interface = sorted(set(vpc.endpoints) - GATEWAY_SERVICES)
    if by_interface:
        _add_group(draft, vpc_id, sorted(set(callers)))
    for service in sorted(vpc.endpoints):
        way: dict[str, Any] = {"VpcEndpointType": "Gateway", "RouteTableIds": [{"Ref": route_table}]}
        if service in by_interface:
            way = {
                "VpcEndpointType": "Interface",
                "PrivateDnsEnabled": True,
                "SubnetIds": [{"Ref": subnet} for subnet in subnets],
                "SecurityGroupIds": [{"Fn::GetAtt": [_GROUP, "GroupId"]}],
            }
        draft.add_network_part(
            pascal(service, "endpoint"),
            "AWS::EC2::VPCEndpoint",
            {"VpcId": {"Ref": vpc_id}, "ServiceName": f"com.amazonaws.{draft.facts.region}.{service}", **way},
            f"endpoint-{service}",
            line=vpc.line,
            path="shared.vpc.endpoints",
        )
    if not vpc.nat:
        for path, agent in agents:
            missing = ", ".join(sorted(_services(configuration, agent) - set(vpc.endpoints)))
            if missing:
                message = f"{agent.name} cannot reach {missing} from a VPC without NAT gateway or endpoint"
                advice = f"add {missing} to shared.vpc.endpoints"
                draft.problem(agent.line, path, message, advice, severity="warning")


def _add_group(draft: Draft, vpc_id: str, callers: Sequence[str]) -> None:
    draft.add_network_part(
        _GROUP,
        "AWS::EC2::SecurityGroup",
        {
            "GroupName": draft.names.network("endpoints"),
            "GroupDescription": f"Endpoints that the agents of {draft.facts.project} call",
            "VpcId": {"Ref": vpc_id},
            "SecurityGroupIngress": [
                {**HTTPS, "SourceSecurityGroupId": {"Fn::GetAtt": [caller, "GroupId"]}} for caller in callers
            ],
            # Answers need no rule, and endpoints call nobody.
            "SecurityGroupEgress": [],
        },
        "endpoints",
    )


def _services(configuration: Configuration, agent: Agent) -> set[str]:
    """The services an agent calls, as endpoints name them."""
    types = {spec.name: spec.type for spec in configuration.resources}
    used = {types.get(use.resource, "") for use in agent.uses} | ({"secret"} if agent.secrets else set())
    services = {RESOURCE_TYPES[name].service for name in used if name in RESOURCE_TYPES}
    return services | (
        {"bedrock-runtime"} if agent.environment.get("MODEL_PROVIDER", "").lower() == "bedrock" else set()
    )
