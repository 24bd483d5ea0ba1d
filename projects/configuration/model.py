"""A checked configuration as values: field names are the keys of strands.yaml, `line` is where a named thing stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .nodes import MappingNode

Target = Literal["lambda", "ecs", "agentcore"]
Access = Literal["read", "write", "read-write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSpec:
    name: str
    region: str
    tags: Mapping[str, str]
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A permission edge: exactly one of `access` and `actions` is given; `path` narrows a bucket to a key pattern."""

    resource: str
    access: Access | None
    actions: tuple[str, ...]
    path: str | None
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What starts an agent: exactly one of `resource` and `schedule`; `batching_window` is in seconds."""

    resource: str | None
    schedule: str | None
    batch_size: int | None
    batching_window: int | None
    pattern: Mapping[str, Any] | None
    prefix: str | None
    suffix: str | None
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Route:
    """One route on the shared API; `str(route)` is AWS's route key."""

    method: str
    path: str

    @classmethod
    def parse(cls, text: str) -> "Route":
        """From `METHOD /path`, which the grammar has checked."""
        method, _, path = text.partition(" ")
        return cls(method, path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, order=True)
class Egress:
    """A network an agent in the VPC may call, besides HTTPS; `str(egress)` is how it is written."""

    protocol: str
    port: int
    network: str

    @classmethod
    def parse(cls, text: str) -> "Egress":
        """From `tcp:5432 10.20.0.0/16`, which the grammar has checked."""
        where, _, network = text.partition(" ")
        protocol, _, port = where.partition(":")
        return cls(protocol, int(port), network)

    def __str__(self) -> str:
        return f"{self.protocol}:{self.port} {self.network}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An agent; `memory` in MB, `timeout` in seconds, `secrets` maps environment names to resources of type secret."""

    name: str
    path: str
    target: Target
    runtime: str
    handler: str
    memory: int
    timeout: int
    isolated: bool
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    tags: Mapping[str, str]
    uses: tuple[Use, ...]
    triggers: tuple[Trigger, ...]
    routes: tuple[Route, ...]
    egress: tuple[Egress, ...]
    function_url: Literal["iam", "none"] | None
    alias: str | None
    layers: tuple[str, ...]
    reserved_concurrency: int | None
    dead_letter: str | None
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSpec:
    """A resource; `properties` are complete with defaults for short types and CloudFormation's own for `AWS::...`."""

    name: str
    type: str
    properties: Mapping[str, Any]
    tags: Mapping[str, str]
    retain: bool | None
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ipam:
    enabled: bool
    pool_id: str | None
    netmask_length: int
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """The network; `cidr` is None when IPAM allocates it or the default is to be used, `zones` empty for any two."""

    enabled: bool
    cidr: str | None
    zones: tuple[str, ...]
    nat: bool
    internet_gateway: bool
    flow_logs: bool
    endpoints: tuple[str, ...]
    ipam: Ipam | None
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttling:
    """Calls an API takes: `rate` a second in the long run, `burst` at the same moment."""

    rate: int
    burst: int
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizer:
    """The agent that decides which calls of an API may pass; `open_routes` pass unasked."""

    agent: str
    kind: Literal["request", "token"]
    header: str
    cache_seconds: int
    open_routes: tuple[Route, ...]
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiGateway:
    type: Literal["http", "rest"]
    cors: bool
    access_logs: bool
    throttling: Throttling | None
    authorizer: Authorizer | None
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    xray: bool
    alarms: bool
    dashboard: bool
    log_retention_days: int
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    vpc: Vpc | None
    api_gateway: ApiGateway
    monitoring: Monitoring
    permissions_boundary: str | None
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentOverride:
    """Where an environment lives and what it changes; overrides hold only the keys that were written."""

    account: str
    region: str | None
    tags: Mapping[str, str]
    vpc: Mapping[str, Any] | None
    api_gateway: Mapping[str, Any] | None
    monitoring: Mapping[str, Any] | None
    agents: Mapping[str, Mapping[str, Any]]
    resources: Mapping[str, Mapping[str, Any]]
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All of a strands.yaml; `environment` names the environment whose overrides are applied, or is None."""

    project: ProjectSpec
    agents: tuple[Agent, ...]
    resources: tuple[ResourceSpec, ...]
    shared: Shared
    environments: Mapping[str, EnvironmentOverride]
    environment: str | None = None
    source: MappingNode = field(default=MappingNode(()), compare=False, repr=False)
    line: int = field(default=1, compare=False)

    def agent(self, name: str) -> Agent:
        """The agent of that name; KeyError when there is none."""
        return {agent.name: agent for agent in self.agents}[name]

    def resource(self, name: str) -> ResourceSpec:
        """The resource of that name; KeyError when there is none."""
        return {resource.name: resource for resource in self.resources}[name]
