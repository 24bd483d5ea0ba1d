"""What a synthesis is given besides the configuration, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployments.engine.resources import Resource
from projects.configuration.problems import Problem

SHARED_STACK = "shared-infrastructure"


@dataclass(frozen=True, slots=True)
class EnvironmentFacts:
    """The environment a configuration is made real in.

    `account` has 12 digits. In a `protected` environment stateful resources outlive their removal from the
    configuration. `version` and `deployed_by` only ever become tags that are no reason to touch a resource.
    """

    project: str
    environment: str
    account: str
    region: str
    protected: bool = False
    version: str = ""
    deployed_by: str = ""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A code zip: `pack()` makes the bytes whose SHA-256 is `sha256`, whenever they are needed.

    Agents with the same files share one.
    """

    sha256: str
    size_bytes: int
    pack: Callable[[], bytes] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Output:
    """Something people want to know once it is deployed.

    `attribute` is what `Fn::GetAtt` takes, or None for the physical id (`Ref`); an `address` (text of a `Fn::Sub`)
    goes before both. For a route, `method` and `path` say what to call below the address.
    """

    name: str
    logical_id: str
    attribute: str | None
    description: str
    agent: str | None = None
    method: str = ""
    path: str = ""
    address: str = ""

    @property
    def value(self) -> Mapping[str, Any]:
        """The intrinsic that resolves to the value."""
        if self.address:
            return {"Fn::Sub": self.address}
        if self.attribute is None:
            return {"Ref": self.logical_id}
        return {"Fn::GetAtt": [self.logical_id, self.attribute]}


@dataclass(frozen=True, slots=True)
class Grant:
    """An agent may do `actions` (`s3:GetObject`) to the resource of that logical id."""

    agent: str
    logical_id: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Everything an environment should consist of.

    `resources` are sorted by stack (shared first) and logical id; `artifacts` are keyed by SHA-256. With an
    error among the `problems` the rest is good for a picture, never for a plan.
    """

    resources: tuple[Resource, ...]
    artifacts: Mapping[str, Artifact]
    outputs: tuple[Output, ...]
    grants: tuple[Grant, ...]
    problems: tuple[Problem, ...]

    @property
    def is_deployable(self) -> bool:
        """No problem is an error."""
        return all(problem.severity != "error" for problem in self.problems)
