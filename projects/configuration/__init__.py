"""strands.yaml: its grammar, its problems with line and suggestion, and the configuration it becomes."""

from .editing import UnknownPath, remove_value, set_value
from .json_schema import schema
from .model import (
    Agent,
    ApiGateway,
    Configuration,
    EnvironmentOverride,
    Ipam,
    Monitoring,
    ProjectSpec,
    ResourceSpec,
    Route,
    Shared,
    Trigger,
    Use,
    Vpc,
)
from .parsing import InvalidConfiguration, Parsed, UnknownEnvironment, for_environment, parse
from .problems import Problem
from .rendering import render_effective
from .resource_types import RESOURCE_TYPES, ResourceType, secret_variable_name, variable_name

__all__ = [
    "RESOURCE_TYPES",
    "Agent",
    "ApiGateway",
    "Configuration",
    "EnvironmentOverride",
    "InvalidConfiguration",
    "Ipam",
    "Monitoring",
    "Parsed",
    "Problem",
    "ProjectSpec",
    "ResourceSpec",
    "ResourceType",
    "Route",
    "Shared",
    "Trigger",
    "UnknownEnvironment",
    "UnknownPath",
    "Use",
    "Vpc",
    "for_environment",
    "parse",
    "remove_value",
    "render_effective",
    "schema",
    "secret_variable_name",
    "set_value",
    "variable_name",
]
