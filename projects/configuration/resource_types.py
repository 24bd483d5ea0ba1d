"""What strands.yaml knows about each short resource type: properties, access words, triggers, variables."""

from dataclasses import dataclass

from .shapes import Choice, Key, Record, Switch, Text, Whole
from .texts import NAME

_ATTRIBUTE = Text(noun="an attribute name", pattern=r"[A-Za-z0-9_.-]+", rule="letters, digits, _ . -", maximum=255)
_ATTRIBUTE_TYPE = Choice(("S", "N", "B"))
_DESCRIPTION = Text(noun="a description", maximum=512)


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A short type: `service` is its IAM prefix, `variable` the suffix of what its agents get in their environment."""

    name: str
    service: str
    variable: str
    properties: Record
    access: tuple[str, ...] = ("read", "write", "read-write")
    can_trigger: bool = True


RESOURCE_TYPES = {
    kind.name: kind
    for kind in (
        ResourceType(
            "s3",
            "s3",
            "BUCKET",
            Record(
                "an s3 bucket",
                (
                    Key("versioning", Switch(), "Keep older versions of objects.", default=True),
                    Key("expire_after_days", Whole(1, 36_500, "days"), "Delete objects after this many days."),
                ),
                advice={"public": "buckets are never public", "encryption": "encryption is always on"},
            ),
        ),
        ResourceType(
            "dynamodb",
            "dynamodb",
            "TABLE",
            Record(
                "a dynamodb table",
                (
                    Key("partition_key", _ATTRIBUTE, "The attribute items are found by.", required=True),
                    Key("partition_key_type", _ATTRIBUTE_TYPE, "S text, N number, B bytes.", default="S"),
                    Key("sort_key", _ATTRIBUTE, "The attribute that orders items of one partition."),
                    Key("sort_key_type", _ATTRIBUTE_TYPE, "S text, N number, B bytes.", default="S"),
                    Key("time_to_live", _ATTRIBUTE, "The attribute that holds an item's expiry (epoch seconds)."),
                    Key("point_in_time_recovery", Switch(), "Continuous backups of 35 days.", default=True),
                    Key(
                        "stream",
                        Choice(("keys-only", "new-image", "old-image", "new-and-old-images")),
                        "What a change record holds; needed when the table triggers an agent.",
                    ),
                ),
            ),
        ),
        ResourceType(
            "sqs",
            "sqs",
            "QUEUE_URL",
            Record(
                "an sqs queue",
                (
                    Key(
                        "visibility_timeout",
                        Whole(0, 43_200, "seconds"),
                        "How long a received message stays hidden; at least the timeout of an agent it triggers.",
                        default=30,
                    ),
                    Key("retention", Whole(60, 1_209_600, "seconds"), "How long messages are kept.", default=345_600),
                    Key("delay", Whole(0, 900, "seconds"), "How long a new message waits.", default=0),
                    Key("fifo", Switch(), "First in, first out, each message once.", default=False),
                    Key("dead_letter_queue", NAME, "The queue that takes messages nobody could process."),
                    Key("max_receives", Whole(1, 1_000), "Tries before a message goes to the dead letter queue."),
                ),
            ),
        ),
        ResourceType(
            "sns",
            "sns",
            "TOPIC_ARN",
            Record(
                "an sns topic",
                (
                    Key("display_name", Text(noun="a display name", maximum=100), "The sender that people see."),
                    Key("fifo", Switch(), "First in, first out.", default=False),
                ),
            ),
            access=("write",),
        ),
        ResourceType(
            "eventbridge",
            "events",
            "NAME",
            Record("an event bus", (Key("description", _DESCRIPTION, "What the bus is for."),)),
            access=("write",),
        ),
        ResourceType(
            "secret",
            "secretsmanager",
            "SECRET_ARN",
            Record(
                "a secret",
                (
                    Key("description", _DESCRIPTION, "What the secret is for."),
                    Key(
                        "rotation",
                        Record(
                            "rotation",
                            (
                                Key("agent", NAME, "The agent that gives it a new value.", required=True),
                                Key("days", Whole(1, 1_000, "days"), "Every how many days.", default=30),
                            ),
                        ),
                        "Have an agent replace the value every so many days.",
                    ),
                ),
                advice=dict.fromkeys(
                    ("value", "secret", "secret_string", "password", "token"),
                    "a secret's value never stands in a configuration; it is entered after deploying",
                ),
            ),
            access=("read",),
            can_trigger=False,
        ),
    )
}


def variable_name(resource_name: str, resource_type: str) -> str | None:
    """The environment variable that tells an agent where a resource is: `tickets`, `dynamodb` -> `TICKETS_TABLE`.

    None for `AWS::...` types, which have no single address.
    """
    kind = RESOURCE_TYPES.get(resource_type)
    return f"{resource_name.upper().replace('-', '_')}_{kind.variable}" if kind else None


def secret_variable_name(environment_name: str) -> str:
    """The environment variable with the ARN of a secret: `CRM_TOKEN` -> `CRM_TOKEN_SECRET_ARN`."""
    return f"{environment_name}_{RESOURCE_TYPES['secret'].variable}"
