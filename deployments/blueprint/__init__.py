"""The blueprint: configuration + environment + source bundle -> desired resources.

The only place that knows both strands.yaml and CloudFormation. Pure: no clock, no network, no database.

    values      what goes in (EnvironmentFacts) and what comes out (Blueprint)
    draft       where one synthesis collects resources and problems; gives every resource its tags
    identifiers logical ids from the configuration's names
    named       the configuration's own resources: buckets, tables, queues, topics, buses, secrets
    generic     any other CloudFormation type, checked with its schema
    permissions what is allowed on what, as the smallest IAM statements that say it
    roles       the shared execution role, and those of isolated agents
    network     the VPC: subnets in two zones, ways out, flow log
    security_groups, endpoints  who may talk to whom in it, and the AWS services it reaches by itself
    packaging   the code zips of the agents
    agents      log group and function of an agent
    callee      what callers of an agent call: its function, or the alias of a version; its own address
    triggers    queues, topics, buses, streams, buckets and schedules that start agents
    notifications  buckets that start agents, and the circle that has to be broken for them
    alarms      errors, throttles and slow calls
    tracing     the X-Ray group of the agents' traces
    dashboard   one page of graphs for the environment
    rotation    secrets that an agent gives a new value every so many days
    resource_policies  what buckets, queues and topics say themselves: TLS only, and which services may send
    api         the API that agents share, of either kind
    http_api, rest_api, api_parts  each kind, the agents' routes on it, and what both have in common
    synthesis   all of the above in order
    edges       how the resources hang together, for pictures
    template    the resources as one CloudFormation template
"""

from deployments.blueprint.edges import Edge, EdgeKind, edges
from deployments.blueprint.synthesis import synthesise
from deployments.blueprint.template import as_template
from deployments.blueprint.values import Artifact, Blueprint, EnvironmentFacts, Grant, Output

__all__ = [
    "Artifact",
    "Blueprint",
    "Edge",
    "EdgeKind",
    "EnvironmentFacts",
    "Grant",
    "Output",
    "as_template",
    "edges",
    "synthesise",
]
