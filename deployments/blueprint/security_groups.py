"""Security groups: agents with the same requirements share one, which allows what they call and nobody to call them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deployments.blueprint.draft import Draft
from deployments.blueprint.identifiers import pascal
from projects.configuration.model import Agent, Egress, Vpc

GATEWAY_SERVICES = frozenset({"dynamodb", "s3"})
"""Services a VPC reaches through its route tables, at their public addresses, without cost."""

HTTPS: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


def add_agent_groups(draft: Draft, vpc: Vpc, agents: Sequence[tuple[str, Agent]], *, vpc_id: str) -> dict[str, str]:
    """Adds one group for each set of requirements; answers its logical id by agent."""
    outside = vpc.nat or GATEWAY_SERVICES & set(vpc.endpoints)
    reach = "0.0.0.0/0" if outside else {"Fn::GetAtt": [vpc_id, "CidrBlock"]}
    groups: dict[frozenset[Egress], str] = {}
    for path, agent in agents:
        wanted = frozenset(agent.egress)
        if wanted in groups:
            continue
        name = " ".join(["agents", *(str(egress) for egress in sorted(wanted))])
        groups[wanted] = draft.add_network_part(
            pascal(name, "security group"),
            "AWS::EC2::SecurityGroup",
            {
                "GroupName": draft.names.network(name),
                "GroupDescription": f"What agents of {draft.facts.project} in {draft.facts.environment} call",
                "VpcId": {"Ref": vpc_id},
                "SecurityGroupIngress": [],
                "SecurityGroupEgress": [{**HTTPS, "CidrIp": reach}, *(_rule(egress) for egress in sorted(wanted))],
            },
            name,
            line=agent.line,
            path=f"{path}.egress",
        )
    return {agent.name: groups[frozenset(agent.egress)] for _, agent in agents}


def _rule(egress: Egress) -> dict[str, Any]:
    return {
        "IpProtocol": egress.protocol,
        "FromPort": egress.port,
        "ToPort": egress.port,
        "CidrIp": egress.network,
    }
