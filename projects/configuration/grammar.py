"""The grammar of strands.yaml: every key with its shape, default and meaning, in one description.

Checking, suggestions, defaults, building of values, rendering and the JSON Schema all follow these tables, and those
beside them: agents, their API, resource types, and the texts that several keys share.
"""

from . import formats
from .agent_grammar import AGENT
from .api_grammar import API_GATEWAY
from .model import (
    Configuration,
    EnvironmentOverride,
    Ipam,
    Monitoring,
    ProjectSpec,
    ResourceSpec,
    Shared,
    Vpc,
)
from .problems import nearest
from .resource_types import RESOURCE_TYPES
from .shapes import Free, Key, ListOf, MapOf, Partial, Record, Switch, Text, Variant, Whole
from .texts import ACCOUNT, NAME, REGION, TAGS

MAX_AGENTS = 500
MAX_RESOURCES = 1_000
MAX_ENVIRONMENTS = 20
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
CFN_TYPE = r"AWS::[A-Za-z0-9]+::[A-Za-z0-9]+"

_TYPE = Text(
    noun="a resource type",
    pattern="|".join(RESOURCE_TYPES) + "|" + CFN_TYPE,
    rule="one of " + ", ".join(RESOURCE_TYPES) + ', or CloudFormation\'s "AWS::Service::Type"',
    maximum=100,
    suggest=lambda text: nearest(text, RESOURCE_TYPES),
)

RESOURCE = Record(
    "a resource",
    (
        Key("name", NAME, "The resource's name, unique among agents and resources.", required=True),
        Key("type", _TYPE, "What it is.", required=True),
        Key(
            "properties",
            Variant("type", {name: kind.properties for name, kind in RESOURCE_TYPES.items()}, Free()),
            "Settings of the type.",
            default={},
        ),
        Key("tags", TAGS, "Tags of the resource.", default={}),
        Key("retain", Switch(), "Keep it when the environment is destroyed."),
    ),
    ResourceSpec,
)

VPC = Record(
    "a vpc",
    (
        Key("enabled", Switch(), "Put agents into private subnets of a VPC.", default=True),
        Key(
            "cidr",
            Text(
                noun="a network",
                pattern=r"[0-9.]+/[0-9]+",
                rule="like 10.0.0.0/16",
                complaint=formats.network,
                maximum=18,
            ),
            "The VPC's IPv4 network; not together with ipam.",
        ),
        Key(
            "zones",
            ListOf(
                Text(noun="a zone", pattern=r"[a-z]{2}(-[a-z]+)+-[0-9][a-z]", rule="like us-east-1a", maximum=24), 2, 2
            ),
            "The two availability zones; the region's first two, unless the account has others.",
            default=(),
        ),
        Key("nat", Switch(), "A NAT gateway, for calls to the internet (costs by the hour).", default=False),
        Key("internet_gateway", Switch(), "Public subnets, also without a NAT gateway.", default=False),
        Key("flow_logs", Switch(), "Write down who talked to whom.", default=True),
        Key(
            "endpoints",
            ListOf(
                Text(noun="a service", pattern=r"[a-z0-9]+([.-][a-z0-9]+)*", rule="like bedrock-runtime", maximum=64),
                30,
            ),
            "AWS services reached without the internet.",
            default=(),
        ),
        Key(
            "ipam",
            Record(
                "ipam",
                (
                    Key("enabled", Switch(), "Take the network from an IPAM pool.", default=True),
                    Key(
                        "pool_id",
                        Text(
                            noun="a pool", pattern=r"ipam-pool-[0-9a-f]{4,17}", rule="like ipam-pool-0abc", maximum=27
                        ),
                        "The pool to allocate from.",
                    ),
                    Key("netmask_length", Whole(16, 28), "Size of the network.", default=24),
                ),
                Ipam,
            ),
            "Let an IPAM pool allocate the network.",
        ),
    ),
    Vpc,
)

MONITORING = Record(
    "monitoring",
    (
        Key("xray", Switch(), "Trace calls with X-Ray.", default=False),
        Key("alarms", Switch(), "Alarms on errors, duration and throttles of each agent.", default=True),
        Key(
            "dashboard", Switch(), "One dashboard of agents, API, queues and alarms (costs by the month).", default=True
        ),
        Key(
            "log_retention_days",
            Whole(1, 3653, "days", options=LOG_RETENTION_DAYS),
            "How long logs are kept, in days.",
            default=30,
        ),
    ),
    Monitoring,
)

ENVIRONMENT = Record(
    "an environment",
    (
        Key("account", ACCOUNT, "The AWS account, 12 digits in quotes.", required=True),
        Key("region", REGION, "The region, when it is not the project's."),
        Key("tags", TAGS, "Further tags of everything in this environment.", default={}),
        Key("vpc", Partial(VPC), "Changes to shared.vpc."),
        Key("api_gateway", Partial(API_GATEWAY), "Changes to shared.api_gateway."),
        Key("monitoring", Partial(MONITORING), "Changes to shared.monitoring."),
        Key("agents", MapOf(NAME, Partial(AGENT, ("name",)), MAX_AGENTS), "Changes to agents, by name.", default={}),
        Key(
            "resources",
            MapOf(NAME, Partial(RESOURCE, ("name", "type")), MAX_RESOURCES),
            "Changes to resources, by name.",
            default={},
        ),
    ),
    EnvironmentOverride,
    advice={"shared": "write vpc, api_gateway or monitoring here directly"},
)

CONFIGURATION = Record(
    "strands.yaml",
    (
        Key(
            "project",
            Record(
                "a project",
                (
                    Key("name", NAME, "The project's name; part of the name of everything in AWS.", required=True),
                    Key("region", REGION, "The region, unless an environment says otherwise.", required=True),
                    Key("tags", TAGS, "Tags of everything in the project.", default={}),
                ),
                ProjectSpec,
            ),
            "Name, region and tags.",
            required=True,
        ),
        Key("agents", ListOf(AGENT, MAX_AGENTS), "The agents.", default=()),
        Key("resources", ListOf(RESOURCE, MAX_RESOURCES), "The AWS resources around them.", default=()),
        Key(
            "shared",
            Record(
                "shared",
                (
                    Key("vpc", VPC, "The network, when there is one."),
                    Key("api_gateway", API_GATEWAY, "The API that routes of all agents share.", default={}),
                    Key("monitoring", MONITORING, "Logs, alarms and traces.", default={}),
                    Key(
                        "permissions_boundary",
                        Text(
                            noun="a managed policy",
                            pattern=r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+",
                            rule="the ARN of a managed policy",
                            example="arn:aws:iam::123456789012:policy/boundary",
                        ),
                        "The managed policy no role that is made may go beyond.",
                    ),
                ),
                Shared,
            ),
            "What all agents share.",
            default={},
        ),
        Key(
            "environments",
            MapOf(
                Text(
                    noun="an environment name", pattern=NAME.pattern, rule=NAME.rule, maximum=20, suggest=NAME.suggest
                ),
                ENVIRONMENT,
                MAX_ENVIRONMENTS,
            ),
            "Where it is deployed, and what differs there.",
            default={},
        ),
    ),
    Configuration,
)
