"""Where one synthesis collects: resources with their tags, outputs, grants, and everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from deployments.aws.naming import Names
from deployments.blueprint.values import SHARED_STACK, EnvironmentFacts, Grant, Output
from deployments.engine.resources import Resource
from projects.configuration.problems import Problem, Severity

MANAGED_BY = "strandsweb"

UNTAGGED = frozenset(
    {
        "AWS::ApiGateway::Account",
        "AWS::ApiGateway::Authorizer",
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::Method",
        "AWS::ApiGateway::Resource",
        "AWS::ApiGatewayV2::Authorizer",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::EC2::Route",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::Lambda::Alias",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Url",
        "AWS::Lambda::Version",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::SecretsManager::RotationSchedule",
    }
)
"""Parts of a tagged whole: most cannot carry tags, none needs them to be found or paid for."""

_FORBIDDEN_IN_TAGS = re.compile(r"[^\w \t+\-=.:/@]")
_TAG_VALUE_LIMIT = 256


class Draft:
    """A blueprint in the making. Order of additions does not matter: everything is sorted in the end."""

    def __init__(
        self, facts: EnvironmentFacts, project_tags: Mapping[str, str], permissions_boundary: str | None = None
    ) -> None:
        self.facts = facts
        self._boundary = permissions_boundary
        self.names = Names(facts.project, facts.environment, facts.account, facts.region)
        self.resources: dict[str, Resource] = {}
        self.outputs: list[Output] = []
        self.grants: list[Grant] = []
        self.problems: list[Problem] = []
        self._project_tags = project_tags
        self._volatile_tags = {
            key: tag_value(value)
            for key, value in (("strands:version", facts.version), ("strands:deployed-by", facts.deployed_by))
            if value
        }

    def add(
        self,
        logical_id: str,
        kind: str,
        properties: Mapping[str, Any],
        *,
        agent: str | None = None,
        tags: Mapping[str, str] | None = None,
        depends_on: tuple[str, ...] = (),
        retain: bool = False,
        line: int = 1,
        path: str = "",
    ) -> str:
        """Adds a resource to its agent's stack, or to the shared one, and returns its logical id.

        `tags` are the agent's or resource's own; they win over the project's. `line` and `path` say where in
        the configuration it comes from, for the problem of two things claiming one logical id.
        """
        stack = agent or SHARED_STACK
        if logical_id in self.resources:
            self.problem(
                line,
                path,
                f"this would be called {logical_id}, as something in {self.resources[logical_id].stack} already is",
                "make the two differ by more than punctuation",
            )
            return logical_id
        if kind == "AWS::IAM::Role" and self._boundary:
            properties = {**properties, "PermissionsBoundary": self._boundary}
        self.resources[logical_id] = Resource(
            stack=stack,
            logical_id=logical_id,
            type=kind,
            properties=properties,
            depends_on=tuple(sorted(depends_on)),
            tags={} if kind in UNTAGGED else self._tags(stack, tags or {}),
            volatile_tags={} if kind in UNTAGGED else self._volatile_tags,
            retain=retain,
            agent=agent,
        )
        return logical_id

    def add_network_part(
        self,
        logical_id: str,
        kind: str,
        properties: Mapping[str, Any],
        name: str,
        *,
        depends_on: tuple[str, ...] = (),
        line: int = 1,
        path: str = "shared.vpc",
    ) -> str:
        """Adds one of EC2's resources, found again by its tag `Name` because EC2 makes the ids up.

        `name` must be the only one of its kind.
        """
        label = {"Name": self.names.network(name)}
        return self.add(logical_id, kind, properties, tags=label, depends_on=depends_on, line=line, path=path)

    def problem(
        self, line: int, path: str, message: str, suggestion: str = "", *, severity: Severity = "error"
    ) -> None:
        """Notes what is wrong at a place of the configuration."""
        self.problems.append(Problem(line, 1, path, message, suggestion, severity))

    def not_yet(self, line: int, path: str, what: str, instead: str) -> None:
        """Notes that `what` is understood but comes with a later version, and what can be had today."""
        self.problem(line, path, f"{what} cannot be deployed yet; it comes with a later version", instead)

    def _tags(self, stack: str, own: Mapping[str, str]) -> dict[str, str]:
        tags = {
            **self._project_tags,
            **own,
            "strands:project": self.facts.project,
            "strands:environment": self.facts.environment,
            "strands:agent": stack,
            "strands:managed-by": MANAGED_BY,
        }
        return dict(sorted(tags.items()))


def tag_value(text: str) -> str:
    """The text with what AWS does not allow in a tag's value replaced by `-`, at most 256 characters."""
    return _FORBIDDEN_IN_TAGS.sub("-", text)[:_TAG_VALUE_LIMIT]
