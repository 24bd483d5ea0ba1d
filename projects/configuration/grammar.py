"""The grammar of strands.yaml: every key with its shape, default and meaning, in one description.

Checking, suggestions, defaults, building of values, rendering and the JSON Schema all follow these tables.
"""

from . import formats
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
from .problems import nearest
from .resource_types import NAME, RESOURCE_TYPES
from .shapes import Choice, Free, Key, ListOf, MapOf, Partial, Record, Switch, Text, Variant, Whole

MAX_AGENTS = 500
MAX_RESOURCES = 1_000
MAX_ENVIRONMENTS = 20
MAX_TAGS = 44  # AWS allows 50 on a resource; strandsweb adds six of its own
RUNTIMES = tuple(f"python3.{minor}" for minor in range(10, 15))
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
CFN_TYPE = r"AWS::[A-Za-z0-9]+::[A-Za-z0-9]+"

_REGION = Text(
    noun="a region",
    pattern=r"[a-z]{2}(-[a-z]+)+-[0-9]",
    rule="like us-east-1",
    maximum=25,
    suggest=lambda text: nearest(text, formats.REGIONS),
)
_ACCOUNT = Text(noun="an account", pattern=r"[0-9]{12}", rule="12 digits, in quotes", maximum=12)
_TAGS = MapOf(
    Text(
        noun="a tag key",
        pattern=r"[\w .:/=+@-]+",
        rule="letters, digits, spaces and _ . : / = + - @",
        complaint=formats.tag_key,
        maximum=128,
    ),
    Text(
        noun="a tag value",
        pattern=r"[\w .:/=+@-]*",
        rule="letters, digits, spaces and _ . : / = + - @",
        minimum=0,
        maximum=256,
    ),
    MAX_TAGS,
)
_VARIABLE = Text(
    noun="an environment variable",
    pattern=r"[A-Za-z][A-Za-z0-9_]+",
    rule="letters, digits and underscores, at least two, starting with a letter",
    complaint=formats.environment_variable,
    maximum=128,
)

USE = Record(
    "a use",
    (
        Key("resource", NAME, "The resource the agent may use.", required=True),
        Key("access", Choice(("read", "write", "read-write")), "What it may do, in one word."),
        Key(
            "actions",
            ListOf(
                Text(
                    noun="an action",
                    pattern=r"[a-z0-9-]+:[A-Za-z0-9]+\*?",
                    rule="service:Action",
                    example="sqs:SendMessage",
                    maximum=128,
                ),
                50,
                minimum=1,
            ),
            "Exact IAM actions, instead of access.",
            default=(),
        ),
        Key(
            "path",
            Text(noun="a key pattern", pattern=r"[^/].*", rule="relative to the bucket", example="incoming/*"),
            "Object keys in a bucket the use is limited to, * standing for anything.",
        ),
    ),
    Use,
    advice={"permissions": "write access or actions"},
)

TRIGGER = Record(
    "a trigger",
    (
        Key("resource", NAME, "The resource whose messages or events start the agent."),
        Key(
            "schedule",
            Text(
                noun="a schedule",
                pattern=r"(rate|cron)\(.*\)",
                rule="rate(5 minutes) or cron(0 8 * * ? *)",
                complaint=formats.schedule,
            ),
            "When the agent starts by itself (UTC).",
        ),
        Key("batch_size", Whole(1, 10_000), "Most messages one call gets; AWS's default is 10 for queues."),
        Key("batching_window", Whole(0, 300, "seconds"), "How long to gather a batch."),
        Key("pattern", Free(), "The EventBridge pattern of the events that start the agent."),
    ),
    Trigger,
)

AGENT = Record(
    "an agent",
    (
        Key("name", NAME, "The agent's name, unique among agents and resources.", required=True),
        Key(
            "path",
            Text(noun="a folder", complaint=formats.folder, rule="inside the source bundle", example="./apps/my-agent"),
            "The agent's folder inside the source bundle.",
            required=True,
        ),
        Key("target", Choice(("lambda", "ecs", "agentcore")), "Where the agent runs.", default="lambda"),
        Key("runtime", Choice(RUNTIMES), "The Lambda runtime.", default="python3.11"),
        Key(
            "handler",
            Text(
                noun="a handler",
                pattern=r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+",
                rule="module.function",
                example="main.handler",
                maximum=128,
            ),
            "The function that is called, as module.function.",
            default="main.handler",
        ),
        Key("memory", Whole(128, 10_240, "MB"), "Memory in MB.", default=512),
        Key("timeout", Whole(1, 900, "seconds"), "The longest one call may take, in seconds.", default=30),
        Key("isolated", Switch(), "Give the agent an execution role of its own.", default=False),
        Key(
            "environment",
            MapOf(_VARIABLE, Text(noun="a value", minimum=0, maximum=4096, private=True), 100),
            "Environment variables in the clear; at most 4 KB together.",
            default={},
        ),
        Key("secrets", MapOf(_VARIABLE, NAME, 50), "Environment name -> a resource of type secret.", default={}),
        Key("tags", _TAGS, "Tags of everything that belongs to the agent.", default={}),
        Key("uses", ListOf(USE, 100), "What the agent may use: permissions.", default=()),
        Key("triggers", ListOf(TRIGGER, 20), "What starts the agent.", default=()),
        Key(
            "routes",
            ListOf(
                Text(
                    noun="a route",
                    pattern=r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|ANY) /.*",
                    rule='"METHOD /path"',
                    complaint=formats.route,
                    example="POST /support",
                    builds=Route.parse,
                ),
                50,
            ),
            "Routes on the shared API that call the agent.",
            default=(),
        ),
    ),
    Agent,
    advice={"memory_mb": "memory is in MB", "permissions": "write uses", "env": "write environment"},
)

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
        Key("tags", _TAGS, "Tags of the resource.", default={}),
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
        Key("nat", Switch(), "A NAT gateway, for calls to the internet (costs by the hour).", default=False),
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

API_GATEWAY = Record(
    "an API",
    (
        Key("type", Choice(("http", "rest")), "The kind of API that agents share.", default="http"),
        Key("cors", Switch(), "Let browsers of other origins call it.", default=False),
    ),
    ApiGateway,
)

MONITORING = Record(
    "monitoring",
    (
        Key("xray", Switch(), "Trace calls with X-Ray.", default=False),
        Key("alarms", Switch(), "Alarms on errors, duration and throttles of each agent.", default=True),
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
        Key("account", _ACCOUNT, "The AWS account, 12 digits in quotes.", required=True),
        Key("region", _REGION, "The region, when it is not the project's."),
        Key("tags", _TAGS, "Further tags of everything in this environment.", default={}),
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
                    Key("region", _REGION, "The region, unless an environment says otherwise.", required=True),
                    Key("tags", _TAGS, "Tags of everything in the project.", default={}),
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
