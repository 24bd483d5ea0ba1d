"""The grammar of an agent: what it is, what it may use, what starts it."""

import re

from . import formats
from .model import Agent, Egress, Trigger, Use
from .shapes import Choice, Free, Key, ListOf, MapOf, Record, Switch, Text, Whole
from .texts import NAME, ROUTE, TAGS, VARIABLE

RUNTIMES = tuple(f"python3.{minor}" for minor in range(10, 15))

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

_KEY_PART = Text(noun="a part of a key", maximum=1024)
_LAYER_ARN = r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+"

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
        Key("prefix", _KEY_PART, "Beginning of the keys of a bucket whose new objects start the agent."),
        Key("suffix", _KEY_PART, "End of the keys of a bucket whose new objects start the agent."),
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
            MapOf(VARIABLE, Text(noun="a value", minimum=0, maximum=4096, private=True), 100),
            "Environment variables in the clear; at most 4 KB together.",
            default={},
        ),
        Key("secrets", MapOf(VARIABLE, NAME, 50), "Environment name -> a resource of type secret.", default={}),
        Key("tags", TAGS, "Tags of everything that belongs to the agent.", default={}),
        Key("uses", ListOf(USE, 100), "What the agent may use: permissions.", default=()),
        Key("triggers", ListOf(TRIGGER, 20), "What starts the agent.", default=()),
        Key(
            "routes",
            ListOf(ROUTE, 50),
            "Routes on the shared API that call the agent.",
            default=(),
        ),
        Key(
            "egress",
            ListOf(
                Text(
                    noun="a destination",
                    pattern=r"(tcp|udp):[0-9]{1,5} [0-9.]+/[0-9]+",
                    rule='"protocol:port network"',
                    complaint=formats.egress,
                    example="tcp:5432 10.20.0.0/16",
                    builds=Egress.parse,
                ),
                50,
            ),
            "Networks the agent may call from the VPC, besides HTTPS.",
            default=(),
        ),
        Key("function_url", Choice(("iam", "none")), "An address of its own; who may call it: iam, or none: anybody."),
        Key(
            "alias",
            Text(noun="an alias", pattern=r"[A-Za-z][A-Za-z0-9_-]*", rule="letters, digits, _ and -", maximum=128),
            "Publish a version on every change, and let callers call it by this name.",
        ),
        Key(
            "layers",
            ListOf(
                Text(
                    noun="a layer",
                    complaint=lambda text: None if re.fullmatch(_LAYER_ARN, text) else formats.folder(text),
                    rule="a folder inside the source bundle, or the ARN of a layer's version",
                    example="./layers/common",
                ),
                5,
            ),
            "Layers of the function: folders of the source bundle, or ARNs.",
            default=(),
        ),
        Key("reserved_concurrency", Whole(0, 10_000, "calls"), "Calls at the same time, kept free and never exceeded."),
        Key("dead_letter", NAME, "The queue or topic that gets events the agent failed to handle."),
    ),
    Agent,
    advice={"memory_mb": "memory is in MB", "permissions": "write uses", "env": "write environment"},
)
